"""What is left of a joint program when some columns are held at their values.

Rows in which every column is held disappear, the others keep what the held columns leave of their bounds. What is left
is a joint program of its own, so that whatever plans with one plans with the other; a program small enough to be solved
often, whose solutions are solutions of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.core.program import Bools, Floats, Ints, Program, SparseRows
from solvers.network.assembly import Assembly
from solvers.network.block import Setups

_ROUNDING = 1e-6
_FORGIVEN, _FORGIVEN_SHARE = 5e-5, 5e-8
"""Half of what whoever verifies a plan lets a row be exceeded by (planning problem, Definitions: tolerance)."""


def rounding(activity: Floats) -> Floats:
    """Return by how much rows of this activity may be missed: what solvers round, and never what a verifier minds."""
    size = np.abs(activity)
    return np.asarray(np.minimum(_ROUNDING * np.maximum(1.0, size), _FORGIVEN + _FORGIVEN_SHARE * size))


@dataclass(frozen=True, slots=True, eq=False)
class Remainder:
    """``assembly`` in its own numbering; ``columns`` int32 are its columns' numbers in the whole.

    ``held`` float64 of shape (columns of the whole,) holds the values of the others.
    """

    assembly: Assembly
    columns: Ints
    held: Floats

    def restore(self, x: Floats) -> Floats:
        """Return a solution of what is left as one of the whole."""
        whole = self.held.copy()
        whole[self.columns] = x
        return whole

    def part(self, x: Floats) -> Floats:
        """Return the free columns of a vector of the whole."""
        return x[self.columns]


def hold(assembly: Assembly, x: Floats, free: Bools) -> Remainder:
    """Hold all columns but the ``free`` ones, bool of shape (columns,), at the values of ``x``.

    Set-ups stay pairs where both of their columns are free, choices where all of theirs are. A row that ``x`` misses by
    rounding keeps the room that ``x`` takes, so that the free part of ``x`` stays a solution.
    """
    program = assembly.program
    columns = np.flatnonzero(free).astype(np.int32)
    place = np.full(program.columns, -1, dtype=np.int32)
    place[columns] = np.arange(len(columns), dtype=np.int32)
    row_of, inside = program.rows.row_of_entry(), free[program.rows.index]
    kept = np.zeros(program.rows.rows, dtype=bool)
    kept[row_of[inside]] = True
    rows = np.flatnonzero(kept)
    number = np.cumsum(kept) - 1
    matrix = SparseRows.from_triplets(
        number[row_of[inside]],
        place[program.rows.index[inside]],
        program.rows.value[inside],
        len(rows),
        len(columns),
    )
    taken = _taken(program, np.where(free, 0.0, x))[rows]
    lower, upper = _room(program.row_lower[rows] - taken, program.row_upper[rows] - taken, matrix.times(x[columns]))
    left = Program(
        objective=program.objective[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        integer=program.integer[columns],
        rows=matrix,
        row_lower=lower,
        row_upper=upper,
        offset=program.offset + float(program.objective[~free] @ x[~free]),
    )
    return Remainder(_renumbered(assembly, left, free, kept, place=place), columns, x.copy())


def _taken(program: Program, held: Floats) -> Floats:
    return program.rows.times(held)


def _room(lower: Floats, upper: Floats, activity: Floats) -> tuple[Floats, Floats]:
    slack = rounding(activity)
    lower = np.where(lower - activity <= slack, np.minimum(lower, activity), lower)
    upper = np.where(activity - upper <= slack, np.maximum(upper, activity), upper)
    return lower, upper


def _renumbered(assembly: Assembly, left: Program, free: Bools, kept: Bools, *, place: Ints) -> Assembly:
    before_column = np.concatenate([[0], np.cumsum(free)])
    before_row = np.concatenate([[0], np.cumsum(kept)])
    setups = assembly.setups
    both = free[setups.setup] & free[setups.quantity]
    return replace(
        assembly,
        program=left,
        column_start=before_column[assembly.column_start].astype(np.int32),
        row_start=before_row[assembly.row_start].astype(np.int32),
        setups=Setups(place[setups.setup[both]], place[setups.quantity[both]], setups.most[both]),
        choices=tuple((name, place[group]) for name, group in assembly.choices if free[group].all()),
    )
