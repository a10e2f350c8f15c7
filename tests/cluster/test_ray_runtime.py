"""The same plan from agents on real Ray hosts, however many, and what a run on them can be told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from actors.agent_host import AgentHost
from actors.certify import certify
from actors.host import SharedSurroundings, agent_names
from actors.joint_problem import JointProblem, join
from actors.protocol import AgentNetwork, AskPrice, Decide, Decided, Message, Priced, Reply
from actors.recovery import Turn
from cluster.runtimes import agent_settings
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.adapters.solver_log_folder import solver_logs
from planner.domain.scenario import Scenario
from planner.ports.agent_hosts import HostState
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from planner.ports.run_steps import StepKind
from planner.simulation.generate import generate
from planner.verification.replay import parameters_again
from tests.middling import middling_scenario
from tests.planning import plan_in_process
from tests.runtime_runs import RUN, Run, follow

if TYPE_CHECKING:  # Ray must not be loaded before its cluster's token is set
    from actors.on_ray import RayRuntime

SEED = 5
WORK = 20
"""Fewer steps than it takes until nothing is left to be tried."""


def plan_hash(folder: Path) -> object:
    """Return the hash of the plan in a folder."""
    return read_plan(folder).summary["plan_hash"]


def hash_here(scenario: Scenario, folder: Path, parameters: PlanningParameters) -> object:
    """Return the hash of the plan made in this process."""
    planned = plan_in_process(scenario, folder, parameters)
    assert planned.plan is not None
    return planned.plan.summary["plan_hash"]


@pytest.mark.parametrize("hosts", [2])
def test_the_number_of_hosts_does_not_change_a_tiny_plan(ray_runtime: RayRuntime, tmp_path: Path, hosts: int) -> None:
    """Hosts on Ray give the plan of this process, byte for byte in its decisions."""
    scenario = generate("tiny", seed=3)
    run = follow(ray_runtime, scenario, tmp_path, PlanningParameters(hosts=hosts))
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert plan_hash(tmp_path / "plan") == hash_here(scenario, tmp_path / "here", PlanningParameters())
    assert certify(scenario, read_plan(tmp_path / "plan")).breaches == ()


@pytest.mark.parametrize("hosts", [1, 2, 3, 4])
def test_the_number_of_hosts_does_not_change_a_negotiated_plan(
    ray_runtime: RayRuntime, tmp_path: Path, hosts: int
) -> None:
    """Too large for the whole model, stopped by work: the same plan from one to four hosts and from this process."""
    scenario, parameters = middling_scenario(SEED), PlanningParameters(gap=0.0, work_limit=WORK, hosts=hosts)
    run = follow(ray_runtime, scenario, tmp_path, parameters)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert run.result.stopped_by == "work"
    assert "solving the whole" not in run.phases
    assert plan_hash(tmp_path / "plan") == hash_here(scenario, tmp_path / "here", parameters)


def test_hosts_tell_what_they_solve_of_the_plan_that_asked_for_it(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """Of three plans of one scenario the one that wants logs gets them, of every plant, and all are the same plan."""
    scenario = middling_scenario(SEED)
    write_scenario(scenario, tmp_path / "scenario")

    async def planned(folder: Path, *, logs: bool) -> dict[str, int]:
        parameters = PlanningParameters(gap=0.0, work_limit=WORK, hosts=2, solver_logs=logs)
        steps = [step async for step in ray_runtime.plan(RUN, str(tmp_path / "scenario"), str(folder), parameters)]
        assert isinstance(steps[-1], PlanningResult)
        assert steps[-1].outcome is Outcome.PLANNED, steps[-1].detail
        return {file.name: file.stat().st_size for file in solver_logs(folder)}

    before, wanted, after = (tmp_path / name for name in ("before", "wanted", "after"))
    assert asyncio.run(asyncio.wait_for(planned(before, logs=False), 120)) == {}
    kept = asyncio.run(asyncio.wait_for(planned(wanted, logs=True), 120))
    assert {"coordinator.log", *(f"plant-{plant}.log" for plant in scenario["plants"]["plant"])} <= kept.keys()
    assert min(kept.values()) > 0
    assert asyncio.run(asyncio.wait_for(planned(after, logs=False), 120)) == {}
    assert {file.name: file.stat().st_size for file in solver_logs(wanted)} == kept
    assert plan_hash(before) == plan_hash(wanted) == plan_hash(after)


def test_runs_at_once_are_each_told_their_own_progress(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """A run that waits for its turn takes nothing of what the one under way tells."""
    write_scenario(generate("tiny", seed=3), tmp_path / "scenario")

    async def phases(run: str) -> list[str]:
        events = ray_runtime.plan(run, str(tmp_path / "scenario"), str(tmp_path / run), PlanningParameters())
        return [event.phase async for event in events if isinstance(event, Progress)]

    async def both() -> list[list[str]]:
        return await asyncio.gather(phases("one"), phases("other"))

    one, other = asyncio.run(asyncio.wait_for(both(), 240))
    assert one == other
    assert "certifying" in one


def test_a_cancelled_run_keeps_its_best_plan(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """Cancelled once it has a value, a run on Ray ends with that plan, and says what stopped it."""
    scenario = middling_scenario(SEED)
    asked: list[Progress] = []

    async def cancel(progress: Progress) -> None:
        if progress.value is not None and not asked:
            asked.append(progress)
            await ray_runtime.cancel(RUN)

    run: Run = follow(ray_runtime, scenario, tmp_path, PlanningParameters(gap=0.0), watch=cancel)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert run.result.stopped_by == "cancelled"
    assert certify(scenario, read_plan(tmp_path / "plan")).breaches == ()


def test_a_plan_accepted_on_the_way_is_what_the_run_ends_with(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """Accepted by its name in mid-run, a plan is what a run on Ray leaves, and this process makes it again."""
    scenario = middling_scenario(SEED)
    first: list[Progress] = []
    answers: list[bool] = []

    async def accept(progress: Progress) -> None:
        if progress.etag and not first:
            first.append(progress)
            answers.append(await ray_runtime.accept(RUN, "1-0123456789abcdef"))
            answers.append(await ray_runtime.accept(RUN, progress.etag))

    run = follow(ray_runtime, scenario, tmp_path, PlanningParameters(gap=0.0), watch=accept)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert answers == [False, True]
    assert run.result.incumbent == first[0].etag
    again = parameters_again(read_plan(tmp_path / "plan"))
    assert plan_hash(tmp_path / "plan") == hash_here(scenario, tmp_path / "here", again)


def test_an_infeasible_scenario_is_a_result_on_ray_too(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """Hosts that held other agents take the new scenario's, and the result names the clauses in conflict."""
    run = follow(ray_runtime, generate("tiny", seed=9), tmp_path, PlanningParameters(hosts=2))
    assert run.result.outcome is Outcome.INFEASIBLE
    assert run.result.conflict


