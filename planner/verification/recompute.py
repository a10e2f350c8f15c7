"""Value, clauses and every hard rule of a plan, recomputed from the scenario and the decisions alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from planner.domain.clauses import clause_scopes
from planner.domain.demand import demand_cube
from planner.domain.eligibility import Eligibility
from planner.domain.plan import PLAN_TABLES, VALUE_PARTS
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.verification.breaches import Breach, tolerance
from planner.verification.clause_measures import MeasuredPlan, measure
from planner.verification.decisions import Rows, read_decisions
from planner.verification.markets import market_breaches, market_parts
from planner.verification.materials import material_breaches, material_parts
from planner.verification.production import production_breaches, production_parts
from planner.verification.rewards import (
    RewardOutcome,
    funding_breaches,
    funding_table,
    reward_breaches,
    reward_cost,
    reward_outcome,
)

CLAUSE_COLUMNS = {name: kind for name, kind in PLAN_TABLES["clauses"].items() if name != "price"}
"""Columns of the recomputed clause table: those of the plan's without the price, which no recomputation gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputation:
    """What a plan is worth and what it breaks.

    ``parts`` has one entry per value part, ``value`` is their sum. ``clauses`` has :data:`CLAUSE_COLUMNS`,
    ``expected_funding`` partner, window, expected_spend. ``breaches`` is empty iff every hard rule holds. ``rewards``
    are the reward rows that name something known, ``outcome`` is what they lead to.
    """

    value: float
    parts: Mapping[str, float]
    clauses: pl.DataFrame
    breaches: tuple[Breach, ...]
    expected_funding: pl.DataFrame
    rewards: Rows
    outcome: RewardOutcome


def recompute(
    scenario: Scenario, tables: Mapping[str, pl.DataFrame], *, eligibility: Eligibility | None = None
) -> Recomputation:
    """Recompute a plan in 64-bit arithmetic.

    ``tables`` holds the decision tables of :data:`planner.domain.plan.DECISION_TABLES`; ``funding`` may be left out
    while a plan is being made, and is then not compared. ``eligibility`` spares evaluating the rules again. Rows that
    name nothing known are breaches and count nowhere else.
    """
    if eligibility is None:
        eligibility = eligibility_patterns(scenario)
    decisions, breaches = read_decisions(scenario, tables)
    cube = demand_cube(scenario)
    outcome = reward_outcome(scenario, decisions.rewards)
    demand = cube.base + outcome.uplift
    funding = funding_table(scenario, outcome)
    clauses, rebates, broken = _clauses(MeasuredPlan(scenario, decisions, outcome, eligibility))
    breaches += production_breaches(scenario, decisions)
    breaches += material_breaches(scenario, decisions)
    breaches += market_breaches(scenario, decisions, demand)
    breaches += reward_breaches(scenario, decisions.rewards, outcome, cube=cube, eligibility=eligibility)
    if "funding" in tables:
        breaches += funding_breaches(funding, tables["funding"])
    breaches += broken
    found = {
        **production_parts(scenario, decisions),
        **material_parts(scenario, decisions),
        **market_parts(scenario, decisions, cube, demand),
        "rewards": reward_cost(scenario, outcome),
        "penalties": -math.fsum(clauses["penalty"]),
        "rebates": rebates,
    }
    # Adding zero turns the −0.0 of an absent cost into 0.
    parts = {name: found[name] + 0.0 for name in VALUE_PARTS}
    return Recomputation(
        value=math.fsum(parts.values()),
        parts=parts,
        clauses=clauses,
        breaches=tuple(breaches),
        expected_funding=funding,
        rewards=decisions.rewards,
        outcome=outcome,
    )


def _clauses(plan: MeasuredPlan) -> tuple[pl.DataFrame, float, list[Breach]]:
    rows: list[tuple[str, str, int | None, float, float | None, float | None, float, float]] = []
    rebates: list[float] = []
    breaches = []
    for clause in plan.scenario.clauses:
        for scope in clause_scopes(clause, plan.scenario.horizon):
            measured = measure(clause, scope, plan)
            if measured is None:
                break
            lower, upper, value = measured.lower, measured.upper, measured.value
            over = value - upper if upper is not None else -math.inf
            under = lower - value if lower is not None else -math.inf
            violation = max(0.0, over, under)
            bound = upper if over >= under else lower
            if clause.penalty is None and bound is not None and violation > tolerance(bound):
                message = f"the measure {value:g} of the hard clause lies outside {_interval(lower, upper)}"
                window = "" if scope.window is None else f" ({clause.kind} window {scope.window})"
                breaches.append(Breach("clause", clause.id, message + window, violation))
            paid = violation * (clause.penalty or 0.0)
            rows.append((clause.contract, clause.id, scope.window, value, lower, upper, violation, paid))
            rebates.append(measured.rebate)
    return pl.DataFrame(rows, schema=CLAUSE_COLUMNS, orient="row"), math.fsum(rebates), breaches


def _interval(lower: float | None, upper: float | None) -> str:
    return f"[{'−∞' if lower is None else f'{lower:g}'}, {'∞' if upper is None else f'{upper:g}'}]"
