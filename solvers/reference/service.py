"""Markets: orders of partners and subscription demand of segments are served from what arrives.

Variables, all ≥ 0: ``order_served[o,t]`` for t from the due to the last allowed period, ``served[s,k,t]``.

    order_quantity      Σ_t order_served ≤ quantity
    demand              served[s,k,t] ≤ base + uplift by rewards
    market_balance      Σ served in m, k, t ≤ in transit + Σ_p shipped[p,m,k,t−transit]
"""

from __future__ import annotations

from itertools import product

import pyomo.environ as pyo

from solvers.reference.planning_data import Planning
from solvers.reference.production import Expression
from solvers.reference.rewards import expected_demand


def add_service(model: pyo.ConcreteModel, data: Planning) -> None:
    """Add service of orders and segments; needs shipments and rewards."""
    model.OrderPeriods = pyo.Set(
        initialize=[(o, t) for o, order in data.orders.items() for t in range(order.due, order.last + 1)], dimen=2
    )
    model.order_served = pyo.Var(model.OrderPeriods, domain=pyo.NonNegativeReals)
    model.served = pyo.Var(list(data.demand), domain=pyo.NonNegativeReals)

    def order_quantity(m: pyo.ConcreteModel, name: str) -> Expression:
        return order_units(m, data, name) <= data.orders[name].quantity

    def demand(m: pyo.ConcreteModel, s: str, k: str, t: int) -> Expression:
        return m.served[s, k, t] <= expected_demand(m, data, s, k, t)

    def market_balance(m: pyo.ConcreteModel, market: str, k: str, t: int) -> Expression:
        to_orders = sum(
            m.order_served[name, t]
            for name, order in data.orders.items()
            if (order.market, order.product) == (market, k) and order.due <= t <= order.last
        )
        to_segments = sum(m.served[s, k, t] for s, at in data.markets.items() if at == market)
        return to_orders + to_segments <= arrivals(m, data, market, k, t)

    model.order_quantity = pyo.Constraint(list(data.orders), rule=order_quantity)
    model.demand = pyo.Constraint(list(data.demand), rule=demand)
    taking = dict.fromkeys([*data.markets.values(), *(order.market for order in data.orders.values())])
    places = list(product(taking, data.families, range(data.periods)))
    model.market_balance = pyo.Constraint(places, rule=market_balance)


def order_units(model: pyo.ConcreteModel, data: Planning, name: str, *, on_time: bool = False) -> Expression:
    """Return the units served of an order."""
    order = data.orders[name]
    return sum(model.order_served[name, t] for t in range(order.due, (order.due if on_time else order.last) + 1))


def arrivals(model: pyo.ConcreteModel, data: Planning, market: str, item: str, period: int) -> Expression:
    """Return what arrives at a market in a period."""
    return data.in_transit.get((market, item, period), 0.0) + sum(
        model.shipped[p, m, k, period - transit]
        for (p, m, k), (transit, _) in data.lanes.items()
        if (m, k) == (market, item) and period >= transit
    )


def service_worth(model: pyo.ConcreteModel, data: Planning) -> dict[str, Expression]:
    """Return the parts of the value that service causes, costs negative."""
    lost = {key: expected_demand(model, data, *key) - model.served[key] for key in data.demand}
    short = {name: order.quantity - order_units(model, data, name) for name, order in data.orders.items()}
    return {
        "revenue": sum(data.orders[o].revenue * model.order_served[o, t] for o, t in model.OrderPeriods)
        + sum(demand.revenue * model.served[key] for key, demand in data.demand.items()),
        "lateness": -sum(
            data.orders[o].lateness * (t - data.orders[o].due) * model.order_served[o, t] for o, t in model.OrderPeriods
        ),
        "shortage": -sum(order.penalty * short[name] for name, order in data.orders.items())
        - sum(demand.penalty * lost[key] for key, demand in data.demand.items()),
    }
