"""Small programs for tests of the mathematics: by hand, random with whole numbers, and their exact bounds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from solvers.core.program import Floats, Program, SparseRows
from solvers.network.block import BlockBuilder, Labels, Links

INF = np.inf
Bounds = Sequence[tuple[float, float]]


def program(
    objective: Sequence[float],
    rows: Sequence[Sequence[float]],
    row_bounds: Bounds,
    *,
    bounds: Bounds | None = None,
    integer: Sequence[bool] | None = None,
    offset: float = 0.0,
) -> Program:
    """Build a program from dense rows; columns lie in 0..10 unless told."""
    n = len(objective)
    dense = np.array(rows, dtype=float).reshape(len(rows), n)
    i, j = np.nonzero(dense)
    low, high = np.array(bounds or [(0.0, 10.0)] * n, dtype=float).T
    row_low, row_high = np.array(row_bounds, dtype=float).reshape(len(rows), 2).T
    return Program(
        objective=np.array(objective, dtype=float),
        lower=low.copy(),
        upper=high.copy(),
        integer=np.array(integer or [False] * n, dtype=bool),
        rows=SparseRows.from_triplets(i, j, dense[i, j], len(rows), n),
        row_lower=row_low.copy(),
        row_upper=row_high.copy(),
        offset=offset,
    )


def dense(matrix: SparseRows) -> Floats:
    """Return a sparse matrix in full."""
    full = np.zeros((matrix.rows, matrix.columns))
    full[matrix.row_of_entry(), matrix.index] = matrix.value
    return full


def random_program(draw: random.Random, *, columns: int = 4, rows: int = 3) -> Program:
    """Draw a feasible program: its rows hold at a drawn point of the box."""
    box = [(float(draw.randint(-2, 0)), float(draw.randint(1, 4))) for _ in range(columns)]
    inside = [draw.uniform(low, high) for low, high in box]
    coefficients = [[float(draw.randint(-3, 3)) for _ in range(columns)] for _ in range(rows)]
    limits = []
    for row in coefficients:
        at = sum(a * x for a, x in zip(row, inside, strict=True))
        sides = draw.choice(((True, False), (False, True), (True, True)))
        low, high = float(np.floor(at)) - draw.choice((0, 0, 1)), float(np.ceil(at)) + draw.choice((0, 0, 1))
        limits.append((low if sides[0] else -INF, high if sides[1] else INF))
    objective = [float(draw.randint(-5, 5)) for _ in range(columns)]
    return program(objective, coefficients, limits, bounds=box, offset=float(draw.randint(-3, 3)))


def exact_bound(given: Program, y: Floats) -> Fraction:
    """Return the weak-duality bound in rational arithmetic; every datum counts as the double it is."""
    return exact_priced_bound(given, y, ())


def exact_priced_bound(given: Program, y: Floats, priced: Sequence[tuple[SparseRows, Floats]]) -> Fraction:
    """Return the same with prices of further rows (matrix, prices), whose own bounds are not counted."""
    total = Fraction(given.offset) + exact_rows(y, given.row_lower, given.row_upper)
    reduced = [Fraction(cost) for cost in given.objective.tolist()]
    for matrix, prices in ((given.rows, y), *priced):
        for i, j, a in zip(matrix.row_of_entry().tolist(), matrix.index.tolist(), matrix.value.tolist(), strict=True):
            reduced[j] -= Fraction(a) * Fraction(float(prices[i]))
    for d, low, high in zip(reduced, given.lower.tolist(), given.upper.tolist(), strict=True):
        if d:
            total += d * Fraction(high if d > 0 else low)
    return total


def exact_rows(y: Floats, lower: Floats, upper: Floats) -> Fraction:
    """Return multipliers times the bounds of rows they ask for, in rational arithmetic."""
    asked = (
        (price, high if price > 0 else low)
        for price, low, high in zip(*(v.tolist() for v in (y, lower, upper)), strict=True)
        if price
    )
    return sum((Fraction(price) * Fraction(side) for price, side in asked), Fraction(0))


def links(bounds: Bounds, kind: str = "link") -> Links:
    """Return linking rows named 0, 1, …"""
    low, high = np.array(bounds, dtype=float).reshape(len(bounds), 2).T
    names = tuple(str(i) for i in range(len(bounds)))
    return Links(
        Labels(tuple(kind for _ in bounds), names, np.zeros(len(bounds), dtype=np.int32)), low.copy(), high.copy()
    )


def builder(name: str = "block") -> BlockBuilder:
    """Return an empty builder."""
    return BlockBuilder(name)
