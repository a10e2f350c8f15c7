"""Planning in a worker process: to the end, stopped on the way, killed, and with too little time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from actors.certify import certify
from cluster.local_runtime import LocalRuntime
from cluster.runtimes import make_runtime
from planner.adapters.plan_folder import read_plan
from planner.domain.errors import InvalidRequest
from planner.ports.planning_runtime import Outcome, PlanningParameters, Progress
from planner.simulation.generate import generate
from tests.middling import middling_scenario
from tests.planning import plan_in_process
from tests.runtime_runs import RUN, follow

LONG = PlanningParameters(gap=0.0)
SEED = 5


@pytest.fixture
def runtime() -> LocalRuntime:
    """Return the local runtime."""
    made = make_runtime("local")
    assert isinstance(made, LocalRuntime)
    return made


def test_a_worker_plans_as_this_process_does(runtime: LocalRuntime, tmp_path: Path) -> None:
    """The worker leaves the very plan that planning in this process makes, and tells progress on the way."""
    scenario = generate("tiny", seed=3)
    run = follow(runtime, scenario, tmp_path)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    here = plan_in_process(scenario, tmp_path / "here").plan
    assert here is not None
    assert read_plan(tmp_path / "plan").summary["plan_hash"] == here.summary["plan_hash"]
    assert {"formulating", "relaxing", "certifying"} <= set(run.phases)


def test_an_infeasible_scenario_names_its_clauses(runtime: LocalRuntime, tmp_path: Path) -> None:
    """The worker's result names the clauses that cannot hold together and how to loosen them."""
    run = follow(runtime, generate("tiny", seed=9), tmp_path)
    assert run.result.outcome is Outcome.INFEASIBLE
    assert run.result.conflict
    assert run.result.relaxation
    assert not (tmp_path / "plan").exists()


def test_cancelled_with_a_plan_at_hand_the_best_plan_is_kept(runtime: LocalRuntime, tmp_path: Path) -> None:
    """A run cancelled once it has a value ends soon with a verified plan that says it is not reproducible."""
    scenario = middling_scenario(SEED)

    async def cancel(progress: Progress) -> None:
        if progress.value is not None:
            await runtime.cancel(RUN)

    run = follow(runtime, scenario, tmp_path, LONG, watch=cancel)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert run.result.stopped_by == "cancelled"
    plan = read_plan(tmp_path / "plan")
    assert plan.summary["stopped_by"] == "cancelled"
    assert plan.summary["reproducible"] is False
    assert certify(scenario, plan).breaches == ()


def test_a_plan_accepted_on_the_way_is_what_the_worker_leaves(runtime: LocalRuntime, tmp_path: Path) -> None:
    """Asked in the midst of what it tells, the worker answers, refuses other names, and ends with exactly that plan."""
    scenario = middling_scenario(SEED)
    first: list[Progress] = []
    answers: list[bool] = []

    async def accept(progress: Progress) -> None:
        if progress.etag and not first:
            first.append(progress)
            answers.append(await runtime.accept(RUN, "1-0123456789abcdef"))
            answers.append(await runtime.accept(RUN, progress.etag))

    run = follow(runtime, scenario, tmp_path, LONG, watch=accept)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert answers == [False, True]
    assert (run.result.stopped_by, run.result.incumbent) == ("accepted", first[0].etag)
    assert run.result.value is not None
    assert first[0].value is not None
    assert run.result.value >= first[0].value - 1e-6 * abs(first[0].value)
    assert certify(scenario, read_plan(tmp_path / "plan")).breaches == ()
    assert asyncio.run(runtime.accept(RUN, first[0].etag)) is False


def test_cancelled_at_once_there_is_no_plan_yet(runtime: LocalRuntime, tmp_path: Path) -> None:
    """A run cancelled before any plan was found says so."""

    async def cancel(_: Progress) -> None:
        await runtime.cancel(RUN)

    run = follow(runtime, middling_scenario(SEED), tmp_path, LONG, watch=cancel)
    assert run.result.outcome is Outcome.NO_PLAN_YET
    assert run.result.stopped_by == "cancelled"
    assert not (tmp_path / "plan").exists()


def test_a_killed_worker_is_told_as_a_failure(runtime: LocalRuntime, tmp_path: Path) -> None:
    """A worker killed in mid-plan gives a failed result that tells how it ended, and no plan."""

    async def kill(progress: Progress) -> None:
        if progress.phase == "relaxing":
            runtime._workers[RUN].kill()

    run = follow(runtime, middling_scenario(SEED), tmp_path, LONG, watch=kill)
    assert run.result.outcome is Outcome.FAILED
    assert run.result.stopped_by == "error"
    assert "worker ended with code -9" in run.result.detail
    assert not (tmp_path / "plan").exists()


def test_a_time_limit_too_short_for_any_plan(runtime: LocalRuntime, tmp_path: Path) -> None:
    """With next to no time the result is a typed 'no plan yet', stopped by time."""
    run = follow(runtime, generate("tiny", seed=3), tmp_path, PlanningParameters(time_limit=0.05))
    assert run.result.outcome is Outcome.NO_PLAN_YET
    assert run.result.stopped_by == "time"
    assert "before a plan was found" in run.result.detail


def test_an_unreadable_scenario_is_a_failure_with_its_code(runtime: LocalRuntime, tmp_path: Path) -> None:
    """A scenario folder that is not there is a failed result with the error's code, not a dead worker."""

    async def run() -> object:
        order = (RUN, str(tmp_path / "nowhere"), str(tmp_path / "plan"), PlanningParameters())
        return [event async for event in runtime.plan(*order)][-1]

    result = asyncio.run(run())
    assert getattr(result, "outcome", None) is Outcome.FAILED
    assert "nowhere" in getattr(result, "detail", "")


def test_cancelling_an_unknown_run_is_nothing(runtime: LocalRuntime) -> None:
    """A run nobody knows can be cancelled without effect."""
    asyncio.run(runtime.cancel("nobody"))


def test_runtimes_have_names() -> None:
    """A runtime nobody offers is refused with the names there are."""
    with pytest.raises(InvalidRequest, match="ray, local"):
        make_runtime("cloud")
