"""Runs that are stopped anywhere, accepted on their way, and repeated up to where they stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from actors.certify import certify
from actors.run_control import RunControl
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters, Progress, StopPoint
from planner.verification.replay import first_difference, no_way_back, parameters_again
from tests.middling import middling_scenario
from tests.planning import plan_in_process

LONG = PlanningParameters(gap=0.0, work_limit=30)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Return a scenario whose runs find several plans on their way."""
    return middling_scenario(3)


def ticking(limit: int) -> Callable[[], float]:
    """Return a clock that jumps from 0 to 100 seconds after so many looks at it."""
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        return 0.0 if looks <= limit else 100.0

    return clock


def assert_made_again(scenario: Scenario, past: Plan, folder: Path) -> None:
    """A plan that was stopped somewhere comes out of a run that is told where, and of no clock."""
    assert no_way_back(past) == ""
    parameters = parameters_again(past)
    assert parameters.time_limit is None
    again = plan_in_process(scenario, folder, parameters).plan
    assert again is not None
    assert first_difference(past, again) == ""
    assert again.summary["plan_hash"] == past.summary["plan_hash"]
    assert certify(scenario, again).breaches == ()


@pytest.mark.parametrize("looks", [15, 55])
def test_a_run_stopped_by_time_anywhere_is_made_again(scenario: Scenario, tmp_path: Path, looks: int) -> None:
    """Wherever the clock ends a run, the plan says that only a replay up to there gives it again, and that does."""
    limits = PlanningParameters(gap=0.0, work_limit=30, time_limit=50.0)
    past = plan_in_process(scenario, tmp_path / "past", limits, clock=ticking(looks)).plan
    assert past is not None
    assert (past.summary["stopped_by"], past.summary["reproducible"]) == ("time", False)
    assert_made_again(scenario, past, tmp_path / "again")


def test_an_earlier_incumbent_is_accepted_and_made_again(scenario: Scenario, tmp_path: Path) -> None:
    """The run ends with the very plan that was named although a better one was found since, and so does its replay."""
    etags: list[str] = []

    def accept_the_first(progress: Progress, control: RunControl) -> None:
        if progress.etag and progress.etag not in etags:
            etags.append(progress.etag)
            if len(etags) == 2:
                assert control.accept(etags[0])
                assert control.accept(etags[0])
                assert not control.accept(etags[1])

    planned = plan_in_process(scenario, tmp_path / "past", LONG, watch=accept_the_first)
    past = planned.plan
    assert past is not None
    assert (planned.result.stopped_by, planned.result.incumbent) == ("accepted", etags[0])
    first = next(progress.value for progress in planned.told if progress.etag == etags[0])
    assert first is not None
    assert planned.result.value is not None
    assert planned.result.value >= first - 1e-6 * abs(first)
    assert certify(scenario, past).breaches == ()
    assert_made_again(scenario, past, tmp_path / "again")
    stop = StopPoint(incumbent=etags[0])
    taken_up = plan_in_process(scenario, tmp_path / "up", PlanningParameters(gap=0.0, work_limit=30, stop=stop))
    assert (taken_up.result.stopped_by, taken_up.result.incumbent) == ("accepted", etags[0])
    assert taken_up.plan is not None
    assert taken_up.plan.summary["plan_hash"] == past.summary["plan_hash"]


def test_a_run_that_does_not_find_the_accepted_plan_goes_on(scenario: Scenario, tmp_path: Path) -> None:
    """A run told to end with a plan of other code ends by itself instead of with something like it."""
    stop = StopPoint(incumbent="1-0123456789abcdef")
    planned = plan_in_process(scenario, tmp_path / "plan", PlanningParameters(gap=0.0, work_limit=12, stop=stop))
    assert planned.result.outcome is Outcome.PLANNED
    assert planned.result.stopped_by == "work"
    assert planned.result.incumbent != stop.incumbent


def test_while_certifying_only_what_is_certified_can_be_accepted(scenario: Scenario, tmp_path: Path) -> None:
    """Once a run has settled on its plan, that one is accepted by its name and an earlier one is not any more."""
    answers: list[bool] = []
    etags: list[str] = []

    def accept_late(progress: Progress, control: RunControl) -> None:
        if progress.etag and progress.etag not in etags:
            etags.append(progress.etag)
        if progress.phase == "certifying":
            answers.extend((control.accept(etags[0]), control.accept(etags[-1]), control.accept("9-ab")))

    planned = plan_in_process(scenario, tmp_path / "plan", LONG, watch=accept_late)
    assert len(etags) > 1
    assert answers == [False, True, False]
    assert planned.result.incumbent == etags[-1]


def test_cancelling_keeps_the_best_plan_and_where_it_stopped(scenario: Scenario, tmp_path: Path) -> None:
    """A cancelled run journals its steps and its plan, and is made again without anybody cancelling."""

    def cancel(progress: Progress, control: RunControl) -> None:
        if progress.value is not None:
            control.cancel()

    planned = plan_in_process(scenario, tmp_path / "past", LONG, watch=cancel)
    assert planned.plan is not None
    assert planned.result.stopped_by == "cancelled"
    assert_made_again(scenario, planned.plan, tmp_path / "again")
