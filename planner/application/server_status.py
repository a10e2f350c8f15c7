"""How the server itself is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planner.application.live_plan import LivePlan
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.what_if_runs import ExecutionView, WhatIfRuns
from planner.domain.gap import relative_gap
from planner.ports.agent_hosts import AgentHosts, HostState
from planner.ports.what_if_jobs import ExecutionState

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
class ExecutionStanding:
    """A what-if execution that waits or is under way: results there are, questions, ``seconds`` since it was asked."""

    job: str
    execution: str
    running: bool
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What is told: ``uptime`` in seconds, queue and places, plans and executions as they were begun with, hosts."""

    facts: ServerFacts
    uptime: float
    concurrency: int
    queue_length: int
    queue_limit: int
    plans: tuple[PlanStanding, ...]
    executions: tuple[ExecutionStanding, ...]
    hosts: tuple[HostState, ...]
    host_restarts: int


async def server_status(
    ports: PlanningPorts,
    runs: PlanRuns,
    *,
    what_if: WhatIfRuns,
    hosts: AgentHosts,
    facts: ServerFacts,
    only_host: str = "",
) -> ServerStatus:
    """Return how the server is doing; every host of agents, or the one of this name, is asked whether it answers."""
    answering = await hosts.hosts(only_host)
    views = [await what_if.view(each) for each in what_if.live]
    now = ports.clock.now()
    return ServerStatus(
        facts=facts,
        uptime=max(0.0, (now - facts.started_at).total_seconds()),
        concurrency=runs.concurrency,
        queue_length=runs.waiting,
        queue_limit=runs.most_waiting,
        plans=tuple(_standing(live, now) for live in runs.all_live[:MOST_PLANS]),
        executions=tuple(_execution_standing(view, now) for view in views),
        hosts=answering,
        host_restarts=runs.restarts,
    )


def _execution_standing(view: ExecutionView, now: datetime) -> ExecutionStanding:
    execution = view.execution
    return ExecutionStanding(
        job=execution.job,
        execution=execution.execution,
        running=execution.state is ExecutionState.RUNNING,
        done=len(view.order),
        total=view.total,
        seconds=max(0.0, (now - execution.created_at).total_seconds()),
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
