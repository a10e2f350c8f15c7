"""Programs the conformance suite asks of every backend, and what is recomputed of their answers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from solvers.backends.registry import BACKEND_NAMES, backend
from solvers.core.backend import Backend
from solvers.core.program import Floats, Ints, Program, SparseRows

INF = np.inf
_CAPABLE = {name: backend(name).capabilities for name in BACKEND_NAMES}
LINEAR = tuple(name for name, can in _CAPABLE.items() if can.continuous)
WHOLE = tuple(name for name, can in _CAPABLE.items() if can.integers)
MIXED = tuple(name for name, can in _CAPABLE.items() if can.integers and can.continuous)


def near(solver: Backend) -> float:
    """Tolerance of the backend's values."""
    return 1e-7 if solver.capabilities.exact else 1e-4


def program(
    objective: Sequence[float],
    rows: Sequence[Sequence[float]],
    row_bounds: Sequence[tuple[float, float]],
    *,
    bounds: Sequence[tuple[float, float]] | None = None,
    integer: bool = False,
    offset: float = 0.0,
) -> Program:
    """Build a small program from dense rows; columns are not negative unless told."""
    n = len(objective)
    dense = np.array(rows, dtype=float).reshape(len(rows), n)
    i, j = np.nonzero(dense)
    low, high = np.array(bounds or [(0.0, INF)] * n, dtype=float).reshape(n, 2).T
    row_low, row_high = np.array(row_bounds, dtype=float).reshape(len(rows), 2).T
    return Program(
        objective=np.array(objective, dtype=float),
        lower=low.copy(),
        upper=high.copy(),
        integer=np.full(n, integer),
        rows=SparseRows.from_triplets(i, j, dense[i, j], len(rows), n),
        row_lower=row_low.copy(),
        row_upper=row_high.copy(),
        offset=offset,
    )


def ints(*values: int) -> Ints:
    """Positions."""
    return np.array(values, dtype=np.int32)


def floats(*values: float) -> Floats:
    """Values."""
    return np.array(values, dtype=float)


TWO_ROWS = program([2.0, 1.0], [[1.0, 1.0], [0.0, 1.0]], [(-INF, 4.0), (1.0, INF)], offset=0.5)
KNAPSACK = program([5.0, 4.0, 3.0], [[2.0, 3.0, 1.0]], [(-INF, 5.0)], bounds=[(0.0, 1.0)] * 3, integer=True)


def hard_knapsacks(items: int = 60, rows: int = 8) -> Program:
    """A multidimensional knapsack that no solver closes at the root; its point 0 is feasible."""
    rng = np.random.default_rng(1)
    weight = rng.integers(10, 100, (rows, items)).astype(float)
    return program(
        (weight.mean(axis=0) + rng.integers(0, 10, items)).tolist(),
        weight.tolist(),
        [(-INF, float(b)) for b in weight.sum(axis=1) // 2],
        bounds=[(0.0, 1.0)] * items,
        integer=True,
    )


def drawn(seed: int, *, feasible: bool = True) -> Program:
    """Draw a small program of whole numbers: rows one-sided, ranged or equalities, some columns fixed or negative."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 5)), int(rng.integers(0, 4))
    low = rng.integers(-2, 2, n).astype(float)
    high = low + rng.integers(0, 4, n)
    dense = rng.integers(-3, 4, (m, n)).astype(float)
    activity = dense @ np.array([rng.integers(a, b + 1) for a, b in zip(low, high, strict=True)], dtype=float)
    if not feasible:
        activity += rng.integers(-8, 9, m)
    kind = rng.integers(0, 4, m)
    row_low = np.where(kind == 0, -INF, activity - rng.integers(0, 3, m) * (kind != 3))
    row_high = np.where(kind == 1, INF, activity + rng.integers(0, 3, m) * (kind != 3))
    return program(
        rng.integers(-4, 5, n).tolist(),
        dense.tolist(),
        list(zip(row_low.tolist(), row_high.tolist(), strict=True)),
        bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
        integer=True,
        offset=float(rng.integers(-3, 4)),
    )


def best_by_enumeration(source: Program) -> float | None:
    """Return the best value over all whole points of the box that meet the rows; None without one."""
    ranges = [range(int(a), int(b) + 1) for a, b in zip(source.lower, source.upper, strict=True)]
    points = (np.array(point, dtype=float) for point in itertools.product(*ranges))
    values = [float(source.objective @ x) + source.offset for x in points if violation(source, x) <= 0]
    return max(values, default=None)


def violation(source: Program, x: Floats) -> float:
    """Return the largest violation of bounds, rows and integrality at a point."""
    activity = source.rows.times(x)
    excess = [
        source.lower - x,
        x - source.upper,
        source.row_lower - activity,
        activity - source.row_upper,
        np.abs(x - np.rint(x))[source.integer],
    ]
    return max(float(part.max(initial=0.0)) for part in excess)


def lagrangian(source: Program, dual: Floats) -> float:
    """Return the bound that duals prove over the columns' boxes."""
    reduced = source.objective - source.rows.transposed_times(dual)
    dual = np.where(np.abs(dual) < 1e-9, 0.0, dual)
    reduced = np.where(np.abs(reduced) < 1e-9, 0.0, reduced)
    active = np.where(dual > 0, source.row_upper, source.row_lower)
    side = np.where(reduced > 0, source.upper, source.lower)
    paid = np.where(dual == 0, 0.0, dual * np.where(dual == 0, 0.0, active)).sum()
    return float(paid + np.where(reduced == 0, 0.0, reduced * np.where(reduced == 0, 0.0, side)).sum() + source.offset)
