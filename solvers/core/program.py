"""Linear and mixed-integer programs as arrays.

A :class:`Program` is ``max c·x + offset  s.t.  row_lower ≤ A·x ≤ row_upper,  lower ≤ x ≤ upper,  x_j ∈ ℤ`` for the
columns marked integer. Infinite bounds are ``±numpy.inf``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.core.errors import InvalidProgram

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """Rows in compressed form: row ``i`` has entries ``start[i]:start[i+1]`` of ``index`` (columns) and ``value``.

    ``start`` is int32 of shape (rows + 1,), ``index`` int32 and ``value`` float64 of shape (entries,); ``columns`` is
    the number of columns. Entries of a row are in ascending column order without repetition.
    """

    start: Ints
    index: Ints
    value: Floats
    columns: int

    def __post_init__(self) -> None:
        if len(self.index) != len(self.value) or int(self.start[-1]) != len(self.index):
            raise InvalidProgram("sparse rows need one value per index, and start must end at their number")
        finite("the matrix", self.value)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.start) - 1

    @staticmethod
    def from_triplets(
        row: npt.ArrayLike, column: npt.ArrayLike, value: npt.ArrayLike, rows: int, columns: int
    ) -> SparseRows:
        """Build from (row, column, value) triplets in any order; repeated entries add up in their given order."""
        i = np.asarray(row, dtype=np.int64)
        j = np.asarray(column, dtype=np.int64)
        v = np.asarray(value, dtype=np.float64)
        key = i * columns + j
        order = np.argsort(key, kind="stable")
        key, v = key[order], v[order]
        first = np.ones(len(key), dtype=bool)
        first[1:] = key[1:] != key[:-1]
        summed = np.add.reduceat(v, np.flatnonzero(first)) if len(v) else v
        unique = key[first]
        counts = (
            np.bincount(unique // max(columns, 1), minlength=rows) if len(unique) else np.zeros(rows, dtype=np.int64)
        )
        start = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return SparseRows(start, (unique % max(columns, 1)).astype(np.int32), summed, columns)

    def row_of_entry(self) -> Ints:
        """Return the row number of every entry, int32 of shape (entries,)."""
        return np.repeat(np.arange(self.rows, dtype=np.int32), np.diff(self.start))

    def with_values(self, rows: Ints, columns: Ints, values: Floats) -> SparseRows:
        """Return the same places with other values at (row, column).

        Raises
        ------
        InvalidProgram
            If there is no entry at one of the places; names it.
        """
        key = self.row_of_entry().astype(np.int64) * self.columns + self.index
        wanted = np.asarray(rows, dtype=np.int64) * self.columns + columns
        place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
        absent = np.flatnonzero(key[place] != wanted) if len(key) else np.arange(len(wanted))
        if len(absent):
            k = int(absent[0])
            raise InvalidProgram(
                f"row {rows[k]} has no entry in column {columns[k]}; load a new program, or give the place a 0 at first"
            )
        value = self.value.copy()
        value[place] = values
        return SparseRows(self.start, self.index, value, self.columns)

    def times(self, x: Floats) -> Floats:
        """Return ``A·x``, float64 of shape (rows,)."""
        product: Floats = np.bincount(self.row_of_entry(), self.value * x[self.index], minlength=self.rows).astype(
            float
        )
        return product

    def transposed_times(self, y: Floats) -> Floats:
        """Return ``Aᵀ·y``, float64 of shape (columns,)."""
        product: Floats = np.bincount(self.index, self.value * y[self.row_of_entry()], minlength=self.columns).astype(
            float
        )
        return product


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A program to maximise; see the module's text. All vectors are float64, ``integer`` is bool."""

    objective: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    rows: SparseRows
    row_lower: Floats
    row_upper: Floats
    offset: float = 0.0

    def __post_init__(self) -> None:
        n, m = len(self.objective), self.rows.rows
        if not (len(self.lower) == len(self.upper) == len(self.integer) == self.rows.columns == n):
            raise InvalidProgram(f"a program of {n} columns needs bounds, integrality and a matrix of {n} columns")
        if not len(self.row_lower) == len(self.row_upper) == m:
            raise InvalidProgram(f"a program of {m} rows needs {m} row bounds")
        for name in ("objective", "lower", "upper", "row_lower", "row_upper"):
            numbers(name, getattr(self, name))
        finite("objective", self.objective)
        finite("offset", np.array([self.offset]))

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.objective)


def appended(program: Program, objective: Floats, lower: Floats, upper: Floats, entries: SparseRows) -> Program:
    """Return the program with continuous columns appended; ``entries`` has one row per new column."""
    rows, width = program.rows, program.columns + entries.rows
    return Program(
        objective=np.concatenate([program.objective, objective]),
        lower=np.concatenate([program.lower, lower]),
        upper=np.concatenate([program.upper, upper]),
        integer=np.concatenate([program.integer, np.zeros(entries.rows, dtype=np.bool_)]),
        rows=SparseRows.from_triplets(
            np.concatenate([rows.row_of_entry(), entries.index]),
            np.concatenate([rows.index, program.columns + entries.row_of_entry()]),
            np.concatenate([rows.value, entries.value]),
            rows.rows,
            width,
        ),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        offset=program.offset,
    )


def numbers(name: str, values: Floats) -> Floats:
    """Return the values; raises :class:`InvalidProgram` with the place where one is NaN."""
    bad = np.isnan(values)
    if bad.any():
        raise InvalidProgram(f"{name} holds NaN at {int(np.flatnonzero(bad)[0])}")
    return values


def finite(name: str, values: Floats) -> Floats:
    """Return the values; raises :class:`InvalidProgram` with the place where one is NaN or infinite."""
    bad = ~np.isfinite(values)
    if bad.any():
        raise InvalidProgram(f"{name} holds {values[bad][0]} at {int(np.flatnonzero(bad)[0])}; give a finite number")
    return values
