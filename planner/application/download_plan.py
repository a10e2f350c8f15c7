"""The folder of a finished plan, or what solvers told while it was made, in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from planner.application.planning_ports import PlanningPorts
from planner.application.recording import check_kept, find_plan
from planner.domain.errors import NotFound, PlanNotReady
from planner.events.plan_record import PlanState


async def download_plan(ports: PlanningPorts, plan: str) -> AsyncIterator[tuple[str, bytes]]:
    """Yield file names and bytes of a plan; a file may come in several parts, in order.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    PlanNotReady
        If it still runs, ended without a plan, or has expired.
    PlanUnreadable
        If its folder is gone.
    """
    record = await find_plan(ports, plan)
    if record.state is not PlanState.PLANNED:
        raise PlanNotReady(
            f"plan {plan} is {record.state.value}: "
            + ("there is no folder to download" if record.done else "watch its operation until it is done")
        )
    check_kept(record)
    async for part in _read(ports.plans.parts(plan)):
        yield part


async def download_solver_logs(ports: PlanningPorts, plan: str) -> AsyncIterator[tuple[str, bytes]]:
    """Yield file names and bytes of what solvers told; a run that ended without a plan has told something too.

    Raises
    ------
    NotFound
        If nobody asked for the plan here, its request did not ask for logs, or none were written.
    PlanNotReady
        If it still runs, or has expired.
    """
    record = await find_plan(ports, plan)
    if not record.request.solver_logs:
        raise NotFound(f"plan {plan} was made without solver logs: ask for them in the request for a plan")
    if not record.done:
        raise PlanNotReady(f"plan {plan} is {record.state.value}: watch its operation until it is done")
    check_kept(record)
    told = False
    async for part in _read(ports.plans.solver_logs(plan)):
        told = True
        yield part
    if not told:
        raise NotFound(f"no solver logs of plan {plan} are kept: it ended before any solver was asked")


async def _read(parts: Iterator[tuple[str, bytes]]) -> AsyncIterator[tuple[str, bytes]]:
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part
