"""The methods of `concordat.planning.v1.AgentService`."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from planner.application.agents import (
    AgentPorts,
    KindStanding,
    find_agent,
    kind_standings,
    list_agents,
    retire_agent,
    rollback_agents,
    upgrade_agents,
)
from planner.application.plan_runs import PlanRuns
from planner.domain.errors import NotFound
from planner.events.agent_record import AgentRecord
from planner.wire.v1 import agent_pb2, agent_pb2_grpc

AGENT_SERVICE = agent_pb2.DESCRIPTOR.services_by_name["AgentService"].full_name
COLLECTION = "agents/"

Context = grpc.aio.ServicerContext[Any, Any]


class AgentServicer(agent_pb2_grpc.AgentServiceServicer):
    """Shows and steers the long-lived agents; journals block, so they are asked in threads."""

    def __init__(self, ports: AgentPorts, runs: PlanRuns) -> None:
        self._ports, self._runs = ports, runs

    async def ListAgents(  # noqa: N802 - named by the contract
        self, request: agent_pb2.ListAgentsRequest, _context: Context
    ) -> agent_pb2.ListAgentsResponse:
        """Return a page of agents, and the kinds there are."""
        page = await asyncio.to_thread(
            list_agents, self._ports, kind=request.kind, page_size=request.page_size, page_token=request.page_token
        )
        kinds = await asyncio.to_thread(kind_standings, self._ports)
        return agent_pb2.ListAgentsResponse(
            agents=[agent_to_wire(record) for record in page.agents],
            next_page_token=page.next_page_token,
            kinds=[kind_to_wire(kind) for kind in kinds],
        )

    async def GetAgent(  # noqa: N802 - named by the contract
        self, request: agent_pb2.GetAgentRequest, _context: Context
    ) -> agent_pb2.Agent:
        """Return one agent."""
        return agent_to_wire(await asyncio.to_thread(find_agent, self._ports, _identity(request.name)))

    async def UpgradeAgents(  # noqa: N802 - named by the contract
        self, request: agent_pb2.UpgradeAgentsRequest, _context: Context
    ) -> agent_pb2.AgentKind:
        """Choose a version for a kind."""
        return kind_to_wire(await asyncio.to_thread(upgrade_agents, self._ports, request.kind, request.version))

    async def RollbackAgents(  # noqa: N802 - named by the contract
        self, request: agent_pb2.RollbackAgentsRequest, _context: Context
    ) -> agent_pb2.AgentKind:
        """Take the last choice back."""
        return kind_to_wire(await asyncio.to_thread(rollback_agents, self._ports, request.kind))

    async def RetireAgent(  # noqa: N802 - named by the contract
        self, request: agent_pb2.RetireAgentRequest, _context: Context
    ) -> agent_pb2.Agent:
        """Decommission an agent."""
        name = _identity(request.name)
        record = await asyncio.to_thread(find_agent, self._ports, name)
        busy = record.run != "" and self._runs.live(record.run) is not None
        return agent_to_wire(await asyncio.to_thread(retire_agent, self._ports, name, request.reason, busy=busy))


def agent_to_wire(record: AgentRecord) -> agent_pb2.Agent:
    """Return an agent as a message."""
    return agent_pb2.Agent(
        name=f"{COLLECTION}{record.name}",
        state=record.state.value,
        version=record.version,
        epoch=record.epoch,
        host=record.host,
        scenario=f"scenarios/{record.scenario}" if record.scenario else "",
        run=f"plans/{record.run}" if record.run else "",
        plan=f"plans/{record.plan}" if record.plan else "",
        accepted_plan=f"plans/{record.accepted}" if record.accepted else "",
        runs=record.runs,
        reason=record.reason,
    )


def kind_to_wire(kind: KindStanding) -> agent_pb2.AgentKind:
    """Return a kind of agents as a message."""
    return agent_pb2.AgentKind(kind=kind.kind, version=kind.version, chosen=kind.chosen, versions=kind.versions)


def _identity(name: str) -> str:
    """Return the agent a resource name stands for."""
    if not name.startswith(COLLECTION):
        raise NotFound(f"no agent has the name {name[:200]!r}: names are {COLLECTION}kind:identity")
    return name.removeprefix(COLLECTION)
