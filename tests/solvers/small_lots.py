"""Small random lot-sizing instances with every feature, for tests of formulations and heuristics."""

from __future__ import annotations

import numpy as np

from solvers.lotsizing.instance import LotSizingInstance


def random_lots(seed: int) -> LotSizingInstance:
    """Draw an instance of 1-4 items and 2-5 periods; each feature is there or not, some instances are infeasible."""
    draw = np.random.default_rng(seed)
    n, t, q = int(draw.integers(1, 5)), int(draw.integers(2, 6)), int(draw.integers(0, 3))
    order = draw.permutation(n)
    arcs = [(order[p], order[c]) for p in range(n) for c in range(p + 1, n) if draw.random() < 0.4]
    if draw.random() < 0.4:
        arcs = []

    def some(low: int, high: int, share: float, otherwise: float) -> np.ndarray:
        return np.where(draw.random(n) < share, draw.integers(low, high, n), otherwise).astype(float)

    def table(low: int, high: int, *shape: int) -> np.ndarray:
        return draw.integers(low, high, shape).astype(float)

    return LotSizingInstance(
        demand=np.where(draw.random((n, t)) < 0.7, table(0, 20, n, t), 0.0),
        setup_cost=table(0, 60, n, t),
        unit_cost=table(0, 4, n, t),
        holding_cost=table(0, 4, n, t),
        setup_time=table(0, 6, n, q),
        unit_time=table(0, 3, n, q),
        capacity=np.where(draw.random((q, t)) < 0.9, table(5, 80, q, t), np.inf),
        overtime_most=table(0, 40, q, t),
        overtime_cost=table(1, 9, q, t),
        lead_time=draw.integers(0, 2, n) * (draw.random(n) < 0.4),
        bom_parent=np.array([parent for parent, _ in arcs], dtype=np.int32),
        bom_component=np.array([component for _, component in arcs], dtype=np.int32),
        bom_quantity=table(1, 3, len(arcs)),
        initial_stock=some(0, 25, 0.5, 0.0),
        min_lot=some(1, 15, 0.3, 0.0),
        max_lot=some(15, 40, 0.3, np.inf),
        backlog_cost=some(1, 9, 0.5, np.inf),
        shortage_cost=some(5, 80, 0.5, np.inf),
    )


def plant(items: int, periods: int, seed: int) -> LotSizingInstance:
    """Draw a one-level plant with two resources, overtime and dear lost sales: every set of set-ups has a plan."""
    draw = np.random.default_rng(seed)
    demand = np.rint(draw.uniform(20, 100, (items, periods)))
    load = demand.sum() / periods / 2
    return LotSizingInstance(
        demand=demand,
        setup_cost=np.rint(draw.uniform(50, 400, (items, 1))),
        holding_cost=np.rint(draw.uniform(1, 4, (items, 1))),
        setup_time=np.where(np.arange(items)[:, None] % 2 == np.arange(2), 10.0, 0.0),
        unit_time=np.where(np.arange(items)[:, None] % 2 == np.arange(2), 1.0, 0.0),
        capacity=np.full((2, periods), np.rint(load * 1.2)),
        overtime_most=np.full((2, periods), np.rint(load * 0.3)),
        overtime_cost=np.full((2, periods), 5.0),
        shortage_cost=np.full(items, 500.0),
    )
