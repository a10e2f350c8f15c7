"""Blocks that are 0-1 knapsacks, answered exactly by dynamic programming over the capacity.

A block is one where its program has a single row ``Σ_j w_j·x_j ≤ W`` with whole w ≥ 0 and all columns are binary. Cost
O(items · W) (Bellman 1957). Tables from both ends give the value of every item forced in or left out
(Martello and Toth 1990, Knapsack Problems, ch. 2), which tells what no better solution can contain.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.coordination.block_problem import Part
from solvers.coordination.proposal import Reply, proposal, rounding_error
from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats
from solvers.core.termination import UNLIMITED, Limits

MOST_CELLS = 20_000_000
"""Tables larger than this (items · capacity) are left to a solver."""


def is_knapsack(part: Part) -> bool:
    """Tell whether a block is a knapsack that this module answers."""
    program = part.program
    if program.rows.rows != 1 or not program.integer.all() or not program.columns:
        return False
    weights = program.rows.value
    binary = ((program.lower == 0) & ((program.upper == 1) | (program.upper == 0))).all()
    whole = (weights >= 0).all() and (weights == np.rint(weights)).all()
    bounded = program.row_lower[0] <= 0 <= program.row_upper[0] < np.inf
    return bool(binary and whole and bounded and program.columns * (program.row_upper[0] + 1) <= MOST_CELLS)


class KnapsackOracle:
    """Answers prices with the exact optimum; the bound is rounded outward."""

    def __init__(self, part: Part) -> None:
        if not is_knapsack(part):
            raise InvalidProgram(f"block {part.name} is no 0-1 knapsack with whole weights; let a backend solve it")
        self._part = part
        weights = np.zeros(part.program.columns)
        weights[part.program.rows.index] = part.program.rows.value
        self._capacity = int(np.floor(part.program.row_upper[0]))
        self._weights = weights.astype(np.int64)
        self._free = (part.program.upper == 1) & (self._weights <= self._capacity)

    def answer(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Reply:
        """Return the optimum at these prices; it needs no limits."""
        del limits
        profit = self._profit(prices)
        items = np.flatnonzero(self._free & (profit > 0))
        best, taken = np.zeros(self._capacity + 1), np.zeros((len(items), self._capacity + 1), dtype=np.bool_)
        for row, j in enumerate(items):
            weight = self._weights[j]
            with_it = best[: self._capacity + 1 - weight] + profit[j]
            taken[row, weight:] = with_it > best[weight:]
            np.maximum(best[weight:], with_it, out=best[weight:])
        x, left = np.zeros(len(profit)), self._capacity
        for row in range(len(items) - 1, -1, -1):
            if taken[row, left]:
                x[items[row]] = 1.0
                left -= int(self._weights[items[row]])
        part = self._part
        bound = float(best[-1]) + part.program.offset + rounding_error(part, prices)
        return Reply(prices, bound, (proposal(part, x),), work=1 + len(items))

    def forced(self, prices: Floats) -> Floats:
        """Return bounds on the block's value with each column at 0 and at 1, float64 of shape (columns, 2).

        −inf where a column cannot be 1.
        """
        profit, size = self._profit(prices), self._capacity + 1
        before = _tables(profit, self._weights, self._free, size)
        after = _tables(profit[::-1], self._weights[::-1], self._free[::-1], size)[::-1]
        value = np.full((len(profit), 2), -np.inf)
        for j, weight in enumerate(self._weights):
            rest = after[j + 1][::-1]
            value[j, 0] = (before[j] + rest).max()
            if self._free[j]:
                value[j, 1] = (before[j][: size - weight] + rest[weight:]).max() + profit[j]
        return value + self._part.program.offset + rounding_error(self._part, prices)

    def _profit(self, prices: Floats) -> Floats:
        reduced: Floats = self._part.program.objective - self._part.links.transposed_times(prices)
        return reduced


def _tables(profit: Floats, weights: npt.NDArray[np.int64], free: Bools, size: int) -> Floats:
    """Return the best value per capacity of the first 0, 1, … items, float64 of shape (items + 1, size)."""
    tables = np.zeros((len(profit) + 1, size))
    for j, weight in enumerate(weights):
        tables[j + 1] = tables[j]
        if free[j] and profit[j] > 0:
            np.maximum(tables[j][weight:], tables[j][: size - weight] + profit[j], out=tables[j + 1][weight:])
    return tables
