"""A guarded planning server with a scripted runtime, and clients of it in all roles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from planner.adapters.audit_log_sqlite import SqliteAuditLog
from planner.adapters.plan_folder import write_plan
from planner.client.connection import ServerAddress
from planner.client.credentials import Credentials
from planner.client.planning_client import PlanningClient
from planner.ports.audit_log import AuditEntry
from planner.ports.what_if_jobs import RunnerMaker
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from tests.door_keys import token


class GuardedKnock:
    """A running guarded server, and clients of it by the token they show."""

    def __init__(self, address: str, data: Path, stack: AsyncExitStack) -> None:
        self.address = address
        self.data = data
        self._stack = stack

    async def client(self, shown: str) -> PlanningClient:
        """Return a client that shows a token; an empty one is not shown."""
        server = ServerAddress(self.address, None, Credentials(token=shown))
        return await self._stack.enter_async_context(PlanningClient(server))

    async def as_role(self, role: str, name: str = "") -> PlanningClient:
        """Return a client whose token names a role."""
        return await self.client(token(name or f"some-{role}", role))

    async def as_partner(self, partner: str) -> PlanningClient:
        """Return a client that speaks for a partner."""
        return await self.client(token(f"clerk-of-{partner}", "partner", partner=partner))

    def audited(self) -> list[AuditEntry]:
        """Return all decisions so far."""
        log = SqliteAuditLog(self.data, read_only=True)
        try:
            return [row.entry for row in log.rows()]
        finally:
            log.close()


@asynccontextmanager
async def guarded_gateway(
    data: Path,
    door: DoorSettings,
    runtime: ScriptedRuntime | None = None,
    make_case_runner: RunnerMaker | None = None,
) -> AsyncIterator[GuardedKnock]:
    """Serve scripted planning behind a guarded door."""
    chosen = runtime or ScriptedRuntime(Script(), write_plan)
    settings = GatewaySettings(door=door, data=data)
    async with (
        running_gateway(settings, lambda _: chosen, make_case_runner=make_case_runner) as address,
        AsyncExitStack() as stack,
    ):
        yield GuardedKnock(address, data, stack)


def at_guarded(
    data: Path,
    door: DoorSettings,
    visit: Callable[[GuardedKnock], Awaitable[None]],
    runtime: ScriptedRuntime | None = None,
    make_case_runner: RunnerMaker | None = None,
) -> None:
    """Run a visit to a guarded server from its start to its end."""

    async def run() -> None:
        async with guarded_gateway(data, door, runtime, make_case_runner) as knock:
            await asyncio.wait_for(visit(knock), 60)

    asyncio.run(run())
