"""Clauses: bounds on measures of the plan, hard, or paid for per unit of violation.

Variables, all ≥ 0: ``violation[i]`` per soft clause row i = (clause, scope); ``reached[i,c]`` ≤ 1 for reward floors,
``deviation[i,p,k,t]`` for stability, ``fill_least[i]`` and ``fill_most[i]`` for parity.

    clause_rows[i,"least"]    measure ≥ least − violation
    clause_rows[i,"most"]     measure ≤ most + violation
    clause_parts[i,…]         what defines a measure: fill_least ≤ fill rate ≤ fill_most; reached ≤ Σ given;
                              deviation ≥ ±(made − baseline)
    clause_forbids[i,c,w,o]   given = 0, for exclusivity and price floor

Every row carries the clause's id in its index. Rebates stand with supply.
"""

from __future__ import annotations

import math

import pyomo.environ as pyo

from solvers.reference.clause_data import (
    Bought,
    Budget,
    ClauseRow,
    Exclusivity,
    FillRate,
    Parity,
    PriceFloor,
    Reservation,
    RewardFloor,
    Stability,
    Volume,
)
from solvers.reference.planning_data import Planning
from solvers.reference.production import Expression, capacity_used
from solvers.reference.rewards import spend
from solvers.reference.service import order_units
from solvers.reference.supply import purchases_of, quantity_bought

_ROUNDING = 1e-9  # of what an offer's units are worth: an offer exactly at the price floor is allowed


def add_clauses(model: pyo.ConcreteModel, data: Planning) -> None:
    """Add the rows of all clauses but rebates; needs all other variables."""
    soft = [(row.clause, row.scope) for row in data.clauses if row.penalty is not None]
    model.violation = pyo.Var(soft, domain=pyo.NonNegativeReals)
    # The measure of a clause that finds nothing to count is a plain 0, but Pyomo's rows need a variable.
    model.nothing = pyo.Var(bounds=(0, 0))
    model.reached = pyo.Var(pyo.Any, bounds=(0, 1), dense=False)
    model.deviation = pyo.Var(pyo.Any, domain=pyo.NonNegativeReals, dense=False)
    model.fill_least = pyo.Var(pyo.Any, domain=pyo.NonNegativeReals, dense=False)
    model.fill_most = pyo.Var(pyo.Any, domain=pyo.NonNegativeReals, dense=False)
    model.clause_rows = pyo.Constraint(pyo.Any)
    model.clause_parts = pyo.Constraint(pyo.Any)
    model.clause_forbids = pyo.Constraint(pyo.Any)
    for row in data.clauses:
        _add(model, data, row)


def penalties(model: pyo.ConcreteModel, data: Planning) -> dict[str, Expression]:
    """Return the part of the value that is paid for violations, negative."""
    paid = (row.penalty * model.violation[row.clause, row.scope] for row in data.clauses if row.penalty is not None)
    return {"penalties": -sum(paid)}


def _add(model: pyo.ConcreteModel, data: Planning, row: ClauseRow) -> None:
    match row:
        case Budget():
            _bound(model, row, spend(model, data, row.partner, row.windows), least=row.least, most=row.most)
        case Volume():
            _bound(model, row, _units(model, data, row.partner, row.periods), least=row.least, most=row.most)
        case FillRate():
            ordered = sum(data.orders[o].quantity for o in _orders(data, row.partner, row.periods))
            units = _units(model, data, row.partner, row.periods, on_time=row.on_time)
            _bound(model, row, units, least=row.share * ordered)
        case Bought():
            keys = purchases_of(data, row.supplier, row.periods)
            _bound(model, row, quantity_bought(model, keys), least=row.least, most=row.most)
        case Reservation():
            _reservation(model, data, row)
        case Parity():
            _parity(model, data, row)
        case RewardFloor():
            _reward_floor(model, data, row)
        case Stability():
            _stability(model, data, row)
        case Exclusivity() | PriceFloor():
            _forbid(model, data, row)


