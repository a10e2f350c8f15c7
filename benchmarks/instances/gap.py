"""Generalised assignment: every job to one agent at least cost, within the agents' capacities.

File: ``m n``, cost m×n, use m×n, capacity m (numbers by agent, wrapped over lines at will).
Source of the format: OR-Library (Beasley); types A to E of Chu and Beasley, and of Yagiura, Ibaraki and Glover.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.claims import Checked, checked_point
from benchmarks.instances.numbers import Numbers
from solvers.core.program import Floats, Program, SparseRows

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GapData:
    """One instance: ``cost`` and ``use`` of shape (m agents, n jobs), ``capacity`` (m,), float64, none negative."""

    cost: Floats
    use: Floats
    capacity: Floats

    def __post_init__(self) -> None:
        if self.cost.ndim != 2 or self.use.shape != self.cost.shape or self.capacity.shape != self.cost.shape[:1]:
            raise ValueError(
                f"cost {self.cost.shape}, use {self.use.shape} and capacity {self.capacity.shape} do not fit together"
            )


def read_gap(path: Path) -> GapData:
    """Return the instance of a file.

    Raises
    ------
    InstanceUnreadable
        If the file is absent, cut off, or holds a word that does not fit its place.
    """
    numbers = Numbers.of_file(path)
    m, n = numbers.count("the number of agents"), numbers.count("the number of jobs")
    cost = numbers.not_negative(m * n, "cost").reshape(m, n)
    use = numbers.not_negative(m * n, "capacity used").reshape(m, n)
    capacity = numbers.not_negative(m, "capacity of agent")
    numbers.end()
    return GapData(cost=cost, use=use, capacity=capacity)


def gap_program(data: GapData) -> Program:
    """Return the program ``max -Σ c_ij x_ij``.

    Columns x_ij ∈ {0, 1} at ``i·n + j``: agent i does job j. Rows: n jobs, ``Σ_i x_ij = 1``; then m agents,
    ``Σ_j a_ij x_ij ≤ b_i``.
    """
    m, n = data.cost.shape
    columns = np.arange(m * n)
    agent, job = np.divmod(columns, n)
    used = data.use.ravel() != 0
    return Program(
        objective=-data.cost.ravel(),
        lower=np.zeros(m * n),
        upper=np.ones(m * n),
        integer=np.ones(m * n, dtype=np.bool_),
        rows=SparseRows.from_triplets(
            np.concatenate((job, n + agent[used])),
            np.concatenate((columns, columns[used])),
            np.concatenate((np.ones(m * n), data.use.ravel()[used])),
            n + m,
            m * n,
        ),
        row_lower=np.concatenate((np.ones(n), np.full(m, -np.inf))),
        row_upper=np.concatenate((np.ones(n), data.capacity)),
    )


def check_gap(data: GapData, x: Floats) -> Checked:
    """Return value and violated constraints of a point of shape (m·n,) or (m, n), from the instance itself.

    Entries are rounded to whole numbers first; how far they were from whole counts as a violation.

    Raises
    ------
    ValueError
        If the point is of another size.
    """
    m, n = data.cost.shape
    point, broken = checked_point(x, m * n, upper=1.0)
    assigned = point.reshape(m, n)
    times = assigned.sum(axis=0)
    broken += [(abs(t - 1.0), f"job {j + 1} is assigned {t:g} times") for j, t in enumerate(times) if t != 1]
    load = (data.use * assigned).sum(axis=1)
    broken += [
        (float(load[i] - data.capacity[i]), f"agent {i + 1} uses {load[i]:g} of {data.capacity[i]:g}")
        for i in np.flatnonzero(load > data.capacity)
    ]
    return Checked.of(value=math.fsum((data.cost * assigned).ravel()), broken=broken)


def gap_capacity_bound(data: GapData, price: Floats) -> float:
    """Return a lower bound from prices per capacity unit (m,), rounded outward.

    ``Σ_j min_i (c_ij + λ_i a_ij) − Σ_i λ_i b_i``, λ = max(price, 0): at best the value of the linear relaxation.
    """
    rate = np.maximum(price, 0.0)
    charged = data.cost + rate[:, None] * data.use
    # Two roundings per term, none negative; the total is summed exactly.
    terms = [*(charged * (1 - 4 * _UNIT)).min(axis=0), *(-(rate * data.capacity) * (1 + 4 * _UNIT))]
    return math.nextafter(math.fsum(terms), -math.inf)


def gap_job_bound(data: GapData, price: Floats) -> float:
    """Return a lower bound from prices per job (n,), rounded outward: one knapsack per agent, solved exactly.

    ``Σ_j p_j − Σ_i max{Σ_j (p_j − c_ij) y_j : Σ_j a_ij y_j ≤ b_i, y ∈ {0,1}ⁿ}``: at least as good as the linear one.

    Raises
    ------
    ValueError
        If uses or capacities are not whole numbers.
    """
    if np.any(data.use != np.rint(data.use)) or np.any(data.capacity != np.rint(data.capacity)):
        raise ValueError("the bound from job prices needs whole uses and capacities; use capacity prices")
    terms = [float(p) for p in price]
    for cost, use, capacity in zip(data.cost, data.use.astype(np.int64), data.capacity.astype(np.int64), strict=True):
        profit = price - cost
        worth = np.flatnonzero((profit > 0) & (use <= capacity))
        best = np.zeros(capacity + 1)
        for j in worth:
            best[use[j] :] = np.maximum(best[use[j] :], best[: capacity + 1 - use[j]] + profit[j])
        roundings = len(worth) + 2
        error = roundings * 2 * _UNIT * float((np.abs(price[worth]) + cost[worth]).sum())
        terms += [-float(best[-1]), -error]
    return math.nextafter(math.fsum(terms), -math.inf)
