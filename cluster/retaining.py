"""A server that lets plans, and scenarios they leave unused, expire while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import structlog

from planner.application.planning_ports import PlanningPorts
from planner.application.retain_plans import Retention, retain_plans
from planner.domain.errors import ConcordatError

TURN_SECONDS = 3600.0

_log = structlog.get_logger("concordat.retention")


@asynccontextmanager
async def retaining(
    ports: PlanningPorts, days: float | None, *, named: Callable[[], Iterable[str]]
) -> AsyncIterator[None]:
    """Remove folders of old plans that nobody accepted, at once and every hour, as long as the context lasts.

    So with scenarios that are needed by no plan any more and not ``named`` then. Without a number of days everything is
    kept.
    """
    if days is None:
        yield
        return
    task = asyncio.create_task(_turns(ports, Retention(days=days), named), name="retention of plans")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _turns(ports: PlanningPorts, retention: Retention, named: Callable[[], Iterable[str]]) -> None:
    while True:
        try:
            found = await retain_plans(ports, retention, named=tuple(named()))
            _log.info(
                "retained plans",
                expired=len(found.expired),
                kept_accepted=len(found.kept_accepted),
                scenarios=found.scenarios,
            )
        except ConcordatError:
            # What could not be removed now is removed by the next turn; planning goes on.
            _log.exception("plans could not be removed")
        await asyncio.sleep(TURN_SECONDS)
