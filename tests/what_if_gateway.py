"""A server that is asked what-if questions and plans them by telling values, for tests that knock at its doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from cluster.what_if_settings import WhatIfSettings
from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.ports.silent_telemetry import SILENT
from planner.ports.telemetry import Telemetry
from planner.ports.what_if import CaseOrder, CaseResult
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from planner.wire.v1 import what_if_pb2_grpc
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: whatever
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.5, 0.8, 1.2]}
cross: [demand]
"""
CASES = 4


@dataclass
class Scripted:
    """Plans by telling values; from case number ``stall_at`` on it waits for ever."""

    stall_at: int = 1 << 30
    asked: list[str] = field(default_factory=list)
    lanes: int = 1

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Plan a chunk."""
        for order in orders:
            if len(self.asked) >= self.stall_at:
                await asyncio.Event().wait()
            self.asked.append(order.key)
            levels = {name: str(level) for name, level in order.case.settings}
            yield CaseResult(
                key=order.key,
                name=order.case.name,
                levels=levels,
                outcome="planned",
                stopped_by="gap",
                value=float(len(self.asked)),
                bound_checked=100.0,
                seconds=0.01,
            )

    async def close(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True, slots=True)
class WhatIfKnock:
    """A stub of a running server, the scenario that it holds (``scenarios/…``), and its address."""

    stub: Any
    scenario: str
    address: str


@asynccontextmanager
async def what_if_gateway(
    data: Path,
    runner: Scripted,
    limits: WhatIfSettings | None = None,
    *,
    telemetry: Telemetry = SILENT,
    port: int = 0,
) -> AsyncIterator[WhatIfKnock]:
    """Serve with a scripted runner on loopback; port 0 is a free one."""
    settings = GatewaySettings(
        door=DoorSettings(listen=f"127.0.0.1:{port}"), data=data / "data", what_if=limits or WhatIfSettings()
    )
    runtime = ScriptedRuntime(Script(), write_plan)
    if not (data / "scenario").exists():
        write_scenario(small_scenario(), data / "scenario")
    async with (
        running_gateway(settings, lambda _: runtime, telemetry, make_case_runner=lambda _job, _base: runner) as address,
        PlanningClient(ServerAddress(address)) as client,
        grpc.aio.insecure_channel(address) as channel,
    ):
        scenario = await client.upload(data / "scenario")
        yield WhatIfKnock(what_if_pb2_grpc.WhatIfServiceStub(channel), f"scenarios/{scenario}", address)


def at_what_if(
    data: Path,
    runner: Scripted,
    visit: Callable[[WhatIfKnock], Awaitable[None]],
    limits: WhatIfSettings | None = None,
    *,
    telemetry: Telemetry = SILENT,
) -> None:
    """Visit a server from its start to its end."""

    async def run() -> None:
        async with what_if_gateway(data, runner, limits, telemetry=telemetry) as knock:
            await asyncio.wait_for(visit(knock), 60)

    asyncio.run(run())
