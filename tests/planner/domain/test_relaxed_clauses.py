"""Clauses loosened by an amount, by a share, or dropped."""

from __future__ import annotations

import dataclasses

import pytest

from planner.domain.clauses import Clause
from planner.domain.errors import InvalidRequest
from planner.domain.relaxation import Relaxation, parse_relaxation, relax
from planner.domain.scenario import Scenario
from planner.verification.counterfactual import clause_bounds, counterfactual
from planner.verification.findings import find_problems
from tests.scenario_builder import small_scenario

MEASURED = (
    "brand/budget",
    "brand/floor",
    "dist/volume",
    "dist/on-time",
    "dist/reserve",
    "dist/parity",
    "oil/take",
    "program/gold",
    "program/frozen",
)
"""Every clause of the small scenario that has a bound, one of each kind and two budgets."""


def clause(scenario: Scenario, name: str) -> Clause:
    """The clause of this id."""
    return next(found for found in scenario.clauses if found.id == name)


def gives(scenario: Scenario, changed: Scenario, name: str) -> list[float]:
    """By how much each bound of a clause gave way."""
    before, after = (
        [row for row in clause_bounds(each).iter_rows(named=True) if row["clause"] == name]
        for each in (scenario, changed)
    )
    return [
        (was["lower"] or 0.0) - (now["lower"] or 0.0) + (now["upper"] or 0.0) - (was["upper"] or 0.0)
        for was, now in zip(before, after, strict=True)
    ]


@pytest.mark.parametrize("name", MEASURED)
def test_an_amount_loosens_the_largest_bound_by_just_that(name: str) -> None:
    """Whatever the kind, the largest bound gives way by the amount in the unit of its measure, no other by more."""
    scenario = small_scenario()
    changed = counterfactual(scenario, [Relaxation(name, amount=0.1)]).scenario
    gave = gives(scenario, changed, name)
    assert max(gave) == pytest.approx(0.1)
    assert min(gave) >= 0
    assert not find_problems(changed)


@pytest.mark.parametrize("name", [*MEASURED, "oil/rebate", "brand/net"])
def test_a_share_loosens_a_clause_of_every_kind_that_has_a_number(name: str) -> None:
    """Ten per cent change the clause, no other clause, and leave a valid scenario."""
    scenario = small_scenario()
    changed = counterfactual(scenario, [Relaxation(name, share=0.1)]).scenario
    assert [was.id for was, now in zip(scenario.clauses, changed.clauses, strict=True) if was != now] == [name]
    assert not find_problems(changed)


def test_a_dropped_clause_is_gone_and_the_scenario_says_so() -> None:
    """The clause is left out, every other one stays, and the assumptions tell what was asked."""
    scenario = small_scenario()
    changed = relax(scenario, [Relaxation("brand/territory")], {})
    assert [each.id for each in changed.clauses] == [
        each.id for each in scenario.clauses if each.id != "brand/territory"
    ]
    assert changed.header.assumptions["what_if"] == ["brand/territory=drop"]


def test_a_lower_bound_never_falls_below_zero() -> None:
    """A minimum of 6 loosened by 100 is none at all, not a negative one."""
    changed = relax(small_scenario(), [Relaxation("dist/volume", amount=100.0)], {})
    assert dataclasses.asdict(clause(changed, "dist/volume"))["min"] == 0.0


@pytest.mark.parametrize("text", ["brand/budget=12.5", "brand/budget=10%", "a=b/c=drop"])
def test_what_is_written_is_what_was_read(text: str) -> None:
    """A relaxation is told in the form in which it is asked for; a clause id may hold an equals sign."""
    assert str(parse_relaxation(text)) == text


@pytest.mark.parametrize("text", ["brand/budget", "=3", "brand/budget=much", "brand/budget=-1", "brand/budget=nan%"])
def test_what_names_no_clause_and_amount_is_refused(text: str) -> None:
    """An amount is a number above 0, a percentage, or the word drop."""
    with pytest.raises(InvalidRequest):
        parse_relaxation(text)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([Relaxation("nobody", amount=1.0)], "no clause 'nobody'"),
        ([Relaxation("brand/territory", amount=1.0)], "brand/territory=drop"),
        ([Relaxation("dist/reserve", amount=1.0)], "give a share"),
        ([Relaxation("brand/budget", amount=1.0), Relaxation("brand/budget", share=0.1)], "once"),
        ([], "once"),
    ],
)
def test_what_cannot_be_loosened_like_that_says_what_to_ask_instead(asked: list[Relaxation], words: str) -> None:
    """Unknown clauses, clauses without a number, rates that bound nothing, and doubles are refused with the cure."""
    with pytest.raises(InvalidRequest, match=words):
        relax(small_scenario(), asked, {})
