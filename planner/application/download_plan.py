"""The folder of a finished plan, in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from planner.application.planning_ports import PlanningPorts
from planner.application.recording import check_kept, find_plan
from planner.domain.errors import PlanNotReady
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
    parts = ports.plans.parts(plan)
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part
