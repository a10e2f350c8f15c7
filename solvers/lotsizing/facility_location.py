"""The facility-location formulation: what is made in s to serve the requirement of t, and a stronger LP bound.

Sets and symbols as in :mod:`solvers.lotsizing.plain`; ``n[i,t]`` are the net requirements and ``M`` the largest lots of
:mod:`solvers.lotsizing.requirements`. An item no lot uses is served by assignment, without columns of stock:

    z[i,s,t] ≥ 0    units of the lot of s that serve t ≥ s + lead, and earlier t where backlog is allowed
    Σ_s z[i,s,t] + u[i,t] = n[i,t],     x[i,s] = Σ_t z[i,s,t] + w[i,s],     z[i,s,t] ≤ min(n[i,t], M[i,s])·y[i,s]

where z pays holding from arrival to t, or backlog, and the surplus ``w`` (only with smallest lots) pays holding to the
end. First-in-first-out makes this exact: costs fall on stock and backlog alone, the cost of a lost unit does not depend
on its period, so initial stock serves the earliest demand; its holding is a constant. A component keeps its balance
rows, and z only strengthens it with the requirements every plan has to deliver (echelon demand, netted level by level):

    Σ_s z[i,s,t] = n[i,t],     x[i,s] ≥ Σ_t z[i,s,t],     z[i,s,t] ≤ min(n[i,t], M[i,s])·y[i,s],     t ≥ s + lead

Rows ``x ≤ M·y``, smallest lots and capacity stand as in the plain formulation. Without capacity and at one level the LP
has integral set-ups. Sources: Krarup and Bilde (1977), Plant location, set covering and economic lot size; Eppen and
Martin (1987), Solving multi-item capacitated lot-sizing problems using variable redefinition; Pochet and Wolsey (2006).
"""

from __future__ import annotations

import numpy as np

from solvers.core.program import Bools, Floats, Ints, Program
from solvers.lotsizing.columns import NONE, ColumnCounter, RowWriter
from solvers.lotsizing.formulation import (
    Families,
    Formulation,
    boxes,
    startable,
    write_balances,
    write_capacity,
    write_forcing,
    write_smallest_lots,
)
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import costs, families_of, integrality
from solvers.lotsizing.requirements import Requirements, requirements


def facility_location_formulation(instance: LotSizingInstance) -> Formulation:
    """Return the facility-location formulation of an instance."""
    component = instance.is_component()
    need = requirements(instance)
    count = ColumnCounter()
    families = families_of(instance, count, component)
    surplus = count.family((families.production >= 0) & (~component & (instance.min_lot > 0))[:, None])
    assigned = count.family(_servable(instance, need, component))
    rows = RowWriter()
    write_balances(rows, instance, families, np.flatnonzero(component).astype(np.int32))
    forcing = write_forcing(rows, families, need.largest_lot, _forcing_needed(instance, component))
    write_smallest_lots(rows, instance, families)
    capacity = write_capacity(rows, instance, families)
    _write_assignment(rows, families, assigned, need.net, component)
    _write_lots(rows, families, assigned, surplus, component)
    _write_strong_forcing(rows, families, assigned, need)
    matrix, row_lower, row_upper = rows.finish(count.count)
    lower, upper = boxes(instance, families, need.largest_lot, count.count)
    _bound(upper, families, assigned, surplus, need, component)
    cost = costs(instance, families, count.count)
    _price(cost, instance, assigned, surplus, component)
    program = Program(
        objective=-cost,
        lower=lower,
        upper=upper,
        integer=integrality(families, count.count),
        rows=matrix,
        row_lower=row_lower,
        row_upper=row_upper,
        offset=-_holding_of_initial_stock(instance, ~component),
    )
    return Formulation(
        instance=instance, program=program, families=families, assigned=assigned, forcing=forcing, capacity=capacity
    )


