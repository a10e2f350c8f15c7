"""What must be made at least, and what is worth making at most: the numbers that make formulations tight.

All costs are at least 0, so some optimal plan wastes nothing beyond smallest lots; the bounds below hold for it (an
upper bound here may cut off wasteful plans, never all optimal ones). Exploded from parents to components along the
bill of materials, with lead times; initial stock serves the earliest requirements.

* ``net[i,t]``: units of i that must newly arrive to serve external demand of t (end items), or units that lots of i
  must have delivered by t in *every* plan (components: requirements of parents that may be late count at the last
  period, those that may be lost do not count).
* ``largest_lot[i,s]``: what no lot of such a plan exceeds: the remaining (echelon) demand, the capacity less the
  set-up, and the largest lot allowed.

Source: Pochet and Wolsey (2006), ch. 13 (echelon stock); netting level by level is the standard logic of MRP.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.program import Bools, Floats, Ints
from solvers.lotsizing.instance import LotSizingInstance


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Requirements:
    """``net`` and ``largest_lot``, float64 [N, T]; see the module's text."""

    net: Floats
    largest_lot: Floats


def requirements(instance: LotSizingInstance) -> Requirements:
    """Return the requirements of an instance."""
    return Requirements(net=_net(instance), largest_lot=largest_lot(instance))


def latest_start(instance: LotSizingInstance) -> Ints:
    """Return the number of periods in which a lot can start and still arrive, int64 [N] (0: none)."""
    return np.maximum(instance.periods - instance.lead_time, 0)


def _net(instance: LotSizingInstance) -> Floats:
    sure = instance.demand.copy()
    component = instance.is_component()
    late = np.isfinite(instance.backlog_cost)
    lost = np.isfinite(instance.shortage_cost)
    _postpone(sure, component & late)
    sure[component & lost] = 0.0
    for arcs in instance.levels():
        net = _after_stock(sure, instance.initial_stock)
        parent = instance.bom_parent[arcs]
        passed = net[parent]
        # A parent that is a component itself was settled above; an end item still stands with all its demand.
        _postpone(passed, late[parent] & ~component[parent])
        passed[lost[parent] & ~component[parent]] = 0.0
        passed = _earlier(passed, instance.lead_time[parent])
        np.add.at(sure, instance.bom_component[arcs], passed * instance.bom_quantity[arcs, None])
    return _after_stock(sure, instance.initial_stock)


def largest_lot(instance: LotSizingInstance) -> Floats:
    """Return what no lot of an optimal plan without waste exceeds, float64 [N, T]."""
    n, periods = instance.items, instance.periods
    # use[i, t]: at most so many units of i are of use for demand and lots from t on; column T is 0.
    use = np.zeros((n, periods + 1))
    use[:, :periods] = instance.demand[:, ::-1].cumsum(axis=1)[:, ::-1]
    late = np.isfinite(instance.backlog_cost)
    use[late, :periods] = use[late, :1]
    levels = (np.zeros(0, dtype=np.int32), *instance.levels())
    lot = np.zeros((n, periods))
    for arcs in levels:  # the first group is empty: it settles the items no lot uses
        parent = instance.bom_parent[arcs]
        # Lots of a parent may exceed their use by one smallest lot in all.
        made = lot[parent] + np.where(lot[parent] > 0, instance.min_lot[parent, None], 0.0)
        np.add.at(use[:, :periods], instance.bom_component[arcs], made * instance.bom_quantity[arcs, None])
        lot = _of_use(use, instance)
    lot = np.maximum(lot, np.where(lot > 0, instance.min_lot[:, None], 0.0))
    return np.minimum(lot, np.minimum(instance.max_lot[:, None], _capacity_of_a_lot(instance)))


def _of_use(use: Floats, instance: LotSizingInstance) -> Floats:
    """Return what all lots started from s on can be of use for, float64 [N, T]."""
    missing = np.maximum(use[:, :1] - instance.initial_stock[:, None], 0.0)
    at = np.arange(instance.periods)[None, :] + instance.lead_time[:, None]
    arriving = np.take_along_axis(use, np.minimum(at, instance.periods), axis=1)
    return np.minimum(arriving, missing)


def _capacity_of_a_lot(instance: LotSizingInstance) -> Floats:
    """Return the largest lot the resources allow beside its set-up, float64 [N, T]."""
    most = np.full((instance.items, instance.periods), np.inf)
    available = instance.capacity + instance.overtime_most
    for q in range(instance.resources):
        needs = instance.unit_time[:, q] > 0
        left = np.maximum(available[q][None, :] - instance.setup_time[needs, q][:, None], 0.0)
        most[needs] = np.minimum(most[needs], left / instance.unit_time[needs, q][:, None])
    return most


def _after_stock(needed: Floats, stock: Floats) -> Floats:
    """Return requirements less initial stock, which serves the earliest ones first."""
    total = np.maximum(needed.cumsum(axis=1) - stock[:, None], 0.0)
    served = np.diff(total, axis=1, prepend=0.0)
    # Differences of sums would leave rounding where no stock is left: there the requirement stands as given.
    before = np.concatenate([np.zeros((len(needed), 1)), needed.cumsum(axis=1)[:, :-1]], axis=1)
    left: Floats = np.where(before >= stock[:, None], needed, served)
    return left


def _postpone(needed: Floats, which: Bools) -> None:
    """Move the requirements of the marked rows to the last period."""
    total = needed[which].sum(axis=1)
    needed[which] = 0.0
    needed[which, -1] = total


def _earlier(needed: Floats, lead: Ints) -> Floats:
    """Return requirements at the start of the lots that serve them; those no lot can serve in time fall away."""
    periods = needed.shape[1]
    at = np.arange(periods)[None, :] + lead[:, None]
    padded = np.concatenate([needed, np.zeros((len(needed), 1))], axis=1)
    return np.take_along_axis(padded, np.minimum(at, periods), axis=1)
