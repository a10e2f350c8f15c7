"""Calls as telemetry sees them: the caller's trace, status codes, broken-off streams, plans after a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.client.server_status import ask_status
from planner.domain.errors import ScenarioInvalid
from planner.ports.planning_runtime import PlanningParameters, PlanningResult, Progress
from planner.ports.run_steps import RunStep, StepKind
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from planner.wire.v1 import planning_service_pb2, planning_service_pb2_grpc
from tests.gateway import LONG
from tests.scenario_builder import small_scenario, with_cell
from tests.telemetry_kept import Kept, logged

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


@asynccontextmanager
async def watched(data: Path, script: Script, kept: Kept) -> AsyncIterator[str]:
    """Serve scripted planning under watch; gives the address."""
    settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=data)
    runtime = ScriptedRuntime(script, write_plan)
    async with running_gateway(settings, lambda _: runtime, kept.telemetry) as address:
        yield address


def at(data: Path, script: Script, kept: Kept, visit: Callable[[str], Awaitable[None]]) -> None:
    """Run a visit to a watched server from its start to its end."""

    async def run() -> None:
        async with watched(data, script, kept) as address:
            await asyncio.wait_for(visit(address), 60)

    asyncio.run(run())


async def get_plan(address: str, metadata: tuple[tuple[str, str], ...]) -> grpc.StatusCode:
    """Ask for a plan nobody knows; return the status."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = planning_service_pb2_grpc.PlanningServiceStub(channel)
        try:
            await stub.GetPlan(planning_service_pb2.GetPlanRequest(name="plans/none"), metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def test_the_callers_trace_goes_on(tmp_path: Path) -> None:
    """A call that brings a traceparent becomes a part of that trace, and its status is counted by name."""
    kept = Kept()

    async def visit(address: str) -> None:
        assert await get_plan(address, (("traceparent", CALLER),)) is grpc.StatusCode.NOT_FOUND

    at(tmp_path, Script(), kept, visit)
    (span,) = kept.spans("concordat.planning.v1.PlanningService/GetPlan")
    assert format(span.context.trace_id, "032x") == CALLER.split("-")[1]
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == CALLER.split("-")[2]
    assert (span.status.is_ok, span.status.description) == (False, "NOT_FOUND")
    assert kept.figure("concordat_requests_total", method="GetPlan", code="NOT_FOUND") == 1


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-01", "x" * 5000])
def test_a_traceparent_that_is_none_begins_a_trace(tmp_path: Path, header: str) -> None:
    """Whatever stands in the header, the call is served and has a trace of its own."""
    kept = Kept()

    async def visit(address: str) -> None:
        assert await get_plan(address, (("traceparent", header),)) is grpc.StatusCode.NOT_FOUND

    at(tmp_path, Script(), kept, visit)
    (span,) = kept.spans("concordat.planning.v1.PlanningService/GetPlan")
    assert span.parent is None
    assert span.context.trace_id


def test_methods_nobody_serves_make_no_labels(tmp_path: Path) -> None:
    """An invented method is refused without becoming a label or a span."""
    kept = Kept()

    async def visit(address: str) -> None:
        async with grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError, match="UNIMPLEMENTED"):
                await channel.unary_unary("/concordat.planning.v1.PlanningService/Invented")(b"")

    at(tmp_path, Script(), kept, visit)
    assert "Invented" not in kept.metrics.text()
    assert kept.spans() == []


def test_a_watch_that_is_left_is_counted_as_cancelled(tmp_path: Path, scenario: Path, caplog: Any) -> None:
    """A stream whose reader goes away ends as CANCELLED, is not served any more, and leaves no complaint behind."""
    kept = Kept()

    async def visit(address: str) -> None:
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), PlanningParameters())
            async for step in client.watch(asked.plan):
                if isinstance(step, PlanStep) and step.progress is not None:
                    break
        for _ in range(100):
            if kept.figure("concordat_requests_total", method="WatchPlan", code="CANCELLED"):
                break
            await asyncio.sleep(0.05)

    at(tmp_path / "data", LONG, kept, visit)
    assert kept.figure("concordat_requests_total", method="WatchPlan", code="CANCELLED") == 1
    assert kept.figure("concordat_requests_active", method="WatchPlan") == 0
    assert [record.message for record in caplog.records if "context" in record.message.lower()] == []


