"""From cancelling a plan to idle solvers with the best plan kept, beside killing the process that plans.

A server plans in worker processes, or with agents on Ray. Once a plan has a value it goes on for a drawn moment and is
then cancelled through the door. Idle is when the run says that it certifies what it has, or is over. The peer kills the
worker instead: nothing is faster, and nothing is kept.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actors.certify import certify
from benchmarks.service_doors import Serving, serving, wait_for_coordinator
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.plan_download import receive_plan
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate

_WORKER = "cluster.local_worker"
_IDLE = ("certifying", "beginning again")
"""Phases of a plan that is stopped: what it has is certified, or its worker was found to be gone."""
_TOLERANCE = 1e-6
"""How far, relatively, the value of the plan that is kept may lie below the one that was told: money is rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """One plan that was stopped: seconds to idle and to its end, the best value told before, the value kept."""

    idle: float
    ended: float
    told: float
    kept: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The scenario, and how long each plan goes on once it has a value."""

    scenario: Scenario
    delays: tuple[float, ...]


def _prepare(case: Case, _: Path | None, seed: int) -> Asked:
    drawn = np.random.default_rng(seed).uniform(0.0, float(case.parameters["spread"]), int(case.parameters["plans"]))
    return Asked(scenario=generate(str(case.parameters["scenario"]), seed=seed), delays=tuple(map(float, drawn)))


def _cancelled(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    return asyncio.run(_measured(asked, watch, kill=False))


def _cancelled_on_ray(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    return asyncio.run(_measured(asked, watch, kill=False, runtime="ray"))


def _killed(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    return asyncio.run(_measured(asked, watch, kill=True))


async def _measured(asked: Asked, watch: Stopwatch, *, kill: bool, runtime: str = "local") -> Answer:
    found: list[Stopped] = []
    kept: Plan | None = None
    with tempfile.TemporaryDirectory() as scratch, watch.measure("plans"):
        write_scenario(asked.scenario, Path(scratch) / "scenario")
        data = str(Path(scratch) / "data")
        arguments = ("serve", "--listen", "127.0.0.1:0", "--data", data, "--runtime", runtime, "--until-stdin-closes")
        with serving("cluster.main", arguments) as server:
            if runtime == "ray":
                await asyncio.to_thread(wait_for_coordinator, server.address)
            async with PlanningClient(ServerAddress(server.address)) as client:
                scenario = await client.upload(Path(scratch) / "scenario")
                for seed, delay in enumerate(asked.delays):
                    created = await client.create(scenario, PlanningParameters(gap=0.0, seed=seed))
                    stopped = await _stopped(client, created.plan, delay, server if kill else None)
                    if stopped is not None:
                        found.append(stopped)
                if found and found[-1].kept is not None:
                    await receive_plan(client.download(created.plan), Path(scratch) / "plan", overwrite=False)
                    kept = read_plan(Path(scratch) / "plan")
    return Answer(solution=(tuple(found), kept), figures=_figures(found))


def _figures(found: list[Stopped]) -> dict[str, float]:
    if not found:
        return {"stopped": 0.0}
    idle, ended = ([getattr(one, name) for one in found] for name in ("idle", "ended"))
    return {
        "stopped": float(len(found)),
        "kept": sum(one.kept is not None for one in found) / len(found),
        **{f"idle_p{q}_s": float(np.quantile(idle, q / 100)) for q in (50, 95)},
        **{f"ended_p{q}_s": float(np.quantile(ended, q / 100)) for q in (50, 95)},
    }


async def _stopped(client: PlanningClient, plan: str, delay: float, victim: Serving | None) -> Stopped | None:
    """Follow a plan, stop it, and tell how that went; nothing if it was over before."""
    stopping: asyncio.Task[float] | None = None
    idle, told, kept = 0.0, -np.inf, None
    async for step in client.watch(plan):
        now = time.perf_counter()
        if isinstance(step, ConnectionLost):
            raise step.error
        began = stopping.result() if stopping is not None and stopping.done() else None
        if step.progress is not None and step.progress.value is not None and began is None:
            told = max(told, step.progress.value)
            stopping = stopping or asyncio.create_task(_stop(client, plan, delay, victim))
        stopped = step.progress is not None and step.progress.phase in _IDLE
        if began is not None and not idle and (stopped or step.record.done):
            idle = now
        if step.record.done and isinstance(step.record.ending, PlanCompleted):
            kept = step.record.ending.value
    if stopping is None or not idle:
        if stopping is not None:
            stopping.cancel()
        return None
    return Stopped(idle=idle - await stopping, ended=time.perf_counter() - await stopping, told=told, kept=kept)


async def _stop(client: PlanningClient, plan: str, delay: float, victim: Serving | None) -> float:
    """Cancel a plan, or kill its worker, in a moment; return when."""
    await asyncio.sleep(delay)
    began = time.perf_counter()
    for worker in () if victim is None else _workers_of(victim.pid):
        os.kill(worker, signal.SIGKILL)
    await client.cancel(plan)  # of a plan whose worker was killed too: it would be begun again
    return began


def _workers_of(server: int) -> list[int]:
    """Return the processes that plan for a server (Linux)."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if parent == server and _WORKER.encode() in command:
            found.append(int(status.parent.name))
    return found


def _check(asked: Asked, answer: Answer, case: Case) -> Verdict:
    """Refuse plans that are worse than what was told before they were stopped, and one that does not hold."""
    if not isinstance(answer.solution, tuple):
        return Verdict(problems=("nothing was stopped",))
    found, kept = answer.solution
    problems = []
    if case.name != "tiny" and len(found) < len(asked.delays) / 2:
        problems.append(f"only {len(found)} of {len(asked.delays)} plans were stopped before they were over")
    problems += [
        f"{one.kept} was kept where {one.told} had been told"
        for one in found
        if one.kept is not None and one.kept < one.told - _TOLERANCE * max(1.0, abs(one.told))
    ]
    if kept is not None and (breaches := certify(asked.scenario, kept).breaches):
        problems.append(f"the last plan does not hold: {breaches[0]}")
    return Verdict(problems=tuple(problems))


def _case(scenario: str, plans: int, spread: float, *suites: str) -> Case:
    return Case(
        name=scenario,
        phase=Phase.JOB,
        suites=frozenset(suites),
        parameters={"scenario": scenario, "plans": plans, "spread": spread},
        time_limit=600.0,
    )


SUBJECT = Subject(
    name="service_cancel",
    title="From cancelling a plan to idle solvers, its best plan kept, beside killing the process that plans",
    # Each starts a server and its workers, which takes too long for smoke: the tests run the tiny one by name.
    cases=(_case("tiny", 1, 0.05), _case("demo", 20, 6.0, "service")),
    prepare=_prepare,
    contenders=(
        Contender(name="cancel", run=_cancelled, ours=True),
        Contender(name="cancel on Ray", run=_cancelled_on_ray, ours=True),
        Contender(name="kill", run=_killed),
    ),
    peer="kill",
    check=_check,
    targets=tuple(
        target
        for contender in ("cancel", "cancel on Ray")
        for target in (
            Target(
                text=f"95 of 100 cancelled plans idle within 0.25 s ({contender})",
                case="demo",
                contender=contender,
                figure="idle_p95_s",
                at_most=0.25,
            ),
            Target(
                text=f"every cancelled plan keeps its best plan ({contender})",
                case="demo",
                contender=contender,
                figure="kept",
                at_least=1.0,
            ),
        )
    ),
)
