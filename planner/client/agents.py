"""Asks a server for its long-lived agents, and steers them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from planner.application.agents import KindStanding
from planner.client.connection import ServerAddress
from planner.client.errors import translated
from planner.domain.agent_lifecycle import AgentState
from planner.events.agent_record import AgentRecord
from planner.wire.v1 import agent_pb2, agent_pb2_grpc

SECONDS = 30.0
"""Deadline of a call."""
PAGE = 500


async def ask_agents(server: ServerAddress, kind: str) -> tuple[tuple[AgentRecord, ...], tuple[KindStanding, ...]]:
    """Return all agents of a kind, or of all kinds where it is empty, and the kinds there are.

    Raises
    ------
    InvalidRequest
        If there is no such kind.
    ServerUnavailable
        If no server answers.
    """
    agents: list[AgentRecord] = []
    async with _stub(server) as stub:
        token = ""
        while True:
            request = agent_pb2.ListAgentsRequest(kind=kind, page_size=PAGE, page_token=token)
            page = await stub.ListAgents(request, timeout=SECONDS)
            agents += [agent_from_wire(agent) for agent in page.agents]
            token = page.next_page_token
            if not token:
                return tuple(agents), tuple(kind_from_wire(kind) for kind in page.kinds)


async def ask_agent(server: ServerAddress, name: str) -> AgentRecord:
    """Return one agent; raises :class:`planner.domain.errors.NotFound` where there is none of this name."""
    async with _stub(server) as stub:
        return agent_from_wire(await stub.GetAgent(agent_pb2.GetAgentRequest(name=f"agents/{name}"), timeout=SECONDS))


async def upgrade_agents(server: ServerAddress, kind: str, version: int) -> KindStanding:
    """Have the agents of a kind be of a version from their next run on.

    Raises
    ------
    InvalidRequest
        If there is no such kind or version.
    """
    async with _stub(server) as stub:
        request = agent_pb2.UpgradeAgentsRequest(kind=kind, version=version)
        return kind_from_wire(await stub.UpgradeAgents(request, timeout=SECONDS))


async def rollback_agents(server: ServerAddress, kind: str) -> KindStanding:
    """Take the last choice of a version back; raises :class:`planner.domain.errors.InvalidRequest` without one."""
    async with _stub(server) as stub:
        return kind_from_wire(await stub.RollbackAgents(agent_pb2.RollbackAgentsRequest(kind=kind), timeout=SECONDS))


async def retire_agent(server: ServerAddress, name: str, reason: str) -> AgentRecord:
    """Decommission an agent.

    Raises
    ------
    NotFound
        If there is none of this name.
    AgentBusy
        If it is part of a run that goes on.
    """
    async with _stub(server) as stub:
        request = agent_pb2.RetireAgentRequest(name=f"agents/{name}", reason=reason)
        return agent_from_wire(await stub.RetireAgent(request, timeout=SECONDS))


def agent_from_wire(message: agent_pb2.Agent) -> AgentRecord:
    """Return an agent."""
    return AgentRecord(
        name=message.name.removeprefix("agents/"),
        state=AgentState(message.state),
        epoch=message.epoch,
        version=message.version,
        host=message.host,
        scenario=message.scenario.removeprefix("scenarios/"),
        run=message.run.removeprefix("plans/"),
        plan=message.plan.removeprefix("plans/"),
        accepted=message.accepted_plan.removeprefix("plans/"),
        runs=message.runs,
        reason=message.reason,
    )


def kind_from_wire(message: agent_pb2.AgentKind) -> KindStanding:
    """Return a kind of agents."""
    return KindStanding(
        kind=message.kind, version=message.version, chosen=message.chosen, versions=tuple(message.versions)
    )


@asynccontextmanager
async def _stub(server: ServerAddress) -> AsyncIterator[Any]:
    channel = server.channel()
    try:
        # The code that protoc writes has no types; conversions give them back.
        stub: Any = agent_pb2_grpc.AgentServiceStub(channel)  # type: ignore[no-untyped-call]
        with translated(server.address):
            yield stub
    finally:
        await channel.close()
