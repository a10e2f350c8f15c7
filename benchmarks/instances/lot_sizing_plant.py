"""Generated lot-sizing instances of a plant: lines of 25 items each, a season, overtime and dear lost sales.

Every choice of set-ups has a plan, since demand may be lost at a price above any other.
"""

from __future__ import annotations

import numpy as np

from solvers.lotsizing.instance import LotSizingInstance

_ITEMS_PER_LINE = 25


def generated_plant(*, items: int, periods: int, seed: int, utilisation: float = 0.92) -> LotSizingInstance:
    """Return a plant in whole numbers.

    Item i is made on line ``i // 25``. Demand swings by a third with a season of its own per line, so lines build stock
    before their peak; stock at hand serves the first up to three periods. ``utilisation`` is the share of a line's
    regular time that its lots and a set-up every third period take. Raises ValueError where it is not within 0 and 1.
    """
    if not 0 < utilisation <= 1:
        raise ValueError(f"utilisation must be in (0, 1], got {utilisation}; tighter plants live on overtime alone")
    chance = np.random.default_rng(seed)
    line = np.arange(items) // _ITEMS_PER_LINE
    lines = int(line[-1]) + 1
    on_line = line[:, None] == np.arange(lines)[None, :]
    phase = chance.random(lines)[line, None]
    season = 1 + np.sin(2 * np.pi * (np.arange(periods)[None, :] / periods + phase)) / 3
    demand = np.rint(np.maximum(1.0, chance.normal(100, 25, (items, periods))) * season)
    holding = chance.integers(8, 13, (items, 1)) / 10
    setup_time = chance.integers(10, 40, items).astype(np.float64)
    covered = np.arange(periods)[None, :] < chance.integers(0, 4, (items, 1))
    load = on_line.T @ demand.sum(axis=1) / periods + on_line.T @ setup_time / 3
    capacity = np.rint(load / utilisation)[:, None]
    return LotSizingInstance(
        demand=demand,
        setup_cost=np.rint(holding * demand.mean(axis=1, keepdims=True) * 9 / 2),
        unit_cost=chance.integers(1, 5, (items, 1)).astype(np.float64),
        holding_cost=holding,
        setup_time=np.where(on_line, setup_time[:, None], 0.0),
        unit_time=on_line.astype(np.float64),
        capacity=capacity,
        overtime_most=np.rint(capacity * 0.25),
        overtime_cost=np.full((1, 1), 3.0),
        initial_stock=(demand * covered).sum(axis=1),
        shortage_cost=np.full(1, 200.0),
    )
