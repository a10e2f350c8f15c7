"""Rows, columns and coefficients of a program while it is being written down block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.incentives.rows import AmountRows


@dataclass(slots=True, eq=False)
class Draft:
    """A program being built: blocks of columns and rows are appended, entries name them by number."""

    objective: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    integer: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    columns: int = 0
    rows: int = 0

    def add_columns(
        self, objective: npt.ArrayLike, upper: npt.ArrayLike, *, lower: float = 0.0, integer: bool = False
    ) -> Ints:
        """Append columns from ``lower`` to ``upper``; return their numbers."""
        cost, top = np.broadcast_arrays(np.asarray(objective, dtype=float), np.asarray(upper, dtype=float))
        count = cost.size
        self.objective.append(cost.ravel())
        self.upper.append(top.ravel())
        self.lower.append(np.full(count, lower))
        self.integer.append(np.full(count, integer))
        self.columns += count
        return np.arange(self.columns - count, self.columns, dtype=np.int32).reshape(cost.shape)

    def add_rows(self, lower: npt.ArrayLike, upper: npt.ArrayLike) -> Ints:
        """Append rows with these bounds; return their numbers."""
        low, high = np.broadcast_arrays(np.asarray(lower, dtype=float), np.asarray(upper, dtype=float))
        self.row_lower.append(low.ravel())
        self.row_upper.append(high.ravel())
        self.rows += low.size
        return np.arange(self.rows - low.size, self.rows, dtype=np.int32).reshape(low.shape)

    def put(self, row: npt.ArrayLike, column: npt.ArrayLike, value: npt.ArrayLike) -> None:
        """Add coefficients; the three arguments broadcast against each other."""
        i, j, v = np.broadcast_arrays(
            np.asarray(row, dtype=np.int32), np.asarray(column, dtype=np.int32), np.asarray(value, dtype=float)
        )
        self.entries.append((i.ravel(), j.ravel(), v.ravel()))

    def add_amount_rows(self, rows: AmountRows, amount: Ints) -> None:
        """Append the rows over the columns ``amount`` [J], with columns for what soft rows fall short or exceed."""
        numbers = self.add_rows(rows.lower, rows.upper)
        k, j = np.nonzero(rows.member)
        self.put(numbers[k], amount[j], 1.0)
        for sign, bounded in ((1.0, np.isfinite(rows.lower)), (-1.0, np.isfinite(rows.upper))):
            soft = np.flatnonzero(bounded & np.isfinite(rows.penalty))
            self.put(numbers[soft], self.add_columns(-rows.penalty[soft], np.inf), sign)

    def program(self) -> Program:
        """Return the finished program."""
        row, column, value = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        return Program(
            objective=np.concatenate(self.objective),
            lower=np.concatenate(self.lower),
            upper=np.concatenate(self.upper),
            integer=np.concatenate(self.integer),
            rows=SparseRows.from_triplets(row, column, value, self.rows, self.columns),
            row_lower=np.concatenate(self.row_lower),
            row_upper=np.concatenate(self.row_upper),
        )
