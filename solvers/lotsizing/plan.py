"""A lot-sizing plan: what is made when, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats
from solvers.lotsizing.instance import LotSizingInstance


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LotSizingPlan:
    """``production`` (started in t), ``stock``, ``backlog`` (both at the end of t), ``lost`` float64 [N, T]; ``setup``
    bool [N, T]; ``overtime`` float64 [Q, T].
    """

    production: Floats
    setup: Bools
    stock: Floats
    backlog: Floats
    lost: Floats
    overtime: Floats

    def __post_init__(self) -> None:
        shape = self.production.shape
        for name in ("setup", "stock", "backlog", "lost"):
            if getattr(self, name).shape != shape:
                raise InvalidProgram(
                    f"{name} has shape {getattr(self, name).shape}, production {shape}; they must agree"
                )
        if self.overtime.ndim != 2 or self.overtime.shape[1] != shape[1]:
            raise InvalidProgram(f"overtime has shape {self.overtime.shape} but the plan has {shape[1]} periods")


def plan_of(
    instance: LotSizingInstance, production: Floats, setup: Bools, *, lost: Floats | None = None
) -> LotSizingPlan:
    """Return the cheapest plan with these lots, set-ups and lost sales (none where not given).

    Stock, backlog and overtime follow from them; where the lots serve too little, the stock comes out negative, which
    :mod:`solvers.lotsizing.verify` tells.
    """
    gone = np.zeros_like(instance.demand) if lost is None else lost
    owed = instance.demand - gone
    position = position_of(instance, production, gone)
    backlog = np.zeros_like(position)
    allowed = np.isfinite(instance.backlog_cost)
    # Only external demand may wait, so a later backlog may have to be owed from earlier on.
    for t in range(instance.periods - 2, -1, -1):
        needed = np.maximum(-position[:, t], backlog[:, t + 1] - owed[:, t + 1])
        backlog[:, t] = np.where(allowed, np.maximum(needed, 0.0), 0.0)
    used = instance.unit_time.T @ production + instance.setup_time.T @ setup
    return LotSizingPlan(
        production=production,
        setup=setup,
        stock=position + backlog,
        backlog=backlog,
        lost=gone,
        overtime=np.maximum(used - instance.capacity, 0.0),
    )


def position_of(instance: LotSizingInstance, production: Floats, lost: Floats) -> Floats:
    """Return stock less backlog at the end of every period, float64 [N, T]."""
    change = lost - instance.demand
    change += arrivals(instance, production)
    np.subtract.at(change, instance.bom_component, production[instance.bom_parent] * instance.bom_quantity[:, None])
    position: Floats = instance.initial_stock[:, None] + change.cumsum(axis=1)
    return position


def arrivals(instance: LotSizingInstance, production: Floats) -> Floats:
    """Return what arrives in every period, float64 [N, T]; lots that arrive after the horizon do not."""
    start = np.arange(instance.periods)[None, :] - instance.lead_time[:, None]
    taken = np.take_along_axis(production, np.maximum(start, 0), axis=1)
    return np.where(start >= 0, taken, 0.0)
