"""A program without the columns that are fixed anyway: the same optimum in fewer columns and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.core.program import Bools, Floats, Ints, Program, SparseRows


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """The reduced ``program``, and where its columns and rows stand in the whole.

    ``columns`` and ``rows`` are int32 numbers in the whole; ``column_place`` and ``row_place`` are the numbers in the
    reduced program of all columns and rows of the whole, −1 where one was left out. ``fixed`` float64 holds the values
    of the columns left out, 0 elsewhere, ``shift`` what they add to every row of the whole.
    """

    program: Program
    columns: Ints
    rows: Ints
    column_place: Ints
    row_place: Ints
    fixed: Floats
    shift: Floats

    def whole_columns(self, x: Floats) -> Floats:
        """Return a solution of the reduced program as one of the whole."""
        whole = self.fixed.copy()
        whole[self.columns] = x
        return whole

    def whole_rows(self, y: Floats) -> Floats:
        """Return multipliers of the reduced program as those of the whole, 0 for rows left out."""
        whole = np.zeros(len(self.row_place))
        whole[self.rows] = y
        return whole


def without_fixed(program: Program, keep: Bools) -> Reduction:
    """Leave out columns whose bounds are equal, except those in ``keep`` (bool [columns]), and rows left empty.

    Whether rows left empty hold is for the caller to check at a solution of the whole.
    """
    fixed_columns = (program.lower == program.upper) & ~keep
    fixed = np.where(fixed_columns, program.lower, 0.0)
    shift = program.rows.times(fixed)
    row, free = program.rows.row_of_entry(), ~fixed_columns[program.rows.index]
    rows = np.unique(row[free]).astype(np.int32)
    columns = np.flatnonzero(~fixed_columns).astype(np.int32)
    column_place, row_place = _places(columns, program.columns), _places(rows, program.rows.rows)
    matrix = SparseRows.from_triplets(
        row_place[row[free]],
        column_place[program.rows.index[free]],
        program.rows.value[free],
        len(rows),
        len(columns),
    )
    reduced = replace(
        program,
        objective=program.objective[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        integer=program.integer[columns],
        rows=matrix,
        row_lower=(program.row_lower - shift)[rows],
        row_upper=(program.row_upper - shift)[rows],
        offset=program.offset + float(program.objective @ fixed),
    )
    return Reduction(reduced, columns, rows, column_place, row_place, fixed, shift)


def _places(kept: Ints, size: int) -> Ints:
    place = np.full(size, -1, dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    return place
