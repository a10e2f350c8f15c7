"""The subjects of building and re-solving lot sizing: every contender answers, and false answers are refuted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.instances.lot_sizing_plant import generated_plant
from benchmarks.peers.linopy_lot_sizing import built_in_linopy
from benchmarks.subject import Answer, Stopwatch, Subject
from benchmarks.subjects.lot_sizing_build import SUBJECT as BUILD
from benchmarks.subjects.lot_sizing_resolve import SUBJECT as RESOLVE
from solvers.lotsizing.requirements import largest_lot

SUBJECTS = {subject.name: subject for subject in (BUILD, RESOLVE)}
EVERY_CONTENDER = [(subject.name, contender.name) for subject in SUBJECTS.values() for contender in subject.contenders]
PARTS = {"lot_sizing_build": {"build_s"}, "lot_sizing_resolve": {"prices_s", "demand_s", "capacity_s", "first_plan_s"}}


def answered(subject: Subject, contender: str) -> tuple[object, Answer, Stopwatch]:
    """Run a contender on the smoke case."""
    case, watch = subject.case("10x8"), Stopwatch()
    given = subject.prepare(case, None, 7)
    run = next(one.run for one in subject.contenders if one.name == contender)
    assert run is not None
    return given, run(given, watch, case), watch


@pytest.mark.parametrize(("name", "contender"), EVERY_CONTENDER)
def test_every_contender_answers_and_nothing_it_claims_is_refuted(name: str, contender: str) -> None:
    """Each part is measured, the bound is certified and a plan breaks nothing."""
    subject = SUBJECTS[name]
    given, answer, watch = answered(subject, contender)
    verdict = subject.check(given, answer, subject.case("10x8"))
    assert answer.failure is None
    assert verdict.problems == verdict.violated == ()
    assert verdict.bound_checked
    assert watch.figures().keys() >= PARTS[name]


def test_a_loaded_model_with_another_relaxation_is_refuted() -> None:
    """A claimed bound that the formulation does not have stands among the problems."""
    given, answer, _ = answered(BUILD, "linopy")
    false = dataclasses.replace(answer, bound=(answer.bound or 0.0) * 1.01)
    assert any("relaxes to" in told for told in BUILD.check(given, false, BUILD.case("10x8")).problems)


def test_multipliers_that_do_not_certify_the_claim_are_refuted() -> None:
    """The bounds after each change are recomputed from the changed data."""
    given, answer, _ = answered(RESOLVE, "concordat")
    spoilt = tuple(
        dataclasses.replace(solution, row_dual=np.zeros_like(solution.row_dual))
        for solution in answer.solution.relaxations  # type: ignore[attr-defined]  # what this subject hands over
    )
    handed = dataclasses.replace(answer.solution, relaxations=spoilt)  # type: ignore[type-var]  # as above
    verdict = RESOLVE.check(given, dataclasses.replace(answer, solution=handed), RESOLVE.case("10x8"))
    assert len(verdict.problems) == 3


def test_every_choice_of_setups_has_a_plan_in_a_generated_plant() -> None:
    """Demand may be lost, overtime is there, every item has one line, and lines are busy."""
    instance = generated_plant(items=60, periods=12, seed=3)
    assert np.isfinite(instance.shortage_cost).all()
    assert (np.count_nonzero(instance.unit_time, axis=1) == 1).all()
    load = (instance.unit_time.T @ instance.demand).mean(axis=1) / instance.capacity.mean(axis=1)
    assert ((load > 0.7) & (load < 1.0)).all()
    with pytest.raises(ValueError, match="utilisation"):
        generated_plant(items=5, periods=5, seed=0, utilisation=1.5)


def test_the_labelled_peer_refuses_what_it_does_not_state() -> None:
    """Smallest lots are no part of the peer's model."""
    instance = dataclasses.replace(generated_plant(items=3, periods=3, seed=0), min_lot=np.ones(3))
    with pytest.raises(ValueError, match="smallest lots"):
        built_in_linopy(instance, largest_lot(instance))
