"""What every clause measures in a plan: one row per clause and scope, with its bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ClauseScope,
    ParityClause,
    PurchaseClause,
    RebateClause,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.eligibility import Eligibility
from planner.domain.lookup import row_positions
from planner.domain.scenario import Scenario
from planner.verification.breaches import Bools, tolerance
from planner.verification.decisions import Decisions
from planner.verification.markets import served_per_order
from planner.verification.production import routing_use
from planner.verification.rewards import RewardOutcome


@dataclass(frozen=True, slots=True)
class Measure:
    """The measure of a clause in one scope and its bounds (None: no bound); ``rebate`` is the money paid back."""

    value: float
    lower: float | None = None
    upper: float | None = None
    rebate: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredPlan:
    """A plan with what several clauses need of it, computed once."""

    scenario: Scenario
    decisions: Decisions
    outcome: RewardOutcome
    eligibility: Eligibility


def measure(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure | None:
    """Return what a clause measures in a scope; None for the kinds without a measure (exclusivity, price floor)."""
    measured = _MEASURES.get(clause.kind)
    return None if measured is None else measured(clause, scope, plan)


def _budget(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("BudgetClause", clause)
    payer = plan.scenario["partners"]["partner"].eq(clause.partner).to_numpy()
    spent = plan.outcome.funded[payer][:, list(scope.reward_windows)].sum()
    return Measure(float(spent), clause.min, clause.max)


def _volume(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("VolumeClause", clause)
    served = served_per_order(plan.scenario, plan.decisions.order_service)
    return Measure(float(served[_orders(plan.scenario, clause.orders_of, scope)].sum()), clause.min, clause.max)


def _service(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("ServiceClause", clause)
    rows, orders = plan.decisions.order_service, plan.scenario["orders"]
    if clause.on_time:
        rows = rows.where(rows["period"] <= orders["period"].to_numpy()[rows["order"]])
    chosen = _orders(plan.scenario, clause.orders_of, scope)
    ordered = orders["quantity"].to_numpy()[chosen].sum()
    return Measure(
        float(served_per_order(plan.scenario, rows)[chosen].sum()), lower=float(clause.min_fill_rate * ordered)
    )


def _reservation(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("ReservationClause", clause)
    scenario, (period,) = plan.scenario, scope.periods
    products, routings, resources = scenario["products"], scenario["routings"], scenario["resources"]
    families = products.filter(products["family"].is_in(list(clause.families)))["product"]
    here = (routings["plant"] == clause.plant) & routings["product"].is_in(families.implode())
    made = row_positions(routings.select("plant", "product"), scenario["recipes"].select("plant", "product")) >= 0
    chosen = here.to_numpy() & made
    used = routing_use(scenario, plan.decisions)[chosen, period].sum()
    of_these = routings["resource"].filter(chosen).implode()
    limits = resources.filter(
        (resources["plant"] == clause.plant) & (resources["period"] == period) & resources["resource"].is_in(of_these)
    )["regular"]
    rows, orders = plan.decisions.order_service, scenario["orders"]
    owed = (orders["partner"] == clause.orders_of) & orders["product"].is_in(families.implode())
    served = rows.quantity[owed.to_numpy()[rows["order"]] & (rows["period"] == period)].sum()
    upper = None if limits.null_count() else (1.0 - clause.share) * float(limits.sum())
    return Measure(float(used - served), upper=upper)


def _purchase(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("PurchaseClause", clause)
    bought = plan.decisions.purchases[_supplies(plan.scenario, clause.supplier, scope)]
    return Measure(float(bought.sum()), clause.min, clause.max)


def _rebate(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("RebateClause", clause)
    chosen = _supplies(plan.scenario, clause.supplier, scope)
    bought = plan.decisions.purchases[chosen]
    paid = float(bought @ plan.scenario["supplies"]["unit_cost"].to_numpy()[chosen])
    quantity, rate = float(bought.sum()), 0.0
    for tier in sorted(clause.tiers, key=lambda tier: tier.from_quantity):
        if tier.from_quantity - quantity <= tolerance(tier.from_quantity):
            rate = tier.rate
    return Measure(quantity, rebate=rate * paid)


def _parity(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("ParityClause", clause)
    served = served_per_order(plan.scenario, plan.decisions.order_service)
    ordered = plan.scenario["orders"]["quantity"].to_numpy()
    fills = []
    for partner in clause.orders_of:
        chosen = _orders(plan.scenario, partner, scope)
        if ordered[chosen].sum() > 0:
            fills.append(float(served[chosen].sum() / ordered[chosen].sum()))
    return Measure(max(fills) - min(fills) if fills else 0.0, upper=clause.max_fill_gap)


def _reward_floor(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("RewardFloorClause", clause)
    of_tier = plan.scenario["customers"]["tier"].eq(clause.tier).fill_null(value=False).to_numpy()
    any_offer = np.asarray(plan.eligibility.allowed.any(axis=1))[plan.eligibility.pattern]
    rewards = plan.decisions.rewards
    reached = np.zeros(len(of_tier), dtype=np.bool_)
    reached[rewards["customer"][np.isin(rewards["window"], scope.reward_windows)]] = True
    return Measure(
        float(np.count_nonzero(reached & of_tier)),
        lower=clause.min_share * float(np.count_nonzero(any_offer & of_tier)),
    )


def _stability(clause: Clause, scope: ClauseScope, plan: MeasuredPlan) -> Measure:
    clause = cast("StabilityClause", clause)
    recipes, baseline = plan.scenario["recipes"], plan.scenario["baseline"]
    recipe = row_positions(baseline.select("plant", "product"), recipes.select("plant", "product"))
    frozen = np.isin(baseline["period"].to_numpy(), scope.periods)
    quantity, made = baseline["quantity"].to_numpy(), np.asarray(recipe >= 0)
    was = np.zeros_like(plan.decisions.production)
    was[recipe[frozen & made], baseline["period"].to_numpy()[frozen & made]] = quantity[frozen & made]
    periods = list(scope.periods)
    moved = np.abs(plan.decisions.production[:, periods] - was[:, periods]).sum() + quantity[frozen & ~made].sum()
    return Measure(float(moved), upper=clause.max)


def _orders(scenario: Scenario, partner: str, scope: ClauseScope) -> Bools:
    orders = scenario["orders"]
    return np.asarray((orders["partner"] == partner).to_numpy() & np.isin(orders["period"].to_numpy(), scope.periods))


def _supplies(scenario: Scenario, supplier: str, scope: ClauseScope) -> Bools:
    supplies = scenario["supplies"]
    inside = np.isin(supplies["period"].to_numpy(), scope.periods)
    return np.asarray((supplies["partner"] == supplier).to_numpy() & inside)


_MEASURES: dict[str, Callable[[Clause, ClauseScope, MeasuredPlan], Measure]] = {
    BudgetClause.kind: _budget,
    VolumeClause.kind: _volume,
    ServiceClause.kind: _service,
    ReservationClause.kind: _reservation,
    PurchaseClause.kind: _purchase,
    RebateClause.kind: _rebate,
    ParityClause.kind: _parity,
    RewardFloorClause.kind: _reward_floor,
    StabilityClause.kind: _stability,
}
