"""Every hard rule has a plan that breaks it and nothing else about that row."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.scenario import Scenario
from planner.verification.breaches import LISTED
from planner.verification.recompute import recompute
from tests.plan_builder import Tables, small_decisions, with_row, with_value, without_row
from tests.scenario_builder import frame, small_scenario, with_cell, with_clauses, with_table

Case = Callable[[Scenario, Tables], tuple[Scenario, Tables]]


def cell(table: str, row: int, column: str, value: object) -> Case:
    """Change one cell of the plan."""
    return lambda s, t: (s, with_value(t, table, row, column, value))


def row(table: str, *values: object) -> Case:
    """Add one row to the plan."""
    return lambda s, t: (s, with_row(t, table, *values))


def given(table: str, at: int, column: str, value: object) -> Case:
    """Change one cell of the scenario."""
    return lambda s, t: (with_cell(s, table, at, column, value), t)


def closed(*closure: object) -> Case:
    """Close a lane of the scenario in one period."""
    return lambda s, t: (with_table(s, "lane_closures", frame("lane_closures", [closure])), t)


def not_made(*closure: object) -> Case:
    """Close a recipe of the scenario in one period."""
    return lambda s, t: (with_table(s, "recipe_closures", frame("recipe_closures", [closure])), t)


CASES: list[tuple[str, str, Case]] = [
    ("production.unknown", "plant P2, product soap, period 0", row("production", "P2", "soap", 0, 1.0, 1)),
    ("production.unknown", "product soap, period 0", cell("production", 0, "plant", None)),
    ("production.period", "plant 1901, product soap, period 4", row("production", "1901", "soap", 4, 1.0, 1)),
    ("production.period", "plant 1901, product soap, period -1", row("production", "1901", "soap", -1, 1.0, 1)),
    ("production.quantity", "plant 1901, product soap, period 3", row("production", "1901", "soap", 3, -1e-9, 1)),
    ("production.quantity", "plant 1901, product soap, period 3", row("production", "1901", "soap", 3, None, 1)),
    ("purchases.quantity", "partner oilco, material oil, period 0", cell("purchases", 0, "quantity", float("nan"))),
    ("overtime.quantity", "plant 1901, resource line, period 2", cell("overtime", 0, "quantity", float("inf"))),
    ("production.duplicate", "plant P2, product cream, period 1", row("production", "P2", "cream", 1, 0.0, 0)),
    ("production.setup-value", "plant 1901, product soap, period 0", cell("production", 0, "setup", 2)),
    ("production.setup", "plant 1901, product soap, period 0", cell("production", 0, "setup", 0)),
    ("production.min-lot", "plant 1901, product mix, period 0", given("recipes", 1, "min_lot", 4.1)),
    ("production.max-lot", "plant 1901, product soap, period 0", given("recipes", 0, "max_lot", 9.9)),
    ("production.firm", "plant P2, product cream, period 0", given("firm", 0, "quantity", 5.1)),
    ("production.firm", "plant P2, product cream, period 0", cell("production", 2, "setup", 0)),
    ("capacity", "plant 1901, resource line, period 0", given("resources", 0, "regular", 15.7)),
    ("capacity", "plant 1901, resource line, period 0", given("routings", 0, "setup_capacity", 14.8)),
    ("capacity", "plant P2, resource line, period 0", lambda s, t: (with_table(s, "resources", s["resources"][:4]), t)),
    ("overtime.limit", "plant 1901, resource line, period 2", cell("overtime", 0, "quantity", 8.1)),
    ("overtime.unknown", "plant P2, resource oven, period 2", row("overtime", "P2", "oven", 2, 1.0)),
    ("stock.balance", "plant 1901, product mix, period 3", cell("stock", 7, "quantity", 1.1)),
    ("stock.balance", "plant 1901, product mix, period 0", given("recipes", 1, "lead_time", 0)),
    ("stock.balance", "plant 1901, product soap, period 0", given("bom", 1, "quantity", 0.5)),
    ("stock.balance", "plant 1901, product soap, period 1", given("receipts", 0, "quantity", 2.5)),
    ("stock.unknown", "plant 1901, item oil, period 0", row("stock", "1901", "oil", 0, 1.0)),
    ("stock.limit", "plant P2, product cream, period 1", given("stock", 2, "max_stock", 7.9)),
    ("material.balance", "material oil, period 0", cell("purchases", 0, "quantity", 2.7)),
    ("purchases.limit", "partner oilco, material oil, period 0", given("supplies", 0, "max_quantity", 8.9)),
    ("purchases.unknown", "partner brand, material oil, period 0", row("purchases", "brand", "oil", 0, 1.0)),
    ("shipments.unknown", "plant 1901, market west, product soap", row("shipments", "1901", "west", "soap", 0, 1.0)),
    ("lane", "plant 1901, product soap, period 0", lambda s, t: (with_table(s, "lanes", s["lanes"][1:]), t)),
    ("lane", "plant 1901, product soap, period 0", closed("1901", "north", "*", 0)),
    ("lane", "plant 1901, product mix, period 1", closed("1901", "south", "mix", 1)),
    ("production.closed", "plant 1901, product soap, period 0", not_made("1901", "soap", 0)),
    ("market.balance", "market north, product mix, period 3", given("lanes", 0, "transit", 1)),
    ("market.balance", "market south, product mix, period 1", given("lanes", 2, "transit", 1)),
    ("market.balance", "market north, product soap, period 1", cell("service", 6, "quantity", 2.1)),
    ("market.balance", "market south, product cream, period 1", cell("shipments", 5, "quantity", 5.9)),
    ("service.unknown", "kind gift, id A1, product soap, period 0", row("service", "gift", "A1", "soap", 0, 1.0)),
    ("service.unknown", "kind order, id A9, product soap", row("service", "order", "A9", "soap", 0, 1.0)),
    ("service.duplicate", "kind order, id A1, product soap", row("service", "order", "A1", "soap", 0, 0.0)),
    ("order.product", "order A1, product cream, period 0", cell("service", 0, "product", "cream")),
    ("order.window", "order B1, product cream, period 2", row("service", "order", "B1", "cream", 2, 0.1)),
    ("order.window", "order A2, product cream, period 1", row("service", "order", "A2", "cream", 1, 0.1)),
    ("order.quantity", "order A1", cell("service", 0, "quantity", 3.1)),
    ("demand", "segment north-gold, product soap, period 0", cell("service", 5, "quantity", 2.16)),
    ("demand", "segment north-gold, product soap, period 0", given("offer_effects", 0, "units_per_redemption", 0.6)),
    ("rewards.unknown", "customer 7, window 0, offer O1", row("rewards", "7", 0, "O1")),
    ("rewards.unknown", "customer 6, window 0, offer O7", row("rewards", "6", 0, "O7")),
    ("rewards.window", "customer 6, window 2, offer O1", row("rewards", "6", 2, "O1")),
    ("rewards.duplicate", "customer 1, window 0, offer O1", row("rewards", "1", 0, "O3")),
    ("rewards.eligibility", "customer 3, window 0, offer O3", row("rewards", "3", 0, "O3")),
    ("rewards.eligibility", "customer 5, window 0, offer O3", row("rewards", "5", 0, "O3")),
    ("rewards.eligibility", "customer 4, window 1, offer O2", cell("rewards", 3, "offer", "O2")),
    ("offer.limit", "offer O1", given("offers", 0, "max_redemptions", 0.29)),
    ("funding", "partner brand, window 0", cell("funding", 0, "expected_spend", 0.79)),
    ("funding", "partner program, window 1", lambda s, t: (s, without_row(t, "funding", 9))),
    ("funding", "partner brand, window 2", row("funding", "brand", 2, 0.0)),
    ("funding.duplicate", "partner program, window 1", row("funding", "program", 1, 0.0)),
]


@pytest.mark.parametrize(("rule", "where", "case"), CASES)
def test_each_rule_names_the_row_that_breaks_it(rule: str, where: str, case: Case) -> None:
    """A plan with one change breaks the rule of that change, at that row."""
    scenario, tables = case(small_scenario(), small_decisions())
    found = [(breach.rule, breach.where) for breach in recompute(scenario, tables).breaches]
    assert any(name == rule and at.startswith(where) for name, at in found), found


TERMS = {"id": "c", "contract": "C", "partner": "brand"}
HARD: list[tuple[Clause, float]] = [
    (BudgetClause(max=1.0, **TERMS), 0.08),
    (BudgetClause(min=1.1, **TERMS), 0.02),
    (VolumeClause(orders_of="dist-a", min=8.5, **TERMS), 0.5),
    (VolumeClause(orders_of="dist-a", max=7.0, **TERMS), 1.0),
    (ServiceClause(orders_of="dist-a", min_fill_rate=1.0, **TERMS), 1.0),
    (ReservationClause(plant="1901", share=0.8, families=("care",), orders_of="dist-a", **TERMS), 1.5),
    (PurchaseClause(supplier="oilco", max=5.0, **TERMS), 4.0),
    (ParityClause(orders_of=("dist-a", "dist-b"), max_fill_gap=0.1, **TERMS), 1 / 90),
    (RewardFloorClause(tier="silver", min_share=1.0, **TERMS), 1.0),
    (StabilityClause(frozen_periods=(0,), max=5.5, **TERMS), 0.5),
]


@pytest.mark.parametrize(("clause", "violation"), HARD)
def test_a_hard_clause_that_is_violated_is_a_breach_named_by_its_id(clause: Clause, violation: float) -> None:
    """A hard clause outside its bounds is a breach by its violation, and costs no penalty."""
    found = recompute(with_clauses(small_scenario(), clause), small_decisions())
    (breach,) = found.breaches
    assert (breach.rule, breach.where) == ("clause", "c")
    assert breach.amount == pytest.approx(violation)
    assert found.parts["penalties"] == 0.0


def test_contract_bans_hold_only_inside_their_dates_and_segments() -> None:
    """An offer outside its sponsor's markets, or below its price floor, is a breach per reward."""
    small, tables = small_scenario(), small_decisions()
    territory = ExclusivityClause(offers_of="brand", markets=("south",), **TERMS)
    found = recompute(with_clauses(small, territory), tables).breaches
    assert [breach.rule for breach in found] == ["rewards.ban"] * 3
    floor = PriceFloorClause(offers_of="brand", min_net_revenue_share=0.95, **TERMS)
    assert [b.where for b in recompute(with_clauses(small, floor), tables).breaches] == [
        "customer 1, window 0, offer O1",
        "customer 2, window 0, offer O2",
        "customer 1, window 1, offer O2",
    ]


def test_many_breaches_of_one_rule_are_counted_not_listed() -> None:
    """Beyond a limit the places of a rule are counted, so that a hopeless plan can still be reported."""
    tables = small_decisions()
    extra = pl.DataFrame({"customer": [f"x{i}" for i in range(LISTED + 7)]})
    rewards = extra.with_columns(window=pl.lit(0, pl.Int64), offer=pl.lit("O1"))
    found = recompute(small_scenario(), {**tables, "rewards": tables["rewards"].vstack(rewards)}).breaches
    assert len(found) == LISTED + 1
    assert found[-1].message.startswith("7 more places")


def test_a_shipment_on_a_closed_lane_is_told_apart_from_one_without_a_lane():
    """The breach says that the lane is closed then; a closure of the lane for all leaves that of one product open."""
    scenario, tables = closed("1901", "north", "*", 0)(small_scenario(), small_decisions())
    (breach,) = recompute(scenario, tables).breaches
    assert (breach.rule, breach.message) == ("lane", "the lane to market north is closed in this period")
    scenario, tables = closed("1901", "south", "*", 1)(small_scenario(), small_decisions())
    assert not any("mix" in breach.where for breach in recompute(scenario, tables).breaches)
