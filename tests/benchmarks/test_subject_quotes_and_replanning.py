"""The subjects of quotes and of planning anew: both answer their smallest case, and false claims are refuted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.subject import Answer, Stopwatch, Subject
from benchmarks.subjects import coordination_quotes, coordination_replanning


def answered(subject: Subject, case: str, contender: str) -> tuple[Any, Answer]:
    """Let a contender answer a case; return the instance too."""
    instance = subject.prepare(subject.case(case), None, 7)
    run = {each.name: each.run for each in subject.contenders}[contender]
    assert run is not None
    return instance, run(instance, Stopwatch(), subject.case(case))


@pytest.mark.parametrize("contender", ["concordat", "cold"])
def test_quotes_stand_when_they_are_solved_anew(contender: str) -> None:
    """No quote differs from the one asked in another order, and solves from nothing lie in the intervals."""
    subject = coordination_quotes.SUBJECT
    instance, answer = answered(subject, "tiny", contender)
    assert subject.check(instance, answer, subject.case("tiny")).problems == ()
    assert answer.figures["quote_p95_s"] > 0


def test_quotes_that_differ_or_promise_too_much_are_refuted() -> None:
    """An interval that is moved, and an answer that changed when asked again, are problems."""
    subject = coordination_quotes.SUBJECT
    instance, answer = answered(subject, "tiny", "concordat")
    assert isinstance(answer.solution, tuple)
    moved = replace(answer, solution=tuple((least + 5, most + 5) for least, most in answer.solution))
    assert any("lies outside" in words for words in subject.check(instance, moved, subject.case("tiny")).problems)
    changed = replace(answer, figures={**answer.figures, "differing": 1.0})
    assert any("differ" in words for words in subject.check(instance, changed, subject.case("tiny")).problems)


@pytest.mark.parametrize("contender", ["concordat", "cold"])
def test_plans_after_a_change_are_certified_for_the_changed_scenario(contender: str) -> None:
    """A plan made from the one before, and one from nothing, reach 1 % and hold when they are verified."""
    subject = coordination_replanning.SUBJECT
    instance, answer = answered(subject, "tiny-order", contender)
    verdict = subject.check(instance, answer, subject.case("tiny-order"))
    assert verdict.problems == ()
    assert verdict.gap is not None
    assert verdict.gap <= coordination_replanning.GAP


def test_a_plan_of_the_scenario_before_the_change_is_refuted() -> None:
    """A folder whose plan belongs to another scenario is no answer."""
    subject = coordination_replanning.SUBJECT
    instance, answer = answered(subject, "tiny-order", "concordat")
    assert subject.check(instance, replace(answer, solution=instance.before), subject.case("tiny-order")).problems
