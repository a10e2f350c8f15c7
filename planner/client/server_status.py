"""Asks a server how it is doing, and whether it serves at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc

from planner.application.server_status import ExecutionStanding, PlanStanding, ServerFacts, ServerStatus
from planner.client.connection import ServerAddress
from planner.client.errors import translated
from planner.ports.agent_hosts import HostState
from planner.wire.v1 import server_status_pb2, server_status_pb2_grpc

HEALTH_SECONDS = 5.0
"""Deadline of the question whether it serves."""

STATUS_SECONDS = 15.0
"""Deadline of the other one: hosts of agents are asked on the way."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Whether a server says that it serves and, if it does, how it is doing."""

    serving: bool
    status: ServerStatus | None


async def ask_health(server: ServerAddress) -> bool:
    """Return whether a server says that it serves; a guarded one tells everybody.

    Raises
    ------
    ServerUnavailable
        If no server answers.
    """
    channel = server.channel()
    try:
        with translated(server.address):
            return await _serves(channel)
    finally:
        await channel.close()


async def ask_status(server: ServerAddress) -> Watched:
    """Ask a server.

    Raises
    ------
    ServerUnavailable
        If no server answers.
    """
    channel = server.channel()
    try:
        # The code that protoc writes has no types; conversions give them back.
        stub: Any = server_status_pb2_grpc.ServerStatusServiceStub(channel)  # type: ignore[no-untyped-call]
        with translated(server.address):
            if not await _serves(channel):
                return Watched(serving=False, status=None)
            request = server_status_pb2.GetServerStatusRequest()
            status = status_from_wire(await stub.GetServerStatus(request, timeout=STATUS_SECONDS))
    finally:
        await channel.close()
    return Watched(serving=True, status=status)


async def _serves(channel: Any) -> bool:
    health: Any = health_pb2_grpc.HealthStub(channel)
    told = await health.Check(health_pb2.HealthCheckRequest(), timeout=HEALTH_SECONDS)
    return bool(told.status == health_pb2.HealthCheckResponse.SERVING)


def status_from_wire(message: server_status_pb2.ServerStatus) -> ServerStatus:
    """Return a status."""
    return ServerStatus(
        facts=ServerFacts(
            version=message.version, runtime=message.runtime, started_at=message.start_time.ToDatetime(UTC)
        ),
        uptime=message.uptime.ToNanoseconds() / 1e9,
        concurrency=message.concurrency,
        queue_length=message.queue_length,
        queue_limit=message.queue_limit,
        plans=tuple(_standing(plan) for plan in message.plans),
        executions=tuple(_execution(execution) for execution in message.what_if_executions),
        hosts=tuple(HostState(host.name, answers=host.answers) for host in message.hosts),
        host_restarts=message.host_restarts,
    )


def _execution(message: server_status_pb2.LiveWhatIfExecution) -> ExecutionStanding:
    _, job, _, execution = message.name.split("/")
    return ExecutionStanding(
        job=job,
        execution=execution,
        running=message.running,
        done=message.done,
        total=message.total,
        seconds=message.seconds,
    )


def _standing(message: server_status_pb2.LivePlan) -> PlanStanding:
    return PlanStanding(
        plan=message.name.partition("/")[2],
        running=message.running,
        phase=message.phase,
        gap=message.gap if message.HasField("gap") else None,
        seconds=message.seconds,
        priority=message.priority,
    )
