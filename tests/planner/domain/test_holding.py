"""A scenario whose first periods are held to a plan allows that plan, and nothing else to be set up, made or bought."""

from __future__ import annotations

import polars as pl
import pytest

from planner.domain.holding import first_decisions, held_to, obstacles
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.verification.findings import find_problems
from planner.verification.recompute import recompute
from tests.plan_builder import small_plan, with_value, without_row
from tests.scenario_builder import frame, small_scenario, with_cell, with_table


def changed(plan: Plan, tables: dict[str, pl.DataFrame]) -> Plan:
    """Return the plan with other tables."""
    return Plan({**plan.tables, **tables}, plan.summary)


@pytest.mark.parametrize("periods", [1, 2, 4])
def test_a_held_scenario_is_valid_and_allows_the_plan_at_the_same_worth(periods: int) -> None:
    """The plan breaks nothing that holds it, and its value is what it was."""
    scenario, plan = small_scenario(), small_plan(small_scenario())
    held = held_to(scenario, plan, periods=periods)
    assert obstacles(scenario, plan, periods=periods) == ()
    assert find_problems(held) == ()
    before, after = recompute(scenario, dict(plan.tables)), recompute(held, dict(plan.tables))
    assert after.breaches == before.breaches == ()
    assert after.value == pytest.approx(before.value)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("production.firm", lambda t: with_value(t, "production", 0, "quantity", 9.0)),
        ("purchases.limit", lambda t: with_value(t, "purchases", 0, "quantity", 9.5)),
        ("clause", lambda t: with_value(t, "purchases", 0, "quantity", 8.5)),
    ],
)
def test_other_first_decisions_break_what_is_held(rule, change) -> None:  # type: ignore[no-untyped-def]
    """Another lot, or more or less bought in the first period, is a breach of the held scenario alone."""
    tables = change(dict(small_plan(small_scenario()).tables))
    held = held_to(small_scenario(), small_plan(small_scenario()), periods=1)
    found = {breach.rule for breach in recompute(held, tables).breaches}
    assert any(rule in each for each in found - {b.rule for b in recompute(small_scenario(), tables).breaches}), found


def test_a_lot_more_in_the_first_period_is_a_breach_and_a_later_one_is_none() -> None:
    """What the plan does not set up is closed in the first period, and open afterwards."""
    plan = small_plan(small_scenario())
    fewer = changed(plan, without_row(plan.tables, "production", 1))
    closed = "production.closed"
    assert closed in {b.rule for b in recompute(held_to(small_scenario(), fewer, periods=1), plan.tables).breaches}
    fewer = changed(plan, without_row(plan.tables, "production", 3))
    assert closed not in {b.rule for b in recompute(held_to(small_scenario(), fewer, periods=1), plan.tables).breaches}


def test_first_decisions_are_those_before_a_period() -> None:
    """Lots and purchases of later periods, and what was not set up or bought, are no part of them."""
    lots, bought = first_decisions(small_plan(small_scenario()), 1)
    assert set(lots["period"]) == {0}
    assert lots.height == 3
    assert bought.height == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: with_cell(s, "recipes", 0, "max_lot", 9.0), "outside the limits of a lot"),
        (lambda s: with_cell(s, "recipes", 1, "min_lot", 5.0), "outside the limits of a lot"),
        (lambda s: with_table(s, "recipes", s["recipes"][1:]), "there is no recipe"),
        (lambda s: with_table(s, "recipe_closures", frame("recipe_closures", [("1901", "mix", 0)])), "is closed"),
        (lambda s: with_cell(s, "firm", 0, "quantity", 6.0), "6 are released"),
        (lambda s: with_table(s, "firm", frame("firm", [("1901", "soap", 1, 2.0)])), "of soap at 1901 in period 1"),
        (lambda s: with_cell(s, "supplies", 0, "max_quantity", 8.0), "cannot be had"),
        (lambda s: with_table(s, "supplies", s["supplies"][1:]), "cannot be had"),
    ],
)
def test_a_scenario_that_cannot_be_as_the_plan_was_says_why(change, told: str) -> None:  # type: ignore[no-untyped-def]
    """What a plan of another scenario makes or buys may not be possible here; the reason names it."""
    scenario: Scenario = change(small_scenario())
    found = obstacles(scenario, small_plan(small_scenario()), periods=2)
    assert any(told in reason for reason in found), found


@pytest.mark.parametrize("periods", [0, 5])
def test_periods_outside_the_horizon_cannot_be_held(periods: int) -> None:
    """The horizon has four periods."""
    with pytest.raises(ValueError, match="from 1 to 4 periods"):
        held_to(small_scenario(), small_plan(small_scenario()), periods=periods)
