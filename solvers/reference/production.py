"""Plants: lots, capacity, stock, components.

Variables, all ≥ 0: ``setup[p,k,t]`` ∈ {0,1}, ``made[p,k,t]``, ``overtime[p,r,t]``, ``stock[p,k,t]``,
``unsafe[p,k,t]``, ``drawn[p,n,t]`` bought material used, ``shipped[p,m,k,t]`` by period of departure, 0
where the lane is closed.

    lot_needs_setup     made ≤ M·setup
    lot_large_enough    made ≥ min_lot·setup     (neither for released lots: they are fixed; 0 where recipes are closed)
    capacity            Σ_k capacity_per_unit·made + setup_capacity·setup ≤ regular + overtime
    stock_balance       stock[t] = stock[t−1] + received + made[t−lead] − Σ bom·made − Σ_m shipped
    safety_stock        stock + unsafe ≥ safety
    material_use        Σ_k bom·made ≤ received + drawn
"""

from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo

from solvers.reference.big_m import largest_lot
from solvers.reference.planning_data import Planning

Expression = Any
"""A Pyomo expression or relation; Pyomo carries no types."""


def limit(value: float) -> float | None:
    """Return an upper bound as Pyomo takes it."""
    return value if math.isfinite(value) else None


def add_production(model: pyo.ConcreteModel, data: Planning) -> None:
    """Add the variables and rows of all plants."""
    periods = range(data.periods)
    model.RecipePeriods = pyo.Set(initialize=[(*recipe, t) for recipe in data.recipes for t in periods], dimen=3)
    model.StockPeriods = pyo.Set(initialize=[(*place, t) for place in data.storage for t in periods], dimen=3)
    model.LanePeriods = pyo.Set(initialize=[(*lane, t) for lane in data.lanes for t in periods], dimen=4)
    used = dict.fromkeys((p, component) for p, _, component in data.bom if component not in data.families)
    model.MaterialPeriods = pyo.Set(initialize=[(*place, t) for place in used for t in periods], dimen=3)
    model.setup = pyo.Var(model.RecipePeriods, domain=pyo.Binary)
    model.made = pyo.Var(model.RecipePeriods, domain=pyo.NonNegativeReals)
    model.overtime = pyo.Var(
        list(data.capacity), bounds=lambda _, p, r, t: (0, limit(data.capacity[p, r, t].overtime_most))
    )
    model.stock = pyo.Var(model.StockPeriods, bounds=lambda _, p, k, _t: (0, limit(data.storage[p, k].most)))
    model.unsafe = pyo.Var(model.StockPeriods, domain=pyo.NonNegativeReals)
    model.drawn = pyo.Var(model.MaterialPeriods, domain=pyo.NonNegativeReals)
    model.shipped = pyo.Var(model.LanePeriods, bounds=lambda _, *lane: (0, 0 if lane in data.closed else None))
    _lots(model, data)
    _capacity(model, data)
    _stock(model, data)
    _materials(model, data)


def _lots(model: pyo.ConcreteModel, data: Planning) -> None:
    for lot, quantity in data.released.items():
        model.made[lot].fix(quantity)
        model.setup[lot].fix(1)
    for lot in data.unmade:
        model.made[lot].fix(0)
        model.setup[lot].fix(0)

    def lot_needs_setup(m: pyo.ConcreteModel, p: str, k: str, t: int) -> Expression:
        if (p, k, t) in data.released:
            return pyo.Constraint.Skip
        return m.made[p, k, t] <= largest_lot(data, p, k, t) * m.setup[p, k, t]

    def lot_large_enough(m: pyo.ConcreteModel, p: str, k: str, t: int) -> Expression:
        if (p, k, t) in data.released:
            return pyo.Constraint.Skip
        return m.made[p, k, t] >= data.recipes[p, k].min_lot * m.setup[p, k, t]

    model.lot_needs_setup = pyo.Constraint(model.RecipePeriods, rule=lot_needs_setup)
    model.lot_large_enough = pyo.Constraint(model.RecipePeriods, rule=lot_large_enough)


def capacity_used(
    model: pyo.ConcreteModel, data: Planning, plant: str, period: int, *, routings: list[tuple[str, str, str]]
) -> Expression:
    """Return what these routings of a plant use of its resources in a period, set-ups included."""
    return sum(
        data.routings[p, k, r][0] * model.made[p, k, period] + data.routings[p, k, r][1] * model.setup[p, k, period]
        for p, k, r in routings
        if p == plant
    )


def _capacity(model: pyo.ConcreteModel, data: Planning) -> None:
    def capacity(m: pyo.ConcreteModel, p: str, r: str, t: int) -> Expression:
        regular = data.capacity[p, r, t].regular
        users = [routing for routing in data.routings if routing[::2] == (p, r)]
        if math.isinf(regular) or not users:
            return pyo.Constraint.Skip
        return capacity_used(m, data, p, t, routings=users) <= regular + m.overtime[p, r, t]

    model.capacity = pyo.Constraint(list(data.capacity), rule=capacity)


def _stock(model: pyo.ConcreteModel, data: Planning) -> None:
    def stock_balance(m: pyo.ConcreteModel, p: str, k: str, t: int) -> Expression:
        before = m.stock[p, k, t - 1] if t > 0 else data.storage[p, k].on_hand
        recipe = data.recipes.get((p, k))
        made = m.made[p, k, t - recipe.lead] if recipe is not None and t >= recipe.lead else 0.0
        shipped = sum(m.shipped[lane, t] for lane in data.lanes if lane[::2] == (p, k))
        received = data.received.get((p, k, t), 0.0)
        return m.stock[p, k, t] == before + received + made - _consumed(m, data, p, k, t) - shipped

    def safety_stock(m: pyo.ConcreteModel, p: str, k: str, t: int) -> Expression:
        return m.stock[p, k, t] + m.unsafe[p, k, t] >= data.storage[p, k].safety

    model.stock_balance = pyo.Constraint(model.StockPeriods, rule=stock_balance)
    model.safety_stock = pyo.Constraint(model.StockPeriods, rule=safety_stock)


def _consumed(model: pyo.ConcreteModel, data: Planning, plant: str, component: str, period: int) -> Expression:
    return sum(
        quantity * model.made[p, k, period] for (p, k, c), quantity in data.bom.items() if (p, c) == (plant, component)
    )


def _materials(model: pyo.ConcreteModel, data: Planning) -> None:
    def material_use(m: pyo.ConcreteModel, p: str, n: str, t: int) -> Expression:
        return _consumed(m, data, p, n, t) <= data.received.get((p, n, t), 0.0) + m.drawn[p, n, t]

    model.material_use = pyo.Constraint(model.MaterialPeriods, rule=material_use)


def production_costs(model: pyo.ConcreteModel, data: Planning) -> dict[str, Expression]:
    """Return the parts of the value that plants cause, costs negative."""
    return {
        "production": -sum(data.recipes[p, k].unit_cost * model.made[p, k, t] for p, k, t in model.RecipePeriods),
        "setup": -sum(data.recipes[p, k].setup_cost * model.setup[p, k, t] for p, k, t in model.RecipePeriods),
        "overtime": -sum(data.capacity[key].overtime_cost * model.overtime[key] for key in data.capacity),
        "holding": -sum(data.storage[p, k].holding * model.stock[p, k, t] for p, k, t in model.StockPeriods),
        "safety": -sum(data.storage[p, k].safety_penalty * model.unsafe[p, k, t] for p, k, t in model.StockPeriods),
        "freight": -sum(data.lanes[p, m, k][1] * model.shipped[p, m, k, t] for p, m, k, t in model.LanePeriods),
    }
