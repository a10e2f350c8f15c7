"""A planning server with a scripted runtime, for tests that knock at its doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient, PlanStep
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime

LONG = Script(steps=2000, step_seconds=0.01)
"""A script that runs for as long as a test may wait."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A client of a running server, and the runtime behind it."""

    client: PlanningClient
    runtime: ScriptedRuntime
    address: str


@asynccontextmanager
async def gateway(
    data: Path,
    script: Script | None = None,
    *,
    concurrency: int = 1,
    largest_scenario: int = 1 << 30,
    port: int = 0,
    database: str | None = None,
) -> AsyncIterator[Knock]:
    """Serve scripted planning on a free loopback port; gives a client of it."""
    settings = GatewaySettings(
        database=database,
        door=DoorSettings(listen=f"127.0.0.1:{port}"),
        data=data,
        concurrency=concurrency,
        largest_scenario=largest_scenario,
    )
    runtime = ScriptedRuntime(script or Script(), write_plan)
    async with (
        running_gateway(settings, lambda _: runtime) as address,
        PlanningClient(ServerAddress(address)) as client,
    ):
        yield Knock(client, runtime, address)


def at(data: Path, script: Script | None, visit: Callable[[Knock], Awaitable[None]], **options: Any) -> None:
    """Run a visit to a server from its start to its end."""

    async def run() -> None:
        async with gateway(data, script, **options) as knock:
            await asyncio.wait_for(visit(knock), 60)

    asyncio.run(run())


async def seen(knock: Knock, plan: str) -> list[PlanStep]:
    """Follow a plan to its end and return what was seen."""
    return [step async for step in knock.client.watch(plan) if not isinstance(step, ConnectionLost)]


async def first_value(knock: Knock, plan: str) -> None:
    """Wait until a plan has a value."""
    async for step in knock.client.watch(plan):
        if isinstance(step, PlanStep) and step.progress is not None and step.progress.value is not None:
            return
    raise AssertionError(f"plan {plan} ended without a value")
