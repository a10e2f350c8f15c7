"""What binds a plan, from its folder and its scenario alone: no solver, only the prices that the plan carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.domain.demand import demand_cube
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.verification.decisions import Decisions, read_decisions
from planner.verification.explanation_budgets import BudgetUse, budget_uses
from planner.verification.explanation_demand import Shortfall, shortfalls
from planner.verification.explanation_parts import Part
from planner.verification.explanation_prices import read_prices
from planner.verification.explanation_routes import Routes
from planner.verification.explanation_words import budget_words, shortfall_words
from planner.verification.production import routing_use
from planner.verification.rewards import reward_outcome

_FULL = 1e-6
"""A resource with less of its capacity left than this share is full."""


@dataclass(frozen=True, slots=True)
class ExplainedShortfall:
    """A shortfall with its explanation in words."""

    fact: Shortfall
    text: str


@dataclass(frozen=True, slots=True)
class ExplainedBudget:
    """A budget with its explanation in words."""

    fact: BudgetUse
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExplanation:
    """What binds a plan.

    ``priced`` says whether the plan carries prices; without any, reasons rest on none. ``shortfalls`` are late and
    short orders in table order, then lost demand per market and product; ``budgets`` every application of every
    budget clause.
    """

    currency: str
    value: float | None
    bound: float | None
    priced: bool
    shortfalls: tuple[ExplainedShortfall, ...]
    budgets: tuple[ExplainedBudget, ...]


def explain(scenario: Scenario, plan: Plan) -> PlanExplanation:
    """Explain every late or short order, lost demand and every offer budget of a plan that belongs to the scenario."""
    decisions, _ = read_decisions(scenario, plan.tables)
    cube, prices = demand_cube(scenario), read_prices(plan)
    outcome = reward_outcome(scenario, decisions.rewards)
    lost = np.maximum(cube.base + outcome.uplift - decisions.segment_service, 0.0)
    routes = Routes(scenario, prices, plan["production"])
    full = _full_resources(scenario, decisions)
    shorts = shortfalls(scenario, decisions, cube, lost=lost, prices=prices, routes=routes)
    uses = budget_uses(scenario, decisions.rewards, cube, eligibility=eligibility_patterns(scenario), prices=prices)
    currency = scenario.header.currency
    return PlanExplanation(
        currency=currency,
        value=_number(plan.summary.get("value")),
        bound=_number(plan.summary.get("bound_proved")),
        priced=prices.known,
        shortfalls=tuple(
            ExplainedShortfall(
                short, shortfall_words(short, currency, routes=routes, full=_is_full(short.binding, full))
            )
            for short in shorts
        ),
        budgets=tuple(ExplainedBudget(use, budget_words(use, currency)) for use in uses),
    )


def _full_resources(scenario: Scenario, decisions: Decisions) -> frozenset[tuple[str, str, int]]:
    """Return the resources that the plan uses up, overtime included."""
    used: dict[tuple[str, str], np.typing.NDArray[np.float64]] = {}
    names = scenario["routings"].select("plant", "resource").iter_rows()
    for name, use in zip(names, routing_use(scenario, decisions), strict=True):
        used[name] = used.get(name, np.zeros(len(use))) + use
    found = set()
    columns = scenario["resources"].select("plant", "resource", "period", "regular", "overtime_max")
    for plant, resource, t, regular, overtime in columns.iter_rows():
        if regular is None or overtime is None or (plant, resource) not in used:
            continue
        if used[plant, resource][t] >= (regular + overtime) * (1 - _FULL):
            found.add((plant, resource, t))
    return frozenset(found)


def _is_full(part: Part | None, full: frozenset[tuple[str, str, int]]) -> bool:
    return part is not None and part.kind == "capacity" and (part.plant, part.name, part.period) in full


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
