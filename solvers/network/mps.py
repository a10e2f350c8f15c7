"""A program as MPS text in free format, for any other solver.

Written as a minimisation of ``−(c·x + offset)``, since not every reader knows OBJSENSE. Every bound is stated, since
readers differ in what they assume, and numbers are the shortest that read back as the same float64. The constant
stands, negated, as the right-hand side of the objective row, as CPLEX, Gurobi and HiGHS read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Program

OBJECTIVE = "minus-value"
"""The name of the objective row."""


@dataclass(frozen=True, slots=True, eq=False)
class MpsNames:
    """The program's name and unique names, without blanks, of all its rows and columns."""

    program: str
    rows: Sequence[str]
    columns: Sequence[str]

    def __post_init__(self) -> None:
        for names in ([self.program], self.rows, self.columns):
            wrong = next((name for name in names if not name or any(c.isspace() for c in name)), None)
            if wrong is not None:
                raise InvalidProgram(f"{wrong!r} cannot be a name in free MPS; names are not empty and hold no blanks")
        if len(set(self.rows) | {OBJECTIVE}) != len(self.rows) + 1 or len(set(self.columns)) != len(self.columns):
            raise InvalidProgram(f"names of rows and of columns must differ from each other and from {OBJECTIVE!r}")


def mps_lines(program: Program, names: MpsNames, comments: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of the file, without line ends; ``comments`` stand first.

    Raises
    ------
    InvalidProgram
        If there are not as many names as rows and columns.
    """
    if (len(names.rows), len(names.columns)) != (program.rows.rows, program.columns):
        raise InvalidProgram(f"{program.rows.rows} rows and {program.columns} columns need as many names")
    yield from (f"* {line}" for comment in comments for line in comment.splitlines())
    yield f"NAME {names.program}"
    yield from _rows(program, names)
    yield from _columns(program, names)
    yield from _right_hand_sides(program, names)
    yield from _bounds(program, names)
    yield "ENDATA"


def _rows(program: Program, names: MpsNames) -> Iterator[str]:
    yield "ROWS"
    yield f" N {OBJECTIVE}"
    for name, low, high in zip(names.rows, program.row_lower.tolist(), program.row_upper.tolist(), strict=True):
        yield f" {_sense(low, high)} {name}"


def _sense(low: float, high: float) -> str:
    if low == high:
        return "E"
    if np.isinf(high):
        return "N" if np.isinf(low) else "G"
    return "L"


def _columns(program: Program, names: MpsNames) -> Iterator[str]:
    rows = program.rows
    order = np.argsort(rows.index, kind="stable")
    row, value = rows.row_of_entry()[order].tolist(), rows.value[order].tolist()
    start = np.concatenate([[0], np.cumsum(np.bincount(rows.index, minlength=rows.columns))]).tolist()
    cost, integer = (-program.objective).tolist(), program.integer.tolist()
    yield "COLUMNS"
    inside = False
    for j, (first, last) in enumerate(pairwise(start)):
        if integer[j] != inside:
            inside = integer[j]
            yield f" M{j} 'MARKER' 'INT{'ORG' if inside else 'END'}'"
        name = names.columns[j]
        # A column without any entry exists only if it is named here.
        if cost[j] != 0 or first == last:
            yield f" {name} {OBJECTIVE} {cost[j] + 0.0!r}"
        for entry in range(first, last):
            yield f" {name} {names.rows[row[entry]]} {value[entry]!r}"
    if inside:
        yield f" M{rows.columns} 'MARKER' 'INTEND'"


def _right_hand_sides(program: Program, names: MpsNames) -> Iterator[str]:
    sides = list(zip(names.rows, program.row_lower.tolist(), program.row_upper.tolist(), strict=True))
    yield "RHS"
    if program.offset != 0:
        yield f" RHS {OBJECTIVE} {float(program.offset)!r}"
    for name, low, high in sides:
        side = {"E": low, "G": low, "L": high, "N": 0.0}[_sense(low, high)]
        if side != 0:
            yield f" RHS {name} {side!r}"
    yield "RANGES"
    for name, low, high in sides:
        if low != high and np.isfinite(low) and np.isfinite(high):
            yield f" RANGE {name} {high - low!r}"


def _bounds(program: Program, names: MpsNames) -> Iterator[str]:
    yield "BOUNDS"
    for name, low, high in zip(names.columns, program.lower.tolist(), program.upper.tolist(), strict=True):
        if low == high:
            yield f" FX BOUND {name} {low!r}"
            continue
        if np.isinf(low) and np.isinf(high):
            yield f" FR BOUND {name}"
            continue
        yield f" MI BOUND {name}" if np.isinf(low) else f" LO BOUND {name} {low!r}"
        yield f" PL BOUND {name}" if np.isinf(high) else f" UP BOUND {name} {high!r}"