def test_a_plan_taken_up_again_links_to_where_it_began(tmp_path: Path, scenario: Path) -> None:
    """After a restart the plan has a new trace, whose first span is linked to the call that asked for it."""
    before, after, plans = Kept(), Kept(), []

    async def ask(address: str) -> None:
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), PlanningParameters())
            plans.append(asked.plan)
            await anext(client.watch(asked.plan))

    async def follow(address: str) -> None:
        async with PlanningClient(ServerAddress(address)) as client:
            assert [step async for step in client.watch(plans[0])]

    at(tmp_path / "data", LONG, before, ask)
    at(tmp_path / "data", Script(steps=2), after, follow)
    (asked,) = before.spans("concordat.planning.v1.PlanningService/CreatePlan")
    (resumed,) = after.spans("plan")
    (run,) = after.spans("run")
    assert [link.context.span_id for link in resumed.links] == [asked.context.span_id]
    assert [link.context.trace_id for link in resumed.links] == [asked.context.trace_id]
    assert resumed.context.trace_id != asked.context.trace_id
    assert run.context.trace_id == resumed.context.trace_id
    assert run.attributes["concordat.attempt"] == 2


class HostsThatDie(ScriptedRuntime):
    """Agents whose hosts were brought back twice before the first progress."""

    async def plan(self, *order: Any) -> AsyncIterator[Progress | PlanningResult]:
        """Tell of both with the first progress."""
        steps = tuple(RunStep(kind=StepKind.RESTART, what=f"agents-{n}", began=0.0, ended=0.5) for n in range(2))
        async for event in super().plan(*order):
            yield replace(event, steps=steps)
            steps = ()


def test_hosts_that_were_brought_back_are_counted(tmp_path: Path, scenario: Path) -> None:
    """Each host that died in a run is one more in the metric and in the status, and a span of the plan's trace."""
    kept = Kept()

    async def run() -> None:
        runtime = HostsThatDie(Script(steps=2, step_seconds=0.0), write_plan)
        settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=tmp_path / "data")
        async with (
            running_gateway(settings, lambda _: runtime, kept.telemetry) as address,
            PlanningClient(ServerAddress(address)) as client,
        ):
            assert kept.figure("concordat_host_restarts_total") == 0
            asked = await client.create(await client.upload(scenario), PlanningParameters())
            assert [step async for step in client.watch(asked.plan)]
            status = (await ask_status(ServerAddress(address))).status
            assert status is not None
            assert status.host_restarts == 2

    asyncio.run(asyncio.wait_for(run(), 60))
    assert kept.figure("concordat_host_restarts_total") == 2
    (run_span,) = kept.spans("run")
    restarts = kept.spans("host restart")
    assert [span.attributes["concordat.host"] for span in restarts] == ["agents-0", "agents-1"]
    assert {span.context.trace_id for span in restarts} == {run_span.context.trace_id}


def test_a_refused_scenario_is_logged_without_its_cells(tmp_path: Path) -> None:
    """The findings that the requester is told quote customers' cells, the line in the log does not."""
    kept = Kept()
    write_scenario(with_cell(small_scenario(), "customers", 0, "segment", "unheard-of"), tmp_path / "scenario")

    async def visit(address: str) -> None:
        async with PlanningClient(ServerAddress(address)) as client:
            stored = await client.upload(tmp_path / "scenario")
            with pytest.raises(ScenarioInvalid, match="unheard-of"):
                await client.create(stored, PlanningParameters())

    with logged() as stream:
        at(tmp_path / "data", Script(), kept, visit)
    told = stream.getvalue() + kept.metrics.text() + "".join(span.to_json() for span in kept.spans())
    assert "SCENARIO_INVALID" in told
    assert "unheard-of" not in told


def test_an_error_nobody_foresaw_is_logged_without_its_words(tmp_path: Path, scenario: Path) -> None:
    """The log tells an error's type and where it passed, and neither it nor the log of events tells its words."""

    async def visit(address: str) -> None:
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), PlanningParameters())
            assert [step async for step in client.watch(asked.plan)]

    with logged() as stream:
        at(tmp_path / "data", Script(error="cell of customer 4711"), Kept(), visit)
    (failed,) = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"] == "planning failed"]
    assert failed["error"] == ["RuntimeError"]
    assert any("scripted_runtime.py" in place for place in failed["at"])
    assert "4711" not in stream.getvalue()
    assert [file.name for file in (tmp_path / "data").glob("events.sqlite*") if b"4711" in file.read_bytes()] == []
