"""Ten times more requests than the server can make: accepted ones keep their deadlines, the rest is told at once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.errors import retry_delay
from planner.client.planning_client import PlanningClient, PlanStep
from planner.domain.errors import InvalidRequest, QueueFull, RequestConflict
from planner.events.catalogue import NoPlanFound, PlanCompleted
from planner.events.plan_record import PlanRecord, PlanState
from planner.ports.planning_runtime import PlanningParameters
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from tests.gateway import LONG
from tests.scenario_builder import small_scenario
from tests.telemetry_kept import Kept

PLACES, WAITING = 2, 6
PLAN_SECONDS = 0.4
DEADLINE = 6.0
TIMES_TOO_MANY = 10


@dataclass(slots=True)
class Flood:
    """What became of the requests of a flood."""

    ended: list[PlanRecord] = field(default_factory=list)
    refused_after: list[float] = field(default_factory=list)
    advice: list[float] = field(default_factory=list)
    most_tasks: int = 0
    most_queued: float = 0.0


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


def plan_tasks() -> int:
    """Return how many tasks of plans there are in this event loop."""
    return sum(task.get_name().startswith("plan ") for task in asyncio.all_tasks())


async def one_request(client: PlanningClient, stored: str, flood: Flood) -> None:
    """Ask for a plan and follow it to its end, or note how soon it was refused."""
    began = time.monotonic()
    try:
        asked = await client.create(stored, PlanningParameters(time_limit=DEADLINE))
    except QueueFull as error:
        flood.refused_after.append(time.monotonic() - began)
        flood.advice.append(error.retry_seconds)
        return
    last = [step async for step in client.watch(asked.plan)][-1]
    assert isinstance(last, PlanStep)
    flood.ended.append(last.record)


async def flooded(data: Path, scenario: Path, seconds: float) -> Flood:
    """Offer ten times what a server can make for some seconds; return what became of it."""
    settings = GatewaySettings(
        door=DoorSettings(listen="127.0.0.1:0"), data=data, concurrency=PLACES, most_waiting=WAITING
    )
    runtime = ScriptedRuntime(Script(steps=4, step_seconds=PLAN_SECONDS / 4), write_plan)
    kept, flood = Kept(), Flood()
    async with (
        running_gateway(settings, lambda _: runtime, kept.telemetry) as address,
        PlanningClient(ServerAddress(address)) as client,
    ):
        stored = await client.upload(scenario)
        pause = PLAN_SECONDS / PLACES / TIMES_TOO_MANY
        requests, until = set[asyncio.Task[None]](), time.monotonic() + seconds
        while time.monotonic() < until:
            request = asyncio.create_task(one_request(client, stored, flood))
            requests.add(request)
            request.add_done_callback(requests.discard)
            kept.exporter.clear()  # what this test keeps is not the server's memory
            flood.most_tasks = max(flood.most_tasks, plan_tasks())
            flood.most_queued = max(flood.most_queued, kept.figure("concordat_queue_length") or 0.0)
            await asyncio.sleep(pause)
        await asyncio.gather(*requests)
        assert kept.figure("concordat_queue_refused_total") == len(flood.refused_after)
    return flood


def check(flood: Flood) -> None:
    """Check what holds however long a flood lasts."""
    assert len(flood.refused_after) > 3 * len(flood.ended) > 0
    assert [record.state for record in flood.ended if record.state is not PlanState.PLANNED] == []
    taken = [(record.ended_at - record.requested_at).total_seconds() for record in flood.ended if record.ended_at]
    assert max(taken) <= DEADLINE
    assert sorted(flood.refused_after)[int(0.95 * len(flood.refused_after))] < 0.5
    assert min(flood.advice) >= 1.0
    assert flood.most_queued <= WAITING
    assert flood.most_tasks <= 2 * PLACES + WAITING  # those that left their places may be at their very end


def test_under_a_flood_accepted_plans_keep_their_deadlines(tmp_path: Path, scenario: Path) -> None:
    """All accepted plans are made within their deadlines, the others are refused at once, and no more tasks live."""
    flood = asyncio.run(asyncio.wait_for(flooded(tmp_path / "data", scenario, 2.5), 60))
    check(flood)
    assert len(flood.ended) >= 2.5 / PLAN_SECONDS * PLACES * 0.4  # places are not left idle over it


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_memory_stays_flat_under_a_flood(tmp_path: Path, scenario: Path) -> None:
    """A flood of ten minutes ends with the memory it had after its first, give or take 24 MB."""

    async def run() -> tuple[Flood, Flood, int, int]:
        first = await flooded(tmp_path / "first", scenario, 60.0)
        early = resident_bytes()
        second = await flooded(tmp_path / "second", scenario, 600.0)
        return first, second, early, resident_bytes()

    first, second, early, late = asyncio.run(asyncio.wait_for(run(), 1000))
    assert late - early < 24 << 20
    for flood in (first, second):
        check(flood)


def resident_bytes() -> int:
    """Return the memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def served(data: Path, script: Script, visit: object) -> None:
    """Run a visit to a server with one place."""

    async def run() -> None:
        settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=data, most_waiting=3)
        runtime = ScriptedRuntime(script, write_plan)
        async with (
            running_gateway(settings, lambda _: runtime) as address,
            PlanningClient(ServerAddress(address)) as client,
        ):
            await asyncio.wait_for(visit(client, runtime), 30)

    asyncio.run(run())


