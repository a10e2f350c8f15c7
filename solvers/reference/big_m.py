"""Safe upper bounds for rows that need one: coarse on purpose, so that nobody has to believe a clever argument.

A lot is at most what its plant's capacity allows beside the set-up. Where nothing limits it, it is at most everything
anybody could ever want, each unit of it made through components: more would be waste, since costs are never negative.
"""

from __future__ import annotations

import math

from solvers.reference.clause_data import Bought, Rebate
from solvers.reference.planning_data import Planning


def largest_lot(data: Planning, plant: str, product: str, period: int) -> float:
    """Return a quantity that no lot of an optimal plan exceeds."""
    most = data.recipes[plant, product].max_lot
    for (owner, made, resource), (per_unit, per_setup) in data.routings.items():
        if (owner, made) == (plant, product) and per_unit > 0:
            capacity = data.capacity[plant, resource, period]
            most = min(most, max(capacity.regular + capacity.overtime_most - per_setup, 0.0) / per_unit)
    return most if math.isfinite(most) else everything(data)


def largest_purchase(data: Planning, partner: str, material: str, period: int) -> float:
    """Return a quantity that no purchase of an optimal plan exceeds: all use of the period, or all any clause asks."""
    used = sum(
        quantity * largest_lot(data, plant, product, period)
        for (plant, product, component), quantity in data.bom.items()
        if component == material
    )
    asked = sum(row.least or 0.0 for row in data.clauses if isinstance(row, Bought))
    asked += sum(start for row in data.clauses if isinstance(row, Rebate) for start, _ in row.tiers)
    return min(data.supplies[partner, material, period][1], used + asked)


def everything(data: Planning) -> float:
    """Return a bound on the units of any product that could be of use over the horizon."""
    wanted = sum(order.quantity for order in data.orders.values())
    wanted += sum(demand.quantity for demand in data.demand.values())
    wanted += sum(storage.safety for storage in data.storage.values())
    wanted += sum(data.baseline.values()) + sum(data.released.values())
    wanted += data.periods * sum(recipe.min_lot for recipe in data.recipes.values())
    for customer in data.customers.values():
        uplift = (p * sum(data.offers[o].units.values()) for o, p in customer.redeems.items())
        wanted += len(data.windows) * max(uplift, default=0.0)
    per_unit: dict[tuple[str, str], float] = {}
    for (plant, product, component), quantity in data.bom.items():
        if component in data.families:
            per_unit[plant, product] = per_unit.get((plant, product), 0.0) + quantity
    step = max(per_unit.values(), default=0.0)
    return wanted * sum(step**level for level in range(len(data.families) + 1))
