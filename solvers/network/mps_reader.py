"""Mixed-integer programs from MPS files (free format, also ``.gz``), so that exported and published models can be used.

An integer column without a bound is taken as 0 to 1, as HiGHS does. The data keep the file's own sense; the program for
a solver maximises, so that a minimisation becomes the maximisation of its negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solvers.core.errors import InstanceUnreadable
from solvers.core.program import Bools, Floats, Ints, Program, SparseRows
from solvers.core.text_file import read_text
from solvers.network.mps_sections import SECTIONS, Draft


class MpsUnreadable(InstanceUnreadable):
    """A line that is not MPS; the message names the file, the line and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MpsData:
    """A model as its file gives it: m rows, n columns, entries as triplets in the order of the file.

    ``cost``, ``lower``, ``upper``, ``integer`` have shape (n,), ``row_lower``, ``row_upper`` (m,), infinite where there
    is no limit; ``entry_row``, ``entry_column`` and ``entry_value`` have one element per entry.
    """

    maximise: bool
    cost: Floats
    offset: float
    column_names: tuple[str, ...]
    lower: Floats
    upper: Floats
    integer: Bools
    row_names: tuple[str, ...]
    row_lower: Floats
    row_upper: Floats
    entry_row: Ints
    entry_column: Ints
    entry_value: Floats

    def program(self) -> Program:
        """Return the program to maximise."""
        sign = 1.0 if self.maximise else -1.0
        return Program(
            objective=sign * self.cost,
            lower=self.lower,
            upper=self.upper,
            integer=self.integer,
            rows=SparseRows.from_triplets(
                self.entry_row, self.entry_column, self.entry_value, len(self.row_names), len(self.column_names)
            ),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
            offset=sign * self.offset,
        )


def read_mps(path: Path) -> Program:
    """Return the program of an MPS file, to be maximised; see `read_mps_data` for errors."""
    return read_mps_data(path).program()


def read_mps_data(path: Path) -> MpsData:
    """Return the model of an MPS file as it stands there.

    Raises
    ------
    MpsUnreadable
        If a line does not fit its section, names an unknown row or column, or the file ends too early.
    InstanceUnreadable
        If the file is absent, damaged or not text.
    """
    draft, section = Draft(), ""
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("*"):
            continue
        if not line[0].isspace():
            section, words = words[0].upper(), words[1:]
            if section == "ENDATA":
                return _data(draft)
            if section == "NAME" or not words:
                continue
        try:
            SECTIONS[section](draft, words)
        except (KeyError, IndexError, ValueError) as error:
            raise MpsUnreadable(
                f"{path.name}, line {number} ({section or 'before any section'}): cannot read {line.strip()[:80]!r}; "
                "correct this line (free MPS, names without spaces), or write the model again"
            ) from error
    raise MpsUnreadable(f"{path.name}, last line: no ENDATA; the file may be cut off: fetch or write it again")


def _data(draft: Draft) -> MpsData:
    n = len(draft.columns)
    cost = np.zeros(n)
    cost[list(draft.cost)] = list(draft.cost.values())
    integer = np.array(draft.integer, dtype=np.bool_)
    lower, upper = np.zeros(n), np.where(integer, 1.0, np.inf)
    for column, (low, high) in draft.bounds.items():
        lower[column] = 0.0 if low is None else low
        upper[column] = np.inf if high is None else high
        if low is None and high is not None and high < 0:
            lower[column] = -np.inf
    row_lower, row_upper = _row_limits(draft)
    row, column_of, value_of = zip(*draft.entries, strict=True) if draft.entries else ((), (), ())
    return MpsData(
        maximise=draft.maximise,
        cost=cost,
        offset=draft.offset,
        column_names=tuple(draft.columns),
        lower=lower,
        upper=upper,
        integer=integer,
        row_names=tuple(draft.rows),
        row_lower=row_lower,
        row_upper=row_upper,
        entry_row=np.array(row, dtype=np.int32),
        entry_column=np.array(column_of, dtype=np.int32),
        entry_value=np.array(value_of, dtype=np.float64),
    )


def _row_limits(draft: Draft) -> tuple[Floats, Floats]:
    kinds = np.array(draft.kinds, dtype="U1")
    rhs = np.zeros(len(kinds))
    rhs[list(draft.rhs)] = list(draft.rhs.values())
    lower, upper = np.where(kinds == "L", -np.inf, rhs), np.where(kinds == "G", np.inf, rhs)
    for row, width in draft.ranges.items():
        if draft.kinds[row] == "L" or (draft.kinds[row] == "E" and width < 0):
            lower[row] = rhs[row] - abs(width)
        else:
            upper[row] = rhs[row] + abs(width)
    return lower, upper