def test_cancelling_an_ended_run_does_nothing(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """A run that ended cannot be cancelled any more: taken up again under its name, it plans."""
    asyncio.run(ray_runtime.cancel(RUN))
    run = follow(ray_runtime, generate("tiny", seed=3), tmp_path, PlanningParameters(hosts=1))
    assert run.result.outcome is Outcome.PLANNED, run.result.detail


class OneHost:
    """A network of one plain agent host."""

    def __init__(self, host: Any, names: tuple[str, ...]) -> None:
        self.host, self.names = host, names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round."""
        return self.host.handle(messages)[0]


def priced(problem: JointProblem, network: AgentNetwork) -> dict[str, float]:
    """Return what plants and partners answer at prices of 0."""
    asked = AskPrice(np.zeros(len(problem.links.labels)), {}, nodes=5)
    names = [name for name in network.names if not name.startswith("segment:")]
    replies = network.ask(dict.fromkeys(names, asked))
    return {name: reply.bound for name, reply in replies.items() if isinstance(reply, Priced)}


def test_agents_stop_for_their_own_turn_only(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """A host that is told to stop answers without bounds in that turn; for other turns, and in the next, with them."""
    scenario = generate("tiny", seed=3)
    write_scenario(scenario, tmp_path / "scenario")
    names = agent_names(scenario)
    network = OneHost(AgentHost(agent_settings()), names)
    network.host.install(str(tmp_path / "scenario"), names, Turn(id="turn-1"))
    segments = scenario["segments"]["segment"].to_list()
    problem = join(network, SharedSurroundings(scenario), segments)
    network.host.stop("turn-0")
    before = priced(problem, network)
    assert all(np.isfinite(bound) for bound in before.values())
    network.host.stop("turn-1")
    assert max(priced(problem, network).values()) == float("inf")
    x = np.zeros(problem.assembly.program.columns)
    plant = problem.assembly.names.index(next(name for name in names if name.startswith("plant:")))
    part = x[problem.assembly.columns_of(plant)]
    decided = network.ask({problem.assembly.names[plant]: Decide(part, part)})
    assert all(isinstance(reply, Decided) for reply in decided.values())
    network.host.install(str(tmp_path / "scenario"), names, Turn(id="turn-2"))
    assert priced(problem, network) == before


def test_hosts_say_that_they_answer(ray_runtime: RayRuntime) -> None:
    """The coordinator and the hosts that were started answer, one of them alone if asked, also in mid-round."""

    async def asked() -> tuple[tuple[HostState, ...], tuple[HostState, ...]]:
        return await ray_runtime.hosts(), await ray_runtime.hosts("coordinator")

    every, one = asyncio.run(asyncio.wait_for(asked(), 60))
    assert {host.name for host in every} >= {"agents-0", "agents-1", "coordinator"}
    assert all(host.answers for host in every)
    assert one == (HostState("coordinator", answers=True),)


def test_however_many_ask_hosts_are_told_to_answer_and_a_plan_is_made(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """Far more questions at once than an actor lets wait, all through a run, are answered as one and do not harm it."""
    at_once, told = 300, list[bool]()

    async def ask(_: Progress) -> None:
        for hosts in await asyncio.gather(*(ray_runtime.hosts() for _ in range(at_once))):
            told.append(all(host.answers for host in hosts))

    run = follow(ray_runtime, generate("tiny", seed=3), tmp_path, PlanningParameters(hosts=2), watch=ask)
    assert run.result.outcome is Outcome.PLANNED, run.result.detail
    assert len(told) >= at_once
    assert all(told)


def test_what_hosts_do_is_told_for_the_trace_of_the_plan(ray_runtime: RayRuntime, tmp_path: Path) -> None:
    """Rounds, answers of agents and solves come with the progress of a run on Ray, within its seconds."""
    run = follow(ray_runtime, generate("tiny", seed=3), tmp_path, PlanningParameters(hosts=2))
    steps = [step for told in (*run.told, run.result) for step in told.steps]
    assert {step.kind for step in steps} == {StepKind.ROUND, StepKind.AGENT, StepKind.SOLVE}
    answered = {step.what.partition(":")[0] for step in steps if step.kind is StepKind.AGENT}
    assert answered <= {"plant", "partner", "segment"}
    assert all(0 <= step.began <= step.ended for step in steps)
