"""Agents whose host is gone for good answer from other hosts, in the same run and with the same plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.adapters.plan_folder import read_plan
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningRuntime, Progress
from planner.ports.run_steps import StepKind
from planner.simulation.generate import generate
from tests.middling import middling_scenario
from tests.planning import plan_in_process
from tests.runtime_runs import Run, follow

LOST = "agents-4"
"""The last of five hosts: other tests of the same cluster use fewer."""


# What a network does with lost hosts is tested on made-up ones in every run; five real ones take long to stand.
@pytest.mark.slow
def test_agents_of_a_host_that_never_comes_back_move_to_the_others(
    ray_runtime: PlanningRuntime, tmp_path: Path
) -> None:
    """A host ended for good in mid-plan is given up: others hold its agents from then on, and the plan is the same."""
    import ray  # noqa: PLC0415 - after the fixture, which makes Ray ask for a token before it is loaded

    scenario, parameters = middling_scenario(5), PlanningParameters(gap=0.0, work_limit=20, hosts=5)
    ended: list[str] = []

    async def end_host(progress: Progress) -> None:
        if not ended and progress.bound is not None:
            ended.append(LOST)
            ray.kill(ray.get_actor(LOST), no_restart=True)

    run = follow(ray_runtime, scenario, tmp_path, parameters, watch=end_host)
    assert ended
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    here = plan_in_process(scenario, tmp_path / "here", parameters)
    assert here.plan is not None
    assert read_plan(tmp_path / "plan").summary["plan_hash"] == here.plan.summary["plan_hash"]
    assert brought_back(run) == {LOST}


@pytest.mark.slow
def test_the_next_plan_has_all_its_hosts_again(ray_runtime: PlanningRuntime, tmp_path: Path) -> None:
    """In the place of a host that ended for good between two plans another one is started, and nobody waits for it."""
    import ray  # noqa: PLC0415 - as above

    parameters = PlanningParameters(hosts=5)
    assert follow(ray_runtime, generate("tiny", seed=3), tmp_path / "first", parameters).result.value is not None
    ray.kill(ray.get_actor(LOST), no_restart=True)
    run = follow(ray_runtime, generate("tiny", seed=3), tmp_path / "second", parameters)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert brought_back(run) == set()
    assert ray.get(ray.get_actor(LOST).alive.remote(), timeout=30)


def brought_back(run: Run) -> set[str]:
    """Return the hosts that a run had to bring back."""
    steps = [*(step for told in run.told for step in told.steps), *run.result.steps]
    return {step.what for step in steps if step.kind is StepKind.RESTART}
