"""The subjects of reward choice: campaigns that can be met, contenders that answer, claims that are recomputed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.instances.reward_choice import Shape, factored_campaign, reward_campaign, tighter
from benchmarks.instances.reward_choice_turns import Given, checked
from benchmarks.subject import Answer, Case, Stopwatch, Subject
from benchmarks.subjects.reward_choice import SUBJECT as SOLVE
from benchmarks.subjects.reward_choice_resolve import SUBJECT as RESOLVE
from benchmarks.subjects.reward_choice_scale import SUBJECT as SCALE
from solvers.backends.highs import HighsBackend
from solvers.offers.choose import ChoiceLimits, ChoiceStatus, choose_rewards
from solvers.offers.reward_choice import RewardChoice
from solvers.offers.verify import choice_value
from solvers.offers.whole_choice import whole_choice

SHAPES = [Shape(), Shape(windows=3), Shape(levels=8), Shape(offers=20, rows=200)]
EVERY = [(SOLVE, one.name) for one in SOLVE.contenders] + [(RESOLVE, "concordat"), (RESOLVE, "cold")]


def tiny(subject: Subject) -> Case:
    """A case of two thousand members."""
    return dataclasses.replace(subject.cases[0], parameters={"members": 2000, "gap": 1e-3}, contenders=())


def answered(subject: Subject, contender: str) -> tuple[object, Answer, Stopwatch]:
    """Run a contender on the tiny case."""
    case, watch = tiny(subject), Stopwatch()
    given = subject.prepare(case, None, 7)
    run = next(one.run for one in subject.contenders if one.name == contender)
    assert run is not None
    return given, run(given, watch, case), watch


def same_arrays(left: RewardChoice, right: RewardChoice) -> bool:
    """Whether all members and rows are the same."""
    both = [each.columns.gather(np.arange(each.columns.members)) for each in (left, right)]
    rows = [(each.rows.spend, each.rows.count, each.rows.lower, each.rows.upper) for each in (left, right)]
    return all(np.array_equal(a, b) for a, b in zip((*both[0], *rows[0]), (*both[1], *rows[1]), strict=True))


@pytest.mark.parametrize("shape", SHAPES)
def test_campaigns_have_a_choice_and_come_again_from_their_seed(shape: Shape) -> None:
    """Every shape can be met, is the same for the same seed, and another for another."""
    campaign = reward_campaign(1500, 3, shape).instance()
    assert campaign.rows.rows == shape.rows
    assert campaign.windows == shape.windows
    assert same_arrays(campaign, reward_campaign(1500, 3, shape).instance())
    assert not same_arrays(campaign, reward_campaign(1500, 4, shape).instance())
    found = choose_rewards(campaign, HighsBackend(), limits=ChoiceLimits(gap=1e-2))
    assert found.status is ChoiceStatus.SOLVED
    assert found.choice is not None
    assert choice_value(campaign, found.choice).feasible()
    assert (np.abs(found.price) > 1e-6).sum() >= 3


def test_factored_campaigns_can_be_met_too() -> None:
    """Segments times weights: some rows bind, and some offers are barred."""
    campaign = factored_campaign(1500, 3)
    assert same_arrays(campaign, factored_campaign(1500, 3))
    assert choose_rewards(campaign, HighsBackend(), limits=ChoiceLimits(gap=1e-2)).status is ChoiceStatus.SOLVED
    assert not campaign.columns.gather(np.arange(1500))[2].all()


def test_shapes_that_make_no_campaign_are_refused() -> None:
    """Too few rows or offers, and more windows than offers, say so."""
    for wrong in ({"rows": 12}, {"offers": 2}, {"windows": 11}):
        with pytest.raises(ValueError, match="offers"):
            Shape(**wrong)


def test_levels_leave_many_members_alike() -> None:
    """On eight levels, a column has at most eight numbers besides 0."""
    campaign = reward_campaign(1500, 3, Shape(levels=8))
    assert all(len(np.unique(column)) <= 9 for column in (*campaign.value, *campaign.cost))


@pytest.mark.parametrize(("subject", "contender"), EVERY)
def test_every_contender_answers_and_nothing_it_claims_is_refuted(subject: Subject, contender: str) -> None:
    """Ours with a whole choice and a small gap, the relaxations with a bound certified from their duals."""
    given, answer, watch = answered(subject, contender)
    verdict = subject.check(given, answer, tiny(subject))
    assert answer.failure is answer.stopped is None
    assert verdict.problems == verdict.violated == ()
    assert verdict.bound_checked
    assert watch.figures().keys() & {"solve_s", "resolve_s"}
    if contender in {"concordat", "concordat-2-threads", "cold"}:
        assert verdict.gap is not None
        assert verdict.gap <= 1e-3
        assert answer.figures["passes"] >= 1
    else:
        assert verdict.value is None
        assert answer.figures["lp_violation"] <= 0.1
        assert verdict.bound == pytest.approx(answer.figures["lp_value"], rel=1e-3)


def test_relaxations_and_our_bound_meet() -> None:
    """The certified bound of the linear relaxation and ours differ by the smoothing that the gap allows."""
    given, answer, _ = answered(SOLVE, "highs-simplex")
    assert isinstance(given, Given)
    problem = given.make()
    own = choose_rewards(problem, HighsBackend(), limits=ChoiceLimits(gap=1e-4))
    assert own.bound == pytest.approx(answer.figures["lp_value"], rel=1e-4)
    assert whole_choice(problem).program.integer.all()


def test_false_claims_are_refuted() -> None:
    """A value or bound that was not recomputed, and offers to members who may not have them, stand as problems."""
    given, answer, _ = answered(SOLVE, "concordat")
    assert isinstance(given, Given)
    assert answer.value is not None
    assert answer.bound is not None
    problem = given.make()
    assert any("claimed value" in told for told in checked(problem, dataclasses.replace(answer, value=1.0)).problems)
    low = dataclasses.replace(answer, bound=answer.bound * 0.99)
    assert any("claimed bound" in told for told in checked(problem, low).problems)
    everybody = np.zeros_like(answer.solution)
    verdict = checked(problem, dataclasses.replace(answer, solution=everybody))
    assert any("may not have them" in told for told in verdict.problems)
    assert verdict.violated
    assert verdict.violation > 0.01


def test_a_cut_budget_stays_a_campaign() -> None:
    """Only the upper bound of the row that is named moves."""
    rows = reward_campaign(500, 1).rows
    cut = tighter(rows, row=16, share=0.25)
    assert cut.upper[16] == 0.75 * rows.upper[16]
    assert (np.delete(cut.upper, 16) == np.delete(rows.upper, 16)).all()


def test_the_largest_campaigns_are_no_smoke() -> None:
    """Smoke cases stay below ten thousand members."""
    for subject in (SOLVE, SCALE, RESOLVE):
        smoke = [case for case in subject.cases if "smoke" in case.suites]
        assert smoke
        assert all(float(case.parameters["members"]) <= 10_000 for case in smoke)
