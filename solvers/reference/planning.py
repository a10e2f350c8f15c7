"""The whole planning problem, written to be read: the reference that all array formulations are tested against.

Sets: plants p, products k, resources r, materials n, markets m, partners a, orders o, segments s, customers c, offers
o, periods t, reward windows w, clause rows i = (clause, scope). The modules of this package state variables and rows
by theme: `production`, `supply`, `rewards`, `service`, `clauses`. The objective is the value of the plan:

    max  revenue − production − set-up − overtime − holding − safety − purchase − freight − lateness − shortage
         − own share of expected redemptions − clause penalties + rebates

Each of these is a named expression, ``model.part["revenue"]`` and so on, costs negative.
"""

from __future__ import annotations

import pyomo.environ as pyo

from solvers.reference.clauses import add_clauses, penalties
from solvers.reference.planning_data import Planning
from solvers.reference.production import add_production, production_costs
from solvers.reference.rewards import add_rewards, reward_worth
from solvers.reference.service import add_service, service_worth
from solvers.reference.supply import add_supply, supply_worth


def planning_model(data: Planning) -> pyo.ConcreteModel:
    """Return the model; its objective ``value`` is to be maximised."""
    model = pyo.ConcreteModel("planning problem")
    add_production(model, data)
    add_supply(model, data)
    add_rewards(model, data)
    add_service(model, data)
    add_clauses(model, data)
    parts = (
        production_costs(model, data)
        | supply_worth(model, data)
        | service_worth(model, data)
        | reward_worth(model, data)
        | penalties(model, data)
    )
    model.part = pyo.Expression(list(parts), initialize=parts)
    model.value = pyo.Objective(expr=sum(model.part.values()), sense=pyo.maximize)
    return model
