"""Where the column families of a lot-sizing program stand, and how rows are written from patterns of columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solvers.core.program import Bools, Floats, Ints, SparseRows

NONE = -1


@dataclass(slots=True)
class ColumnCounter:
    """Hands out column numbers family by family."""

    count: int = 0

    def family(self, present: Bools) -> Ints:
        """Return int32 of the shape of ``present``: ascending column numbers where True, ``NONE`` elsewhere."""
        number = np.full(present.shape, NONE, dtype=np.int32)
        found = int(np.count_nonzero(present))
        number[present] = np.arange(self.count, self.count + found, dtype=np.int32)
        self.count += found
        return number


@dataclass(slots=True)
class RowWriter:
    """Collects families of rows, each a rectangular pattern of columns with ``NONE`` where an entry is absent."""

    index: list[Ints] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    count: list[npt.NDArray[np.int64]] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    rows: int = 0

    def write(self, columns: Ints, values: Floats, lower: npt.ArrayLike, upper: npt.ArrayLike) -> Ints:
        """Add one row per line of ``columns`` [R, K], ascending along a line; return the row numbers, int32 [R]."""
        present = columns >= 0
        self.index.append(columns[present])
        self.value.append(np.broadcast_to(values, columns.shape)[present])
        self.count.append(np.count_nonzero(present, axis=1))
        made = len(columns)
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), (made,)))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), (made,)))
        first, self.rows = self.rows, self.rows + made
        return np.arange(first, self.rows, dtype=np.int32)

    def finish(self, columns: int) -> tuple[SparseRows, Floats, Floats]:
        """Return the rows with their lower and upper bounds."""
        start = np.zeros(self.rows + 1, dtype=np.int32)
        np.cumsum(np.concatenate([*self.count, np.zeros(0, dtype=np.int64)]), out=start[1:])
        index = np.concatenate([*self.index, np.zeros(0, dtype=np.int32)])
        value = np.concatenate([*self.value, np.zeros(0)])
        lower = np.concatenate([*self.lower, np.zeros(0)])
        upper = np.concatenate([*self.upper, np.zeros(0)])
        return SparseRows(start, index, value, columns), lower, upper
