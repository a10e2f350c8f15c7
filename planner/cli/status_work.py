"""What the command `status` does; apart from it, since it loads gRPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta

from rich.console import Console

from planner.application.server_status import ExecutionStanding, PlanStanding, ServerStatus
from planner.client.connection import ServerAddress
from planner.client.server_status import Watched, ask_health, ask_status


def print_status(server: ServerAddress, *, as_json: bool) -> bool:
    """Ask a server and print its answer; tells whether it serves.

    Raises
    ------
    ServerUnavailable
        If no server answers.
    """
    watched = asyncio.run(ask_status(server))
    lines = [json.dumps(status_document(watched))] if as_json else list(status_lines(server.address, watched))
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return watched.serving


def print_health(server: ServerAddress) -> bool:
    """Ask a server whether it serves, print that, and tell it; raises as :func:`print_status` does."""
    serving = asyncio.run(ask_health(server))
    Console().print(f"{server.address}: {'serving' if serving else 'not serving'}", markup=False, highlight=False)
    return serving


def status_document(watched: Watched) -> dict[str, object]:
    """Return a status as JSON has it; seconds are numbers, the moment of the start is ISO 8601 in UTC."""
    status = watched.status
    if status is None:
        return {"serving": watched.serving}
    return {
        "serving": watched.serving,
        "version": status.facts.version,
        "runtime": status.facts.runtime,
        "started_at": status.facts.started_at.isoformat(),
        "uptime_seconds": status.uptime,
        "concurrency": status.concurrency,
        "queue_length": status.queue_length,
        "queue_limit": status.queue_limit,
        "plans": [
            {
                "name": f"plans/{plan.plan}",
                "running": plan.running,
                "phase": plan.phase,
                "gap": plan.gap,
                "seconds": plan.seconds,
                "priority": plan.priority,
            }
            for plan in status.plans
        ],
        "what_if_executions": [
            {
                "name": _execution_name(execution),
                "running": execution.running,
                "done": execution.done,
                "total": execution.total,
                "seconds": execution.seconds,
            }
            for execution in status.executions
        ],
        "hosts": [{"name": host.name, "answers": host.answers} for host in status.hosts],
        "host_restarts": status.host_restarts,
    }


def status_lines(address: str, watched: Watched) -> Iterator[str]:
    """Yield what a status says, for people."""
    status = watched.status
    if status is None:
        yield f"{address} is not serving: it starts, or is being stopped"
        return
    facts, up = status.facts, timedelta(seconds=int(status.uptime))
    yield f"{address} serves: concordat {facts.version}, runtime {facts.runtime}, up {up}"
    running = sum(plan.running for plan in status.plans)
    yield (
        f"{running} of {status.concurrency} places taken, {status.queue_length} plans wait "
        f"(at most {status.queue_limit})"
    )
    if status.plans:
        yield f"{'plan':<43}  {'state':<8}  {'phase':<24}  {'gap':>9}  {'seconds':>9}  priority"
        yield from (_plan_line(plan) for plan in status.plans)
    yield from _execution_lines(status)
    yield from _host_lines(status)


def _plan_line(plan: PlanStanding) -> str:
    state, gap = "running" if plan.running else "queued", "–" if plan.gap is None else f"{plan.gap:.3%}"
    return (
        f"plans/{plan.plan:<37}  {state:<8}  {plan.phase or '–':<24}  {gap:>9}  {plan.seconds:>9,.1f}  {plan.priority}"
    )


def _execution_lines(status: ServerStatus) -> Iterator[str]:
    if not status.executions:
        return
    running = sum(execution.running for execution in status.executions)
    yield f"{running} what-if executions under way, {len(status.executions) - running} wait"
    for execution in status.executions:
        state = "running" if execution.running else "queued"
        results = f"{execution.done} of {execution.total} results"
        yield f"{_execution_name(execution)}  {state:<8}  {results}, {execution.seconds:,.1f} seconds"


def _execution_name(execution: ExecutionStanding) -> str:
    return f"whatIfJobs/{execution.job}/executions/{execution.execution}"


def _host_lines(status: ServerStatus) -> Iterator[str]:
    silent = [host.name for host in status.hosts if not host.answers]
    told = f", {', '.join(silent)} silent" if silent else ""
    yield f"{len(status.hosts)} hosts of agents{told}; brought back since the start: {status.host_restarts}"
