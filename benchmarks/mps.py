"""Read a mixed-integer program from an MPS file into arrays, so that any exported or published model can be measured.

Free format: names without spaces. Sections NAME, OBJSENSE, ROWS, COLUMNS, RHS, RANGES, BOUNDS and ENDATA. An integer
column without a bound is taken as 0 to 1, as HiGHS does. A minimisation becomes the maximisation of its negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from solvers.core.program import Program, SparseRows

_ROW_LIMITS = {"E": (0.0, 0.0), "L": (-np.inf, 0.0), "G": (0.0, np.inf)}


class MpsUnreadable(ValueError):
    """A line that is not MPS; the message names the file, the line and what was expected."""


@dataclass(slots=True)
class _Draft:
    maximise: bool = False
    objective_row: str | None = None
    ignored_rows: set[str] = field(default_factory=set)
    kinds: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    integer: list[bool] = field(default_factory=list)
    bounds: dict[int, list[float | None]] = field(default_factory=dict)
    cost: dict[int, float] = field(default_factory=dict)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    rhs: dict[int, float] = field(default_factory=dict)
    ranges: dict[int, float] = field(default_factory=dict)
    offset: float = 0.0
    in_integers: bool = False


def read_mps(path: Path) -> Program:
    """Return the program of an MPS file.

    Raises
    ------
    MpsUnreadable
        If a line does not fit its section or names an unknown row or column.
    """
    draft, section = _Draft(), ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("*"):
            continue
        if not line[0].isspace():
            section, words = words[0].upper(), words[1:]
            if section == "ENDATA":
                break
            if section == "NAME" or not words:
                continue
        try:
            _SECTIONS[section](draft, words)
        except (KeyError, IndexError, ValueError) as error:
            raise MpsUnreadable(f"{path.name}, line {number} ({section}): cannot read {line.strip()!r}") from error
    return _program(draft)


def _objsense(draft: _Draft, words: list[str]) -> None:
    draft.maximise = words[0].upper().startswith("MAX")


def _rows(draft: _Draft, words: list[str]) -> None:
    kind, name = words[0].upper(), words[1]
    if kind == "N":
        if draft.objective_row is None:
            draft.objective_row = name
        else:
            draft.ignored_rows.add(name)
        return
    if kind not in _ROW_LIMITS:
        raise ValueError(kind)
    draft.rows[name] = len(draft.kinds)
    draft.kinds.append(kind)


def _columns(draft: _Draft, words: list[str]) -> None:
    if len(words) >= 3 and words[1].strip("'") == "MARKER":
        draft.in_integers = words[2].strip("'") == "INTORG"
        return
    column = draft.columns.setdefault(words[0], len(draft.columns))
    if column == len(draft.integer):
        draft.integer.append(draft.in_integers)
    for row, value in _pairs(words[1:]):
        if row == draft.objective_row:
            draft.cost[column] = draft.cost.get(column, 0.0) + value
        elif row not in draft.ignored_rows:
            draft.entries.append((draft.rows[row], column, value))


def _rhs(draft: _Draft, words: list[str]) -> None:
    for row, value in _pairs(words[len(words) % 2 :]):
        if row == draft.objective_row:
            draft.offset = -value
        elif row not in draft.ignored_rows:
            draft.rhs[draft.rows[row]] = value


def _range(draft: _Draft, words: list[str]) -> None:
    for row, value in _pairs(words[len(words) % 2 :]):
        draft.ranges[draft.rows[row]] = value


def _bound(draft: _Draft, words: list[str]) -> None:
    kind = words[0].upper()
    free = kind in {"FR", "MI", "PL", "BV"}
    # The name of the bound set may be left out.
    column = draft.columns[words[1] if len(words) == (2 if free else 3) else words[2]]
    value = 0.0 if free else float(words[-1])
    lower, upper = {
        "UP": (None, value),
        "UI": (None, value),
        "LO": (value, None),
        "LI": (value, None),
        "FX": (value, value),
        "FR": (-np.inf, np.inf),
        "MI": (-np.inf, None),
        "PL": (None, np.inf),
        "BV": (0.0, 1.0),
    }[kind]
    known = draft.bounds.setdefault(column, [None, None])
    if lower is not None:
        known[0] = lower
    if upper is not None:
        known[1] = upper
    if kind in {"BV", "LI", "UI"}:
        draft.integer[column] = True


_SECTIONS = {
    "OBJSENSE": _objsense,
    "ROWS": _rows,
    "COLUMNS": _columns,
    "RHS": _rhs,
    "RANGES": _range,
    "BOUNDS": _bound,
}


def _pairs(words: list[str]) -> Iterator[tuple[str, float]]:
    return ((name, float(value)) for name, value in zip(words[::2], words[1::2], strict=True))


def _program(draft: _Draft) -> Program:
    n, sign = len(draft.columns), 1.0 if draft.maximise else -1.0
    objective = np.zeros(n)
    for column, value in draft.cost.items():
        objective[column] = sign * value
    integer = np.array(draft.integer, dtype=np.bool_)
    lower, upper = np.zeros(n), np.where(integer, 1.0, np.inf)
    for column, (low, high) in draft.bounds.items():
        lower[column] = 0.0 if low is None else low
        upper[column] = np.inf if high is None else high
        if low is None and high is not None and high < 0:
            lower[column] = -np.inf
    row_lower, row_upper = _row_limits(draft)
    row, column_of, value_of = zip(*draft.entries, strict=True) if draft.entries else ((), (), ())
    return Program(
        objective=objective,
        lower=lower,
        upper=upper,
        integer=integer,
        rows=SparseRows.from_triplets(row, column_of, value_of, len(draft.kinds), n),
        row_lower=row_lower,
        row_upper=row_upper,
        offset=sign * draft.offset,
    )


def _row_limits(draft: _Draft) -> tuple[np.ndarray, np.ndarray]:
    limits = np.array([_ROW_LIMITS[kind] for kind in draft.kinds]).reshape(-1, 2)
    rhs = np.zeros(len(draft.kinds))
    rhs[list(draft.rhs)] = list(draft.rhs.values())
    limits += rhs[:, None]
    for row, width in draft.ranges.items():
        kind = draft.kinds[row]
        if kind == "L" or (kind == "E" and width < 0):
            limits[row, 0] = rhs[row] - abs(width)
        else:
            limits[row, 1] = rhs[row] + abs(width)
    return limits[:, 0].copy(), limits[:, 1].copy()
