"""Capacitated lot sizing at several levels, written to be read: the reference of `solvers.lotsizing`, and its peer.

Sets: items i, resources q, periods t; a lot of parent p uses r[p,i] units of component i when it starts.

    min  Σ setup_cost·y + unit_cost·x + holding·s + backlog_cost·b + shortage_cost·u + overtime_cost·o
    s.t. s[i,t] - b[i,t] = s[i,t-1] - b[i,t-1] + x[i,t-lead] - Σ_p r[p,i]·x[p,t] - d[i,t] + u[i,t]
         min_lot[i]·y[i,t] ≤ x[i,t] ≤ most[i,t]·y[i,t],   x[i,t] ≤ max_lot[i]
         Σ_i unit_time[i,q]·x[i,t] + setup_time[i,q]·y[i,t] ≤ capacity[q,t] + o[q,t]
         b[i,t] ≤ b[i,t-1] + d[i,t] - u[i,t]           only external demand may wait; b = 0 in the last period

and, at one level without backlog, stock or smallest lots, with z the share of the demand of t made in s,

    min  Σ setup_cost·y + (unit_cost + holding from s to t)·d·z + overtime_cost·o
    s.t. Σ_{s≤t} z[i,s,t] = 1,   z[i,s,t] ≤ y[i,s],   Σ_i unit_time·d·z + setup_time·y ≤ capacity + o

Sources: Trigeiro, Thomas, McClain (1989); Krarup and Bilde (1977).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.solvers.highs import Highs

from solvers.core.program import Floats

Relation = Any
"""A Pyomo relational expression or ``Constraint.Skip``; Pyomo carries no types."""

Tables = Any
"""An object with the tables of :class:`solvers.lotsizing.instance.LotSizingInstance`, which is another room's."""


def lot_sizing_plain(data: Tables, most: Floats) -> pyo.ConcreteModel:
    """Return the first model; ``most`` float64 [N, T] must be finite and exceed no lot that is needed."""
    model = _sets(data)
    model.x = pyo.Var(model.I, model.T, bounds=lambda _, i, t: (0, _most_made(data, i, t)))
    model.y = pyo.Var(model.I, model.T, domain=pyo.Binary)
    model.s = pyo.Var(model.I, model.T, domain=pyo.NonNegativeReals)
    model.b = pyo.Var(model.I, model.T, bounds=lambda _, i, t: (0, _most_waiting(data, i, t)))
    model.u = pyo.Var(model.I, model.T, bounds=lambda _, i, t: (0, _most_lost(data, i, t)))
    model.o = pyo.Var(model.Q, model.T, bounds=lambda _, q, t: (0, _finite(data.overtime_most[q, t])))
    _balances(model, data)

    def lot_needs_setup(m: pyo.ConcreteModel, i: int, t: int) -> Relation:
        return m.x[i, t] <= float(most[i, t]) * m.y[i, t]

    def lot_is_large_enough(m: pyo.ConcreteModel, i: int, t: int) -> Relation:
        return m.x[i, t] >= float(data.min_lot[i]) * m.y[i, t] if data.min_lot[i] > 0 else pyo.Constraint.Skip

    def capacity(m: pyo.ConcreteModel, q: int, t: int) -> Relation:
        if np.isinf(data.capacity[q, t]):
            return pyo.Constraint.Skip
        used = pyo.quicksum(
            float(data.unit_time[i, q]) * m.x[i, t] + float(data.setup_time[i, q]) * m.y[i, t] for i in m.I
        )
        return used - m.o[q, t] <= float(data.capacity[q, t])

    model.lot_needs_setup = pyo.Constraint(model.I, model.T, rule=lot_needs_setup)
    model.lot_is_large_enough = pyo.Constraint(model.I, model.T, rule=lot_is_large_enough)
    model.capacity = pyo.Constraint(model.Q, model.T, rule=capacity)
    model.cost = pyo.Objective(
        expr=pyo.quicksum(
            float(data.setup_cost[i, t]) * model.y[i, t]
            + float(data.unit_cost[i, t]) * model.x[i, t]
            + float(data.holding_cost[i, t]) * model.s[i, t]
            + (_finite(data.backlog_cost[i]) or 0.0) * model.b[i, t]
            + (_finite(data.shortage_cost[i]) or 0.0) * model.u[i, t]
            for i in model.I
            for t in model.T
        )
        + _overtime_cost(model, data)
    )
    return model


