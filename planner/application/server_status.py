"""How the server itself is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planner.application.live_plan import LivePlan
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.domain.gap import relative_gap
from planner.ports.agent_hosts import AgentHosts, HostState

MOST_PLANS = 1000
"""How many plans are told of, so that the answer stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server knows of itself from its start on."""

    version: str
    runtime: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStanding:
    """A plan that is queued or being made: ``seconds`` since it was asked for, the gap where there is one."""

    plan: str
    running: bool
    phase: str
    gap: float | None
    seconds: float
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What is told: ``uptime`` in seconds, queue and places, plans in the order they were begun with, hosts."""

    facts: ServerFacts
    uptime: float
    concurrency: int
    queue_length: int
    queue_limit: int
    plans: tuple[PlanStanding, ...]
    hosts: tuple[HostState, ...]
    host_restarts: int


async def server_status(
    ports: PlanningPorts, runs: PlanRuns, hosts: AgentHosts, facts: ServerFacts, *, only_host: str = ""
) -> ServerStatus:
    """Return how the server is doing; every host of agents, or the one of this name, is asked whether it answers."""
    answering = await hosts.hosts(only_host)
    now = ports.clock.now()
    return ServerStatus(
        facts=facts,
        uptime=max(0.0, (now - facts.started_at).total_seconds()),
        concurrency=runs.concurrency,
        queue_length=runs.waiting,
        queue_limit=runs.most_waiting,
        plans=tuple(_standing(live, now) for live in runs.all_live[:MOST_PLANS]),
        hosts=answering,
        host_restarts=runs.restarts,
    )


def _standing(live: LivePlan, now: datetime) -> PlanStanding:
    record, progress = live.record, live.progress
    gap = None
    if progress is not None and progress.value is not None and progress.bound is not None:
        gap = relative_gap(progress.value, progress.bound)
    return PlanStanding(
        plan=record.plan,
        running=record.attempts > 0,
        phase="" if progress is None else progress.phase,
        gap=gap,
        seconds=max(0.0, (now - record.requested_at).total_seconds()),
        priority=record.request.priority,
    )
