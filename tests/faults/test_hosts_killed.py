"""`kill -9` of hosts of agents and of the coordinator, at moments that a seed draws: the plan stays the same."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.lost_runs import STARTING
from planner.adapters.plan_folder import read_plan
from planner.ports.planning_runtime import Outcome, PlanningParameters, Progress
from planner.ports.run_steps import RunStep, StepKind
from tests.faults.served import descendants, processes
from tests.middling import middling_scenario
from tests.planning import plan_in_process
from tests.runtime_runs import RUN, Run, follow

if TYPE_CHECKING:  # Ray must not be loaded before its cluster's token is set
    from actors.on_ray import RayRuntime

SEED, WORK = 5, 20
PARAMETERS = PlanningParameters(gap=0.0, work_limit=WORK, hosts=3)
RECOVERED_SECONDS = 60.0
"""Within that a host is back on any machine; on two cores that do nothing else it takes less than 10 s."""
AGENTS, COORDINATOR = b"ray::AgentHost", b"ray::CoordinatorHost"
_CHANCE = random.Random(20261129)
DRAWN = [(_CHANCE.choice([AGENTS, AGENTS, AGENTS, COORDINATOR]), _CHANCE.random()) for _ in range(24)]
"""Whom to kill, and when, as a share of the time that an undisturbed run takes."""


def at_once(drawn: list[tuple[bytes, float]]) -> list[object]:
    """Return the cases: the first two and the first coordinator in every run of the tests, the others in full runs."""
    early = {*drawn[:2], next(case for case in drawn if case[0] == COORDINATOR)}
    return [
        pytest.param(
            victim,
            moment,
            id=f"{place}-{victim.decode().removeprefix('ray::')}-at-{moment:.2f}",
            marks=() if (victim, moment) in early else pytest.mark.slow,
        )
        for place, (victim, moment) in enumerate(drawn)
    ]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run to which nothing happens: the hash of its plan, and its seconds from the first sign of the coordinator."""

    plan_hash: str
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(ray_runtime: RayRuntime, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Return what a run is like to which nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    planned = plan_in_process(middling_scenario(SEED), folder / "here", PARAMETERS)
    assert planned.plan is not None
    heard: list[float] = []

    async def note(progress: Progress) -> None:
        if progress.phase != STARTING:
            heard.append(time.monotonic())

    follow(ray_runtime, middling_scenario(SEED), folder, PARAMETERS, watch=note)
    return Undisturbed(str(planned.plan.summary["plan_hash"]), time.monotonic() - heard[0])


def hosts_of(runtime: RayRuntime, kind: bytes) -> list[int]:
    """Return the processes of actors of a kind in the runtime's own cluster."""
    assert runtime._head is not None
    known = processes()
    return sorted(pid for pid in descendants(runtime._head.pid) if known.get(pid, (0, b""))[1].startswith(kind))


def restarts(run: Run) -> list[RunStep]:
    """Return the steps that tell who was brought back."""
    return [step for told in (*run.told, run.result) for step in told.steps if step.kind is StepKind.RESTART]


def check_same(run: Run, folder: Path, undisturbed: Undisturbed) -> None:
    """Check that a run ended with the undisturbed plan."""
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert read_plan(folder / "plan").summary["plan_hash"] == undisturbed.plan_hash


@pytest.mark.parametrize(("victim", "moment"), at_once(DRAWN))
def test_a_host_killed_at_any_moment_costs_seconds_and_no_result(
    ray_runtime: RayRuntime, tmp_path: Path, undisturbed: Undisturbed, victim: bytes, moment: float
) -> None:
    """Killed at a drawn moment, also in the last one, an actor is brought back and the plan is the undisturbed one."""
    killing: list[asyncio.Task[None]] = []

    async def kill() -> None:
        await asyncio.sleep(moment * undisturbed.seconds)  # nothing waits for it: this is the moment that was drawn
        living = hosts_of(ray_runtime, victim)
        os.kill(living[int(moment * 1000) % len(living)], signal.SIGKILL)

    async def watch(progress: Progress) -> None:
        if progress.phase != STARTING and not killing:
            killing.append(asyncio.create_task(kill()))
        if progress.phase == "certifying":
            await killing[0]  # a run that was quicker than the undisturbed one is hit at its end

    run = follow(ray_runtime, middling_scenario(SEED), tmp_path, PARAMETERS, watch=watch)
    check_same(run, tmp_path, undisturbed)
    assert all(step.seconds < RECOVERED_SECONDS for step in restarts(run))


def test_all_hosts_killed_at_once_are_told_by_their_names(
    ray_runtime: RayRuntime, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    """With every host killed in mid-plan the plan is the same, and the run's steps tell who was brought back."""
    killed: list[int] = []

    async def kill(progress: Progress) -> None:
        if progress.phase == "relaxing" and not killed:
            killed.extend(hosts_of(ray_runtime, AGENTS))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    run = follow(ray_runtime, middling_scenario(SEED), tmp_path, PARAMETERS, watch=kill)
    assert len(killed) >= 3
    check_same(run, tmp_path, undisturbed)
    assert {step.what for step in restarts(run)} == {"agents-0", "agents-1", "agents-2"}


def test_what_was_accepted_outlives_the_coordinator(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """A plan that was accepted the moment before the coordinator was killed is what the run ends with."""
    accepted: list[str] = []

    async def accept_and_kill(progress: Progress) -> None:
        if progress.etag and not accepted:
            assert await ray_runtime.accept(RUN, progress.etag)
            accepted.append(progress.etag)
            for pid in hosts_of(ray_runtime, COORDINATOR):
                os.kill(pid, signal.SIGKILL)

    endless = PlanningParameters(gap=0.0, hosts=3)
    run = follow(ray_runtime, middling_scenario(SEED), tmp_path, endless, watch=accept_and_kill)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert run.result.incumbent == accepted[0]
