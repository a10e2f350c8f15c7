"""The lot-sizing races: what they hand over is held against the file's data and the published value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances.lot_sizing_cases import Lots, check, generated_case, prepare
from benchmarks.instances.references import Reference
from benchmarks.subject import Answer, Case, Stopwatch
from benchmarks.subjects import lot_sizing_exact, lot_sizing_heuristics

CASE = generated_case(3, 6, suite="smoke", time_limit=5.0)


@pytest.fixture(scope="module")
def lots() -> Lots:
    """Return the tiny instance."""
    return prepare(CASE, None, 7)


def answer_of(lots: Lots, contender: str, case: Case = CASE) -> Answer:
    """Let a contender of the exact race run."""
    run = {each.name: each.run for each in lot_sizing_exact.SUBJECT.contenders}[contender]
    assert run is not None
    return run(lots, Stopwatch(), case)


@pytest.mark.parametrize("contender", [each.name for each in lot_sizing_exact.SUBJECT.contenders])
def test_every_contender_proves_the_same_value(lots: Lots, contender: str) -> None:
    """All four ways end with one optimum that nothing refutes, once it is the reference."""
    ours = check(lots, answer_of(lots, "concordat"), CASE)
    assert ours.value is not None
    known = replace(lots, reference=Reference(sense="min", value=ours.value, bound=ours.value, status="optimal"))
    verdict = check(known, answer_of(lots, contender), CASE)
    assert verdict.problems == ()
    assert verdict.violated == ()
    assert verdict.value == pytest.approx(ours.value, rel=1e-4)
    assert verdict.gap == pytest.approx(0.0, abs=1e-4)


def test_a_plan_without_a_set_up_is_refuted(lots: Lots) -> None:
    """A lot whose set-up is taken away is named as violated, and its value does not count."""
    answer = answer_of(lots, "concordat")
    broken = np.array(answer.solution)
    broken[1].flat[int(broken[1].argmax())] = 0.0
    verdict = check(lots, replace(answer, solution=broken), CASE)
    assert verdict.value is None
    assert "without a set-up" in verdict.violated[0]


def test_claims_beyond_the_data_are_refuted(lots: Lots) -> None:
    """A value that the plan does not cost, and a bound above the plan, are problems of the answer."""
    answer = answer_of(lots, "concordat")
    assert answer.value is not None
    assert check(lots, replace(answer, value=answer.value - 50), CASE).problems
    assert check(lots, replace(answer, bound=answer.value + 50), CASE).problems


def test_heuristics_are_measured_by_a_recomputed_bound_and_their_excess(lots: Lots) -> None:
    """The bound comes from multipliers, and the excess over the reference is that of the recomputed plan."""
    optimum = check(lots, answer_of(lots, "concordat"), CASE).value
    assert optimum is not None
    known = replace(lots, reference=Reference(sense="min", value=optimum, bound=optimum, status="optimal"))
    for contender in lot_sizing_heuristics.SUBJECT.contenders:
        assert contender.run is not None
        verdict = lot_sizing_heuristics.SUBJECT.check(known, contender.run(known, Stopwatch(), CASE), CASE)
        assert verdict.bound_checked
        assert verdict.problems == ()
        assert verdict.bound is not None
        assert verdict.bound <= optimum + 1e-6
        assert verdict.value is not None
        assert verdict.figures["excess"] == pytest.approx(verdict.value / optimum - 1, abs=1e-9)