def _servable(instance: LotSizingInstance, need: Requirements, component: Bools) -> Bools:
    """Return bool [N, T, T]: whether the lot of s may serve the requirement of t."""
    period = np.arange(instance.periods)
    arrival = period[None, :] + instance.lead_time[:, None]
    late = np.isfinite(instance.backlog_cost) & ~component
    in_time = (arrival[:, :, None] <= period[None, None, :]) | late[:, None, None]
    useful = (need.largest_lot > 0) & startable(instance)
    allowed: Bools = in_time & useful[:, :, None] & (need.net > 0)[:, None, :]
    return allowed


def _forcing_needed(instance: LotSizingInstance, component: Bools) -> Bools:
    """Return bool [N, T]: where ``x ≤ M·y`` may say more than the rows of z, whatever demand and capacity become."""
    limited = np.zeros(instance.demand.shape, dtype=np.bool_)
    for q in range(instance.resources):
        limited |= (instance.unit_time[:, q] > 0)[:, None] & np.isfinite(instance.capacity[q])[None, :]
    return limited | (component | (instance.min_lot > 0) | np.isfinite(instance.max_lot))[:, None]


def _write_assignment(rows: RowWriter, families: Families, assigned: Ints, net: Floats, component: Bools) -> None:
    lost = np.where(component[:, None], NONE, families.lost)
    required = net > 0
    columns = np.concatenate([lost[:, :, None], assigned.transpose(0, 2, 1)], axis=2)[required]
    rows.write(columns, np.ones(()), net[required], net[required])


def _write_lots(rows: RowWriter, families: Families, assigned: Ints, surplus: Ints, component: Bools) -> None:
    columns = np.concatenate([families.production[:, :, None], surplus[:, :, None], assigned], axis=2)
    values = np.full(columns.shape[2], -1.0)
    values[0] = 1.0
    kept = families.production >= 0
    most = np.broadcast_to(np.where(component, np.inf, 0.0)[:, None], kept.shape)[kept]
    rows.write(columns[kept], values, 0.0, most)


def _write_strong_forcing(rows: RowWriter, families: Families, assigned: Ints, need: Requirements) -> None:
    item, start, served = np.nonzero(assigned >= 0)
    columns = np.stack([families.setup[item, start], assigned[item, start, served]], axis=1)
    most = np.minimum(need.net[item, served], need.largest_lot[item, start])
    rows.write(columns, np.stack([-most, np.ones(len(most))], axis=1), -np.inf, 0.0)


def _bound(
    upper: Floats, families: Families, assigned: Ints, surplus: Ints, need: Requirements, component: Bools
) -> None:
    item, start, served = np.nonzero(assigned >= 0)
    upper[assigned[item, start, served]] = np.minimum(need.net[item, served], need.largest_lot[item, start])
    upper[surplus[surplus >= 0]] = need.largest_lot[surplus >= 0]
    lost = (families.lost >= 0) & ~component[:, None]
    upper[families.lost[lost]] = need.net[lost]


def _price(cost: Floats, instance: LotSizingInstance, assigned: Ints, surplus: Ints, component: Bools) -> None:
    """Fill in the costs of z (holding or backlog) and of the surplus (holding to the end); components pay on stock."""
    before = np.concatenate([np.zeros((instance.items, 1)), instance.holding_cost.cumsum(axis=1)], axis=1)
    item, start, served = np.nonzero((assigned >= 0) & ~component[:, None, None])
    arrival = start + instance.lead_time[item]
    late = served < arrival
    per_period = np.where(np.isfinite(instance.backlog_cost), instance.backlog_cost, 0.0)
    waiting = (arrival - served) * per_period[item]
    cost[assigned[item, start, served]] = np.where(late, waiting, before[item, served] - before[item, arrival])
    item, start = np.nonzero(surplus >= 0)
    cost[surplus[item, start]] = before[item, -1] - before[item, start + instance.lead_time[item]]


def _holding_of_initial_stock(instance: LotSizingInstance, which: Bools) -> float:
    left = np.maximum(instance.initial_stock[:, None] - instance.demand.cumsum(axis=1), 0.0)
    return float((left * instance.holding_cost)[which].sum())