def _bound(
    model: pyo.ConcreteModel,
    row: ClauseRow,
    measure: Expression,
    *,
    least: float | None = None,
    most: float | None = None,
) -> None:
    name = (row.clause, row.scope)
    slack = 0.0 if row.penalty is None else model.violation[name]
    if least is not None:
        model.clause_rows[*name, "least"] = measure + model.nothing + slack >= least
    if most is not None:
        model.clause_rows[*name, "most"] = measure + model.nothing - slack <= most


def _orders(data: Planning, partner: str, periods: tuple[int, ...]) -> list[str]:
    return [o for o, order in data.orders.items() if order.partner == partner and order.due in periods]


def _units(
    model: pyo.ConcreteModel, data: Planning, partner: str, periods: tuple[int, ...], *, on_time: bool = False
) -> Expression:
    return sum(order_units(model, data, o, on_time=on_time) for o in _orders(data, partner, periods))


def _reservation(model: pyo.ConcreteModel, data: Planning, row: Reservation) -> None:
    inside = {k for k, family in data.families.items() if family in row.families}
    routings = [(p, k, r) for p, k, r in data.routings if p == row.plant and k in inside]
    regular = sum(data.capacity[row.plant, r, row.period].regular for r in {r for _, _, r in routings})
    served = sum(
        model.order_served[o, row.period]
        for o, order in data.orders.items()
        if order.partner == row.partner and order.product in inside and order.due <= row.period <= order.last
    )
    if math.isfinite(regular):
        used = capacity_used(model, data, row.plant, row.period, routings=routings)
        _bound(model, row, used - served, most=(1 - row.share) * regular)


def _parity(model: pyo.ConcreteModel, data: Planning, row: Parity) -> None:
    name = (row.clause, row.scope)
    ordered = {a: sum(data.orders[o].quantity for o in _orders(data, a, row.periods)) for a in row.partners}
    for partner, quantity in ordered.items():
        if quantity > 0:
            rate = _units(model, data, partner, row.periods) / quantity
            model.clause_parts[*name, "fill_least", partner] = model.fill_least[name] <= rate
            model.clause_parts[*name, "fill_most", partner] = model.fill_most[name] >= rate
    _bound(model, row, model.fill_most[name] - model.fill_least[name], most=row.gap)


def _reward_floor(model: pyo.ConcreteModel, data: Planning, row: RewardFloor) -> None:
    name = (row.clause, row.scope)
    counted = [c for c, customer in data.customers.items() if customer.tier == row.tier and customer.redeems]
    for c in counted:
        offered = sum(model.given[c, w, o] for w in row.windows for o in data.customers[c].redeems)
        model.clause_parts[*name, "reached", c] = model.reached[*name, c] <= offered
    _bound(model, row, sum(model.reached[*name, c] for c in counted), least=row.share * len(counted))


def _stability(model: pyo.ConcreteModel, data: Planning, row: Stability) -> None:
    name = (row.clause, row.scope)
    lots = [(*recipe, t) for recipe in data.recipes for t in row.periods]
    for lot in lots:
        away = model.made[lot] - data.baseline.get(lot, 0.0)
        model.clause_parts[*name, "above", *lot] = model.deviation[*name, *lot] >= away
        model.clause_parts[*name, "below", *lot] = model.deviation[*name, *lot] >= -away
    _bound(model, row, sum(model.deviation[*name, *lot] for lot in lots), most=row.most)


def _forbid(model: pyo.ConcreteModel, data: Planning, row: Exclusivity | PriceFloor) -> None:
    for c, w, o in model.Pairs:
        if w not in row.windows or data.offers[o].sponsor != row.sponsor:
            continue
        segment = data.customers[c].segment
        if isinstance(row, Exclusivity):
            forbidden = data.markets[segment] not in row.markets
        else:
            worth = _redemption_worth(data, segment, w, o)
            forbidden = worth - data.offers[o].face_value < (row.share - _ROUNDING) * worth
        if forbidden:
            model.clause_forbids[row.clause, row.scope, c, w, o] = model.given[c, w, o] == 0


def _redemption_worth(data: Planning, segment: str, window: int, offer: str) -> float:
    """Return what the units of one redemption are sold for, spread evenly over the window's periods."""
    periods = data.windows[window]
    return sum(
        units * data.demand[segment, product, t].revenue / len(periods)
        for product, units in data.offers[offer].units.items()
        for t in periods
    )
