"""Capacitated lot-sizing files as instances of `solvers.lotsizing`."""

from __future__ import annotations

import numpy as np

from benchmarks.instances.clsp import ClspData
from solvers.lotsizing.instance import LotSizingInstance


def clsp_instance(data: ClspData) -> LotSizingInstance:
    """Return the instance of a file's data, without its unit cost, as in the published values."""
    return LotSizingInstance(
        demand=data.demand,
        setup_cost=data.setup_cost[:, None],
        holding_cost=data.holding[:, None],
        setup_time=data.setup_time[:, None],
        unit_time=data.use[:, None],
        capacity=np.full((1, data.periods), data.capacity),
    )
