"""Suppliers: purchases of material, and the rebates they pay back.

Variables: ``bought[a,n,t]`` ∈ [0, max_quantity] from partner a; per rebate i and tier j (tier 0 pays nothing)
``tier[i,j]`` ∈ {0,1}, and ``back[i]`` ≥ 0, the money paid back.

    material_balance    Σ_a bought ≥ Σ_p drawn                     bought material cannot be stored
    one_tier            Σ_j tier[i,j] = 1
    tier_reached        Σ bought ≥ from_j·tier[i,j]
    tier_not_left       Σ bought ≤ from_{j+1} + M·(1 − tier[i,j])  the highest tier reached, wanted or not
    tier_pays           back[i] ≤ rate_j·Σ unit_cost·bought + M·(1 − tier[i,j])
"""

from __future__ import annotations

from itertools import pairwise

import pyomo.environ as pyo

from solvers.reference.big_m import largest_purchase
from solvers.reference.clause_data import Rebate
from solvers.reference.planning_data import Planning
from solvers.reference.production import Expression

Key = tuple[str, str, int]


def add_supply(model: pyo.ConcreteModel, data: Planning) -> None:
    """Add purchases, the balance of materials and all rebates."""
    model.bought = pyo.Var(list(data.supplies), bounds=lambda _, a, n, t: (0, largest_purchase(data, a, n, t)))
    needed = dict.fromkeys((n, t) for _, n, t in model.MaterialPeriods)

    def material_balance(m: pyo.ConcreteModel, material: str, period: int) -> Expression:
        drawn = sum(m.drawn[p, n, t] for p, n, t in m.MaterialPeriods if (n, t) == (material, period))
        return sum(m.bought[a, n, t] for a, n, t in data.supplies if (n, t) == (material, period)) >= drawn

    model.material_balance = pyo.Constraint(list(needed), rule=material_balance)
    _rebates(model, data)


def purchases_of(data: Planning, supplier: str, periods: tuple[int, ...]) -> list[Key]:
    """Return the keys of what can be bought from a supplier in some periods."""
    return [(a, n, t) for a, n, t in data.supplies if a == supplier and t in periods]


def quantity_bought(model: pyo.ConcreteModel, keys: list[Key]) -> Expression:
    """Return the quantity bought, over all materials."""
    return sum(model.bought[key] for key in keys)


def _rebates(model: pyo.ConcreteModel, data: Planning) -> None:
    rebates = {(row.clause, row.scope): row for row in data.clauses if isinstance(row, Rebate)}
    tiers = [(*name, j) for name, row in rebates.items() for j in range(len(row.tiers) + 1)]
    model.tier = pyo.Var(tiers, domain=pyo.Binary)
    model.back = pyo.Var(list(rebates), domain=pyo.NonNegativeReals)
    model.one_tier = pyo.Constraint(pyo.Any)
    model.tier_reached = pyo.Constraint(pyo.Any)
    model.tier_not_left = pyo.Constraint(pyo.Any)
    model.tier_pays = pyo.Constraint(pyo.Any)
    for name, row in rebates.items():
        keys = purchases_of(data, row.supplier, row.periods)
        quantity = quantity_bought(model, keys)
        cost = sum(data.supplies[key][0] * model.bought[key] for key in keys)
        most = sum(largest_purchase(data, *key) for key in keys)
        most_back = sum(data.supplies[key][0] * largest_purchase(data, *key) for key in keys)
        steps = [(0.0, 0.0), *row.tiers]
        model.one_tier[name] = sum(model.tier[*name, j] for j in range(len(steps))) == 1
        for j, (start, rate) in enumerate(steps):
            chosen = model.tier[*name, j]
            model.tier_reached[*name, j] = quantity >= start * chosen
            model.tier_pays[*name, j] = model.back[name] <= rate * cost + most_back * (1 - chosen)
        for j, (_, (following, _)) in enumerate(pairwise(steps)):
            model.tier_not_left[*name, j] = quantity <= following + most * (1 - model.tier[*name, j])


def supply_worth(model: pyo.ConcreteModel, data: Planning) -> dict[str, Expression]:
    """Return the parts of the value that suppliers cause, costs negative."""
    return {
        "purchase": -sum(unit_cost * model.bought[key] for key, (unit_cost, _) in data.supplies.items()),
        "rebates": sum(model.back.values()),
    }
