"""`kill -9` of the worker that plans without Ray: it costs seconds and no result."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cluster.local_runtime import LocalRuntime
from cluster.runtimes import make_runtime
from planner.adapters.plan_folder import read_plan
from planner.ports.planning_runtime import Outcome, PlanningParameters, Progress
from planner.ports.run_steps import StepKind
from tests.middling import middling_scenario
from tests.planning import plan_in_process
from tests.runtime_runs import RUN, follow

SEED, WORK = 5, 20
PARAMETERS = PlanningParameters(gap=0.0, work_limit=WORK)
DRAWN = random.Random(20261129).sample(range(1, WORK), 2)


@pytest.fixture
def runtime() -> LocalRuntime:
    """Return the local runtime."""
    made = make_runtime("local")
    assert isinstance(made, LocalRuntime)
    return made


@pytest.mark.parametrize("moment", [DRAWN[0], pytest.param(DRAWN[1], marks=pytest.mark.slow)])
def test_a_killed_worker_costs_seconds_and_no_result(runtime: LocalRuntime, tmp_path: Path, moment: int) -> None:
    """Killed at a drawn moment, the run goes on in another worker and ends with the undisturbed plan."""
    scenario, heard = middling_scenario(SEED), 0

    async def kill(_: Progress) -> None:
        nonlocal heard
        heard += 1
        if heard == moment:
            runtime._workers[RUN].kill()

    run = follow(runtime, scenario, tmp_path, PARAMETERS, watch=kill)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    here = plan_in_process(scenario, tmp_path / "here", PARAMETERS).plan
    assert here is not None
    assert read_plan(tmp_path / "plan").summary["plan_hash"] == here.summary["plan_hash"]
    steps = [step for told in (*run.told, run.result) for step in told.steps]
    restarts = [step for step in steps if step.kind is StepKind.RESTART]
    assert [step.what for step in restarts] == ["worker"]
    assert restarts[0].seconds < 60.0


def test_what_was_accepted_is_what_the_next_worker_ends_with(runtime: LocalRuntime, tmp_path: Path) -> None:
    """A plan that was accepted in the moment before its worker was killed is the plan that is made."""
    accepted: list[str] = []

    async def accept_and_kill(progress: Progress) -> None:
        if progress.etag and not accepted:
            assert await runtime.accept(RUN, progress.etag)
            accepted.append(progress.etag)
            runtime._workers[RUN].kill()

    run = follow(runtime, middling_scenario(SEED), tmp_path, PlanningParameters(gap=0.0), watch=accept_and_kill)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert run.result.incumbent == accepted[0]
