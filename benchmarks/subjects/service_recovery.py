"""From the loss of a host of agents to its agents' answers, in the middle of a plan, beside a bare Ray actor.

In each of some plans a host is killed (`kill -9`) a drawn moment after its agents began. The seconds are what the run
tells: from when it found the host gone until that was begun anew, told its agents, and asked again what it was asked.
Then the plan is cancelled and keeps what it has. The peer is an actor of Ray that holds and loads nothing: no host is
back sooner.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actors.certify import certify
from actors.lost_runs import STARTING
from benchmarks.process_tree import processes_below, title_of
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from cluster.runtimes import guard_ray, make_runtime
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters, PlanningResult, PlanningRuntime
from planner.ports.run_steps import StepKind
from planner.simulation.generate import generate

_HOST_TITLE = b"ray::AgentHost"
_HOSTS = 3
_MOST_SECONDS = 120.0
_BARE = "benchmarks.peers.bare_ray_restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The scenario, and by plan: the seconds before its host is killed, and which of the hosts, as a share of them."""

    scenario: Scenario
    kills: tuple[tuple[float, float], ...]


async def _kill(delay: float, which: float) -> None:
    """Kill a host in a moment."""
    await asyncio.sleep(delay)
    hosts = sorted(pid for pid in processes_below(os.getpid()) if title_of(pid).startswith(_HOST_TITLE))
    os.kill(hosts[int(which * len(hosts))], signal.SIGKILL)


def _prepare(case: Case, _: Path | None, seed: int) -> Asked:
    draw, plans = np.random.default_rng(seed), int(case.parameters["plans"])
    delays = draw.uniform(0.0, float(case.parameters["spread"]), plans).tolist()
    return Asked(
        scenario=generate(str(case.parameters["scenario"]), seed=seed),
        kills=tuple(zip(delays, draw.uniform(0.0, 1.0, plans).tolist(), strict=True)),
    )


def _recovered(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    return asyncio.run(_measured(asked, watch))


async def _measured(asked: Asked, watch: Stopwatch) -> Answer:
    """Make all plans on the same hosts, each with its kill; the last one's decisions are kept to be checked."""
    missed: list[float] = []
    kept: Plan | None = None
    runtime = make_runtime("ray")
    with tempfile.TemporaryDirectory() as scratch, watch.measure("plans"):
        source = Path(scratch) / "scenario"
        write_scenario(asked.scenario, source)
        try:
            for number, kill in enumerate(asked.kills):
                run, target = f"recovery-{number}", Path(scratch) / f"plan-{number}"
                result = await _survived(runtime, (run, str(source), str(target)), kill, missed)
                kept = None if result.value is None else read_plan(target)
        finally:
            await runtime.close()
    return Answer(solution=(len(missed), kept), figures=_figures(missed))


async def _survived(
    runtime: PlanningRuntime, order: tuple[str, str, str], kill: tuple[float, float], missed: list[float]
) -> PlanningResult:
    """Plan until a host was killed and is back, then stop; note the seconds that the run missed it."""
    killing: asyncio.Task[None] | None = None
    back = False
    async for event in runtime.plan(*order, PlanningParameters(gap=0.0, hosts=_HOSTS, time_limit=_MOST_SECONDS)):
        seconds = [step.seconds for step in event.steps if step.kind is StepKind.RESTART]
        missed += seconds
        if isinstance(event, PlanningResult):
            return event
        if killing is None and event.phase != STARTING:
            killing = asyncio.create_task(_kill(*kill))
        back = back or bool(seconds)
        if back and event.value is not None:
            await runtime.cancel(order[0])
    raise RuntimeError("the run ended without a result")


def _bare(asked: Asked, watch: Stopwatch, _: Case) -> Answer:
    guard_ray(own_cluster=True)
    with watch.measure("kills"):
        command = [sys.executable, "-m", _BARE, str(len(asked.kills))]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    gone = json.loads(told.stdout.splitlines()[-1])
    return Answer(solution=(len(gone), True), figures=_figures(gone))


def _figures(missed: Iterable[float]) -> dict[str, float]:
    seconds = list(missed)
    if not seconds:
        return {"killed": 0.0}
    return {
        "killed": float(len(seconds)),
        "back_p50_s": float(np.median(seconds)),
        "back_max_s": max(seconds),
    }


def _check(asked: Asked, answer: Answer, _: Case) -> Verdict:
    """Refuse seconds where too few came back, and a plan that does not hold; the peer has none (True)."""
    if not isinstance(answer.solution, tuple):
        return Verdict(problems=("nothing was killed",))
    back, plan = answer.solution
    problems = [] if back >= len(asked.kills) else [f"{back} of {len(asked.kills)} killed hosts were told to be back"]
    if plan is None:
        problems.append("no plan was kept")
    if isinstance(plan, Plan) and (breaches := certify(asked.scenario, plan).breaches):
        problems.append(f"the plan does not hold: {breaches[0]}")
    return Verdict(problems=tuple(problems))


def _case(name: str, plans: int, *suites: str) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset(suites),
        parameters={"scenario": "demo", "plans": plans, "spread": 3.0},
        time_limit=900.0,
    )


SUBJECT = Subject(
    name="service_recovery",
    title="From kill -9 of a host of agents to its agents' answers in the middle of a plan, beside a bare Ray actor",
    cases=(_case("one", 1), _case("five", 5, "service")),
    prepare=_prepare,
    contenders=(
        Contender(name="host of agents", run=_recovered, ours=True),
        Contender(name="bare actor", run=_bare),
    ),
    peer="bare actor",
    check=_check,
    targets=(
        Target(
            text="a killed host of agents is back within 10 s, each of five times",
            case="five",
            contender="host of agents",
            figure="back_max_s",
            at_most=10.0,
        ),
    ),
)