def lot_sizing_facility_location(data: Tables) -> pyo.ConcreteModel:
    """Return the second model; raises ValueError where the data hold more than it states."""
    late_or_lost = np.isfinite(data.backlog_cost).any() or np.isfinite(data.shortage_cost).any()
    if late_or_lost or len(data.bom_parent) or data.initial_stock.any() or data.min_lot.any() or data.lead_time.any():
        raise ValueError("this model knows one level without stock at hand, lead times, smallest lots and lateness")
    model = _sets(data)
    model.y = pyo.Var(model.I, model.T, domain=pyo.Binary)
    model.o = pyo.Var(model.Q, model.T, bounds=lambda _, q, t: (0, _finite(data.overtime_most[q, t])))
    wanted = [(i, s, t) for i in model.I for t in model.T for s in range(t + 1) if data.demand[i, t] > 0]
    model.z = pyo.Var(wanted, domain=pyo.NonNegativeReals)
    model.served = pyo.Constraint(
        sorted({(i, t) for i, _, t in wanted}),
        rule=lambda m, i, t: pyo.quicksum(m.z[i, s, t] for s in range(t + 1)) == 1,
    )
    model.setup = pyo.Constraint(wanted, rule=lambda m, i, s, t: m.z[i, s, t] <= m.y[i, s])

    def made(m: pyo.ConcreteModel, i: int, s: int) -> Relation:
        return sum(float(data.demand[i, t]) * m.z[i, s, t] for t in m.T if (i, s, t) in m.z)

    def capacity(m: pyo.ConcreteModel, q: int, s: int) -> Relation:
        used = sum(float(data.unit_time[i, q]) * made(m, i, s) for i in m.I)
        used += sum(float(data.setup_time[i, q]) * m.y[i, s] for i in m.I)
        limited = np.isfinite(data.capacity[q, s])
        return used <= float(data.capacity[q, s]) + m.o[q, s] if limited else pyo.Constraint.Skip

    model.capacity = pyo.Constraint(model.Q, model.T, rule=capacity)
    unit = {
        (i, s, t): float(data.demand[i, t] * (data.unit_cost[i, s] + data.holding_cost[i, s:t].sum()))
        for i, s, t in wanted
    }
    model.cost = pyo.Objective(
        expr=pyo.quicksum(unit[key] * model.z[key] for key in wanted)
        + pyo.quicksum(float(data.setup_cost[i, t]) * model.y[i, t] for i in model.I for t in model.T)
        + _overtime_cost(model, data)
    )
    return model


def coarse_largest_lot(data: Tables) -> Floats:
    """Return a limit of lots [N, T] that needs no clever argument: all that is ever wanted, through all parents."""
    own = data.demand.sum(axis=1) + data.min_lot
    wanted = own.copy()
    for _ in range(len(own)):  # no way through an acyclic bill of materials is longer
        through_parents = wanted[data.bom_parent] * data.bom_quantity
        wanted = own.copy()
        np.add.at(wanted, data.bom_component, through_parents)
    return np.repeat(wanted[:, None], data.demand.shape[1], axis=1)


def loaded_in_highs(model: pyo.ConcreteModel) -> Highs:
    """Return Pyomo's persistent HiGHS interface once HiGHS holds the model."""
    solver = Highs()
    solver.set_instance(model)
    return solver


def relaxed_cost(solver: Highs, model: pyo.ConcreteModel) -> float:
    """Return the cost of the linear relaxation of a model that a solver holds unchanged."""
    for what in ("constraints", "vars", "params"):
        setattr(solver.update_config, f"check_for_new_or_removed_{what}", False)
        setattr(solver.update_config, f"update_{what}", False)
    solver.update_config.update_named_expressions = False
    solver.config.load_solution = False
    solver.highs_options = {"solve_relaxation": True, "threads": 1}
    return float(solver.solve(model).best_feasible_objective)


def _sets(data: Tables) -> pyo.ConcreteModel:
    items, periods = data.demand.shape
    model = pyo.ConcreteModel("lot sizing")
    model.I = pyo.RangeSet(0, items - 1)
    model.Q = pyo.RangeSet(0, len(data.capacity) - 1)
    model.T = pyo.RangeSet(0, periods - 1)
    return model


def _balances(model: pyo.ConcreteModel, data: Tables) -> None:
    parents: dict[int, list[tuple[int, float]]] = {i: [] for i in model.I}
    for parent, component, quantity in zip(data.bom_parent, data.bom_component, data.bom_quantity, strict=True):
        parents[int(component)].append((int(parent), float(quantity)))

    def balance(m: pyo.ConcreteModel, i: int, t: int) -> Relation:
        before = m.s[i, t - 1] - m.b[i, t - 1] if t > 0 else float(data.initial_stock[i])
        start = t - int(data.lead_time[i])
        made = m.x[i, start] if start >= 0 else 0.0
        used = sum(quantity * m.x[parent, t] for parent, quantity in parents[i])
        return m.s[i, t] - m.b[i, t] == before + made - used - float(data.demand[i, t]) + m.u[i, t]

    def only_demand_waits(m: pyo.ConcreteModel, i: int, t: int) -> Relation:
        if not parents[i] or np.isinf(data.backlog_cost[i]):
            return pyo.Constraint.Skip
        before = m.b[i, t - 1] if t > 0 else 0.0
        return m.b[i, t] - before + m.u[i, t] <= float(data.demand[i, t])

    model.balance = pyo.Constraint(model.I, model.T, rule=balance)
    model.only_demand_waits = pyo.Constraint(model.I, model.T, rule=only_demand_waits)


def _overtime_cost(model: pyo.ConcreteModel, data: Tables) -> Relation:
    return pyo.quicksum(float(data.overtime_cost[q, t]) * model.o[q, t] for q in model.Q for t in model.T)


def _most_made(data: Tables, i: int, t: int) -> float | None:
    return 0.0 if t + data.lead_time[i] >= data.demand.shape[1] else _finite(data.max_lot[i])


def _most_waiting(data: Tables, i: int, t: int) -> float | None:
    return 0.0 if np.isinf(data.backlog_cost[i]) or t == data.demand.shape[1] - 1 else None


def _most_lost(data: Tables, i: int, t: int) -> float:
    return 0.0 if np.isinf(data.shortage_cost[i]) else float(data.demand[i, t])


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
