"""A server that lets plans expire while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from planner.application.planning_ports import PlanningPorts
from planner.application.retain_plans import Retention, retain_plans
from planner.domain.errors import ConcordatError

TURN_SECONDS = 3600.0

_log = structlog.get_logger("concordat.retention")


@asynccontextmanager
async def retaining(ports: PlanningPorts, days: float | None) -> AsyncIterator[None]:
    """Remove folders of old plans that nobody accepted, at once and every hour, as long as the context lasts.

    Without a number of days everything is kept.
    """
    if days is None:
        yield
        return
    task = asyncio.create_task(_turns(ports, Retention(days=days)), name="retention of plans")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _turns(ports: PlanningPorts, retention: Retention) -> None:
    while True:
        try:
            found = await retain_plans(ports, retention)
            _log.info("retained plans", expired=len(found.expired), kept_accepted=len(found.kept_accepted))
        except ConcordatError:
            # What could not be removed now is removed by the next turn; planning goes on.
            _log.exception("plans could not be removed")
        await asyncio.sleep(TURN_SECONDS)