def test_priorities_reach_the_queue(tmp_path: Path, scenario: Path) -> None:
    """Of two plans that wait the later one goes first where its request has the higher priority."""

    async def visit(client: PlanningClient, runtime: ScriptedRuntime) -> None:
        stored = await client.upload(scenario)
        running = await client.create(stored, PlanningParameters())
        plain = await client.create(stored, PlanningParameters())
        urgent = await client.create(stored, PlanningParameters(), priority=5)
        for plan in (running, plain, urgent):
            assert [step async for step in client.watch(plan.plan)]
        assert [run for run, _ in runtime.received] == [running.plan, urgent.plan, plain.plan]

    served(tmp_path / "data", Script(steps=3, step_seconds=0.1), visit)


def test_priority_is_a_part_of_the_request(tmp_path: Path, scenario: Path) -> None:
    """The same id with another priority is another request, and a priority out of range is none."""

    async def visit(client: PlanningClient, _: ScriptedRuntime) -> None:
        stored = await client.upload(scenario)
        asked = await client.create(stored, PlanningParameters(), request_id="r-1")
        again = await client.create(stored, PlanningParameters(), request_id="r-1", priority=0)
        assert again.plan == asked.plan
        with pytest.raises(RequestConflict):
            await client.create(stored, PlanningParameters(), request_id="r-1", priority=1)
        with pytest.raises(InvalidRequest, match="priority"):
            await client.create(stored, PlanningParameters(), priority=10)

    served(tmp_path / "data", Script(), visit)


def test_a_request_that_is_repeated_is_answered_though_the_queue_is_full(tmp_path: Path, scenario: Path) -> None:
    """A full queue refuses new requests only: one that was accepted is found again, and so is a check of one."""

    async def visit(client: PlanningClient, _: ScriptedRuntime) -> None:
        stored = await client.upload(scenario)
        asked = [await client.create(stored, PlanningParameters(), request_id=f"r-{i}") for i in range(4)]
        with pytest.raises(QueueFull, match="3 plans wait already") as refused:
            await client.create(stored, PlanningParameters())
        status = refused.value.__cause__
        assert isinstance(status, grpc.aio.AioRpcError)
        assert (status.code(), retry_delay(status)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 1.0)
        assert (await client.create(stored, PlanningParameters(), request_id="r-0")).plan == asked[0].plan
        assert (await client.create(stored, PlanningParameters(), validate_only=True)).plan == ""
        await client.cancel(asked[1].plan)
        last = [step async for step in client.watch(asked[1].plan)][-1]
        assert isinstance(last, PlanStep)
        assert isinstance(last.record.ending, NoPlanFound)
        assert await client.create(stored, PlanningParameters())

    served(tmp_path / "data", LONG, visit)


def test_a_plan_that_waited_too_long_ends_with_its_reason(tmp_path: Path, scenario: Path) -> None:
    """A plan whose time passes in the queue is not computed, and says why."""

    async def visit(client: PlanningClient, runtime: ScriptedRuntime) -> None:
        stored = await client.upload(scenario)
        running = await client.create(stored, PlanningParameters())
        waiting = await client.create(stored, PlanningParameters(time_limit=0.2))
        last = [step async for step in client.watch(waiting.plan)][-1]
        assert isinstance(last, PlanStep)
        assert isinstance(last.record.ending, NoPlanFound)
        assert last.record.ending.stopped_by == "time"
        assert "while other plans were being made" in last.record.ending.detail
        assert [run for run, _ in runtime.received] == [running.plan]

    served(tmp_path / "data", LONG, visit)


def test_plans_resume_in_a_queue_that_is_longer_than_it_may_be(tmp_path: Path, scenario: Path) -> None:
    """What was accepted is never refused: a restart takes up more plans than a shorter queue would let wait."""

    async def ask(client: PlanningClient, _: ScriptedRuntime) -> None:
        stored = await client.upload(scenario)
        for _number in range(4):
            await client.create(stored, PlanningParameters())

    served(tmp_path / "data", LONG, ask)

    async def run() -> None:
        settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=tmp_path / "data", most_waiting=1)
        runtime = ScriptedRuntime(Script(steps=1), write_plan)
        async with (
            running_gateway(settings, lambda _: runtime) as address,
            PlanningClient(ServerAddress(address)) as client,
        ):
            plans = await client.plans(10)
            for record in plans:
                last = [step async for step in client.watch(record.plan)][-1]
                assert isinstance(last, PlanStep)
                assert isinstance(last.record.ending, PlanCompleted)
            assert len(plans) == 4

    asyncio.run(asyncio.wait_for(run(), 30))
