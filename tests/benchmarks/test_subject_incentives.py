"""The subject of partner budgets: ours and the peers answer its smallest case, and false claims are refuted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.subject import Answer, Case, Phase, Stopwatch
from benchmarks.subjects.incentives import SUBJECT

SMALLEST = SUBJECT.case("8x3")
AGREEMENT = Case(name="few", phase=Phase.SOLVE, suites=frozenset(), parameters={"count": 12})


def answered(case: Case, contender: str) -> tuple[Any, Answer]:
    """Let a contender answer a case; return the instance too."""
    instance = SUBJECT.prepare(case, None, 7)
    run = {each.name: each.run for each in SUBJECT.contenders}[contender]
    assert run is not None
    return instance, run(instance, Stopwatch(), case)


@pytest.mark.parametrize("contender", ["concordat", "highs", "cpsat", "scip"])
def test_every_contender_solves_the_smallest_case_to_proof(contender: str) -> None:
    """Value and bound meet, no limit is broken and no claim refuted; only our bound is recomputed."""
    instance, answer = answered(SMALLEST, contender)
    verdict = SUBJECT.check(instance, answer, SMALLEST)
    assert verdict.problems == ()
    assert verdict.violated == ()
    assert verdict.gap == pytest.approx(0.0, abs=1e-9)
    assert verdict.bound_checked == (contender == "concordat")


@pytest.mark.parametrize("contender", ["concordat", "highs", "cpsat"])
def test_agreement_is_measured_against_the_proved_optimum(contender: str) -> None:
    """Over several budgets, some of them impossible, the contenders differ by rounding at most."""
    instance, answer = answered(AGREEMENT, contender)
    assert SUBJECT.check(instance, answer, AGREEMENT).figures["disagreement"] <= 1e-6


def test_claims_that_do_not_stand_are_refuted() -> None:
    """A value or a bound that is not what the data say, and a proof that is incomplete, are problems."""
    instance, answer = answered(SMALLEST, "concordat")
    assert isinstance(answer.solution, tuple)
    (solved,) = answer.solution
    for false, word in (
        (replace(solved, value=solved.value * 1.01), "claimed value"),
        (replace(solved, bound=solved.bound * 0.99), "claimed bound"),
        (replace(solved, leaves=solved.leaves[1:]), "incomplete"),
    ):
        verdict = SUBJECT.check(instance, replace(answer, solution=(false,)), SMALLEST)
        assert any(word in problem for problem in verdict.problems)


def test_spending_beyond_a_limit_is_told() -> None:
    """A spending that breaks the fund is a violation and worth nothing."""
    instance, answer = answered(SMALLEST, "concordat")
    assert isinstance(answer.solution, tuple)
    (solved,) = answer.solution
    verdict = SUBJECT.check(
        instance, replace(answer, solution=(replace(solved, spend=solved.spend + 300.0),)), SMALLEST
    )
    assert verdict.violation > 0
    assert verdict.violated
    assert verdict.value is None
