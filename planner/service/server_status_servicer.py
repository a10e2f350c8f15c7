"""The method of `concordat.planning.v1.ServerStatusService`."""

from __future__ import annotations

from typing import Any

import grpc

from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.server_status import (
    ExecutionStanding,
    PlanStanding,
    ServerFacts,
    ServerStatus,
    server_status,
)
from planner.application.what_if_runs import WhatIfRuns
from planner.ports.agent_hosts import AgentHosts
from planner.service.what_if_conversions import COLLECTION
from planner.wire.v1 import server_status_pb2, server_status_pb2_grpc

STATUS_SERVICE = server_status_pb2.DESCRIPTOR.services_by_name["ServerStatusService"].full_name

Context = grpc.aio.ServicerContext[Any, Any]


class ServerStatusServicer(server_status_pb2_grpc.ServerStatusServiceServicer):
    """Tells how the server is doing."""

    def __init__(
        self, ports: PlanningPorts, runs: PlanRuns, *, what_if: WhatIfRuns, hosts: AgentHosts, facts: ServerFacts
    ) -> None:
        self._ports, self._runs, self._what_if, self._hosts, self._facts = ports, runs, what_if, hosts, facts

    async def GetServerStatus(  # noqa: N802 - named by the contract
        self, request: server_status_pb2.GetServerStatusRequest, _context: Context
    ) -> server_status_pb2.ServerStatus:
        """Return it."""
        status = await server_status(
            self._ports,
            self._runs,
            what_if=self._what_if,
            hosts=self._hosts,
            facts=self._facts,
            only_host=request.host,
        )
        return status_to_wire(status)


def status_to_wire(status: ServerStatus) -> server_status_pb2.ServerStatus:
    """Return a status as a message."""
    message = server_status_pb2.ServerStatus(
        version=status.facts.version,
        runtime=status.facts.runtime,
        concurrency=status.concurrency,
        queue_length=status.queue_length,
        queue_limit=status.queue_limit,
        plans=[_plan(standing) for standing in status.plans],
        what_if_executions=[_execution(standing) for standing in status.executions],
        hosts=[server_status_pb2.Host(name=host.name, answers=host.answers) for host in status.hosts],
        host_restarts=status.host_restarts,
    )
    message.start_time.FromDatetime(status.facts.started_at)
    message.uptime.FromNanoseconds(round(status.uptime * 1e9))
    return message


def _execution(standing: ExecutionStanding) -> server_status_pb2.LiveWhatIfExecution:
    return server_status_pb2.LiveWhatIfExecution(
        name=f"{COLLECTION}/{standing.job}/executions/{standing.execution}",
        running=standing.running,
        done=standing.done,
        total=standing.total,
        seconds=standing.seconds,
    )


def _plan(standing: PlanStanding) -> server_status_pb2.LivePlan:
    return server_status_pb2.LivePlan(
        name=f"plans/{standing.plan}",
        running=standing.running,
        phase=standing.phase,
        gap=standing.gap,
        seconds=standing.seconds,
        priority=standing.priority,
    )
