"""A plan says what a recomputation finds, and any one number changed is noticed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import polars as pl
import pytest

from planner.domain.plan import DECISION_TABLES, PLAN_TABLES, Plan
from planner.domain.scenario import Scenario
from planner.verification.check import check_plan
from planner.verification.check_summary import worth_breaches
from tests.patient_verifier import patient_verifier
from tests.plan_builder import small_plan as made_plan
from tests.plan_builder import with_row, with_value, without_row
from tests.scenario_builder import small_scenario as made_scenario
from tests.scenario_builder import with_cell


@pytest.fixture(scope="module", autouse=True)
def _patience() -> Iterator[None]:
    """Let the verifier remember what it recomputed from the same tables."""
    with patient_verifier():
        yield


@cache
def small_scenario() -> Scenario:
    """The small scenario, made once."""
    return made_scenario()


@cache
def _plan() -> Plan:
    return made_plan(small_scenario())


def small_plan(scenario: Scenario) -> Plan:
    """The plan of the small scenario, made once."""
    assert scenario is small_scenario()
    return _plan()


def with_summary(plan: Plan, *path: str, value: object) -> Plan:
    """Return the plan with one entry of `plan.json` replaced."""
    summary: Any = copy.deepcopy(dict(plan.summary))
    inner = summary
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return Plan(plan.tables, summary)


def first_rule(plan: Plan) -> str:
    """Return the rule of the first thing that does not hold."""
    first = check_plan(small_scenario(), plan).first
    assert first is not None
    return first.rule


def test_a_plan_that_says_the_truth_holds() -> None:
    """A plan whose tables and summary were made from its decisions has no breach."""
    scenario = small_scenario()
    report = check_plan(scenario, small_plan(scenario))
    assert report.breaches == ()
    assert report.holds
    assert report.first is None


SUMMARY_CASES: list[tuple[tuple[str, ...], object, str]] = [
    (("value",), 100.1, "value"),
    (("value",), None, "plan.number"),
    (("value",), True, "plan.number"),
    (("value_parts", "freight"), -31.4, "value.part"),
    (("value_parts", "luck"), 1.0, "value.part"),
    (("value_parts",), None, "value.part"),
    (("bound_proved",), -1e6, "bound"),
    (("bound_checked",), float("inf"), "plan.number"),
    (("bound_checked",), -1e6, "bound"),
    (("gap",), 0.5, "gap"),
    (("gap_checked",), 0.5, "gap"),
    (("plan_hash",), "0" * 64, "hash"),
    (("scenario_hash",), "0" * 64, "hash"),
    (("tables_hash", "duals"), "0" * 64, "hash"),
    (("tables_hash",), None, "hash"),
]


@pytest.mark.parametrize(("path", "value", "rule"), SUMMARY_CASES)
def test_each_statement_of_the_summary_is_held_against_the_recomputation(
    path: tuple[str, ...], value: object, rule: str
) -> None:
    """A wrong value, part, bound, gap or hash is the first thing named."""
    assert first_rule(with_summary(small_plan(small_scenario()), *path, value=value)) == rule


def test_parts_that_do_not_add_up_to_the_value_are_noticed() -> None:
    """A difference below the tolerance of the value still contradicts the sum of the parts."""
    plan = small_plan(small_scenario())
    value = plan.summary["value"]
    assert isinstance(value, float)
    assert first_rule(with_summary(plan, "value", value=value * (1 + 5e-7))) == "value.sum"


def test_the_gap_of_a_plan_worth_nothing_is_the_difference() -> None:
    """Where the value is 0 the gap must be the bound itself."""
    scenario = small_scenario()
    plan = small_plan(scenario)
    worth = plan.summary["value"]
    assert isinstance(worth, float)
    # A segment that pays exactly what the rest of the plan loses makes it worth nothing.
    prices = scenario["orders"]["unit_revenue"].to_list()
    free = with_cell(scenario, "orders", 3, "unit_revenue", prices[3] - worth / 3.0)
    found = check_plan(free, plan).recomputation
    assert found.value == pytest.approx(0.0, abs=1e-9)
    honest = {**plan.summary, "value": 0.0, "value_parts": dict(found.parts)}
    bounds = {"bound_proved": 7.0, "gap": 7.0, "bound_checked": 8.0, "gap_checked": 8.0}
    rules = {breach.rule for breach in check_plan(free, Plan(plan.tables, {**honest, **bounds})).breaches}
    assert rules == {"hash"}
    wrong = {breach.rule for breach in check_plan(free, Plan(plan.tables, {**honest, **bounds, "gap": 1.0})).breaches}
    assert wrong == {"gap", "hash"}


TABLE_CASES: list[tuple[str, int, str, object, str]] = [
    ("production", 0, "quantity", 10.1, "stock.balance"),
    ("funding", 0, "expected_spend", 0.9, "funding"),
    ("clauses", 0, "measure", 1.5, "clauses.measure"),
    ("clauses", 0, "upper", None, "clauses.upper"),
    ("clauses", 0, "lower", 0.0, "clauses.lower"),
    ("clauses", 0, "violation", 0.3, "clauses.violation"),
    ("clauses", 0, "penalty", 0.3, "clauses.penalty"),
    ("clauses", 0, "contract", "C-other", "clauses.row"),
    ("clauses", 1, "window", 3, "clauses.row"),
    ("clauses", 0, "price", -0.1, "clauses.price"),
    ("clauses", 0, "price", None, "clauses.price"),
    ("prices", 0, "price", float("inf"), "prices.price"),
    ("duals", 0, "dual", float("nan"), "duals.dual"),
    ("prices", 0, "price", 1.6, "hash"),
    ("duals", 0, "dual", -2.6, "hash"),
    ("overtime", 0, "quantity", 1.0 + 1e-12, "overtime.decimals"),
    ("overtime", 0, "quantity", 1.0 + 1e-9, "hash"),
]


@pytest.mark.parametrize(("table", "row", "column", "value", "rule"), TABLE_CASES)
def test_each_table_is_held_against_the_recomputation(
    table: str, row: int, column: str, value: object, rule: str
) -> None:
    """A wrong cell is named by the most telling rule first."""
    plan = small_plan(small_scenario())
    at = row if table != "production" else plan["production"]["product"].to_list().index("soap")
    assert first_rule(Plan(with_value(plan.tables, table, at, column, value), plan.summary)) == rule


@pytest.mark.parametrize("table", ["clauses", "prices", "duals", "funding"])
def test_rows_missing_or_standing_twice_are_noticed(table: str) -> None:
    """A statement left out or repeated does not hold."""
    plan = small_plan(small_scenario())
    assert not check_plan(small_scenario(), Plan(without_row(plan.tables, table, 0), plan.summary)).holds
    twice = with_row(plan.tables, table, *plan[table].row(0))
    rules = {breach.rule for breach in check_plan(small_scenario(), Plan(twice, plan.summary)).breaches}
    assert f"{table}.duplicate" in rules


def test_a_plan_of_another_scenario_does_not_hold() -> None:
    """A scenario that differs only in a text no rule reads is told by its hash."""
    other = with_cell(small_scenario(), "products", 0, "unit", "kg")
    report = check_plan(other, small_plan(small_scenario()))
    assert [(breach.rule, breach.where) for breach in report.breaches] == [("hash", "scenario_hash")]


def test_another_scenario_is_told_before_what_follows_from_it() -> None:
    """Where other prices change the value too, the first thing named is that the plan belongs elsewhere."""
    other = with_cell(small_scenario(), "orders", 0, "unit_revenue", 1e6)
    report = check_plan(other, small_plan(small_scenario()))
    assert len(report.breaches) > 1
    assert report.first is not None
    assert report.first.where == "scenario_hash"


def _mutated(plan: Plan, dice: random.Random) -> tuple[str, Plan]:
    numbers = [
        (table, column)
        for table, types in PLAN_TABLES.items()
        for column, dtype in types.items()
        if dtype.is_numeric() and plan[table].height
    ]
    table, column = dice.choice(numbers)
    row = dice.randrange(plan[table].height)
    old = plan[table][column][row]
    size = 10.0 ** dice.randint(-8 if table in DECISION_TABLES else -12, 1)
    change: float = dice.choice((-1, 1)) * (size if plan[table].schema[column] == pl.Float64 else dice.randint(1, 3))
    changed = with_value(plan.tables, table, row, column, (old or 0) + change)
    return f"{table} row {row} {column}: {old} by {change}", Plan(changed, plan.summary)


def test_any_one_number_changed_in_a_table_is_noticed() -> None:
    """Random single changes of any size, in any table, are all caught."""
    scenario, dice = small_scenario(), random.Random(5)
    plan = small_plan(scenario)
    for _ in range(60):
        what, mutant = _mutated(plan, dice)
        assert not check_plan(scenario, mutant).holds, what


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0])
def test_any_one_number_changed_in_the_summary_is_noticed(scale: float) -> None:
    """A value, part, bound or gap moved by any amount beyond a millionth contradicts the rest."""
    scenario = small_scenario()
    plan = small_plan(scenario)
    recomputation = check_plan(scenario, plan).recomputation
    paths: list[tuple[str, ...]] = [("value",), ("bound_proved",), ("bound_checked",), ("gap",), ("gap_checked",)]
    parts = plan.summary["value_parts"]
    assert isinstance(parts, dict)
    for path in [*paths, *(("value_parts", name) for name in parts)]:
        old = plan.summary[path[0]] if len(path) == 1 else parts[path[1]]
        assert isinstance(old, float)
        for sign in (-1.0, 1.0):
            mutant = with_summary(plan, *path, value=old + sign * scale * max(1.0, abs(old)))
            assert worth_breaches(mutant.summary, recomputation), (path, sign)
