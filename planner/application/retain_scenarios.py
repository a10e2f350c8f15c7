"""Remove the folders of scenarios that nobody names any more and nobody asked for in a long time.

A scenario is named by plans that are not ended, by plans whose folders are kept (nobody could explain them, quote on
them or check them without it), by plans that ended without a folder as long ago as others keep theirs, and by whoever
else tells: what-if jobs. Who is about to name one asks for it first, and being asked for makes a scenario young.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta

from planner.application.planning_ports import PlanningPorts
from planner.events.catalogue import PlanCompleted
from planner.events.plan_record import PlanRecord

AT_LEAST = timedelta(hours=1)
"""A scenario is kept so long after it was last asked for, however short plans are kept: a request may be on its way."""


async def retain_scenarios(
    ports: PlanningPorts, records: Iterable[PlanRecord], days: float, *, expired: Collection[str], named: Iterable[str]
) -> tuple[str, ...]:
    """Remove what is needed by none of all plans ever asked for, nor ``named``; return the hashes.

    ``expired`` are plans that lost their folder after their records were read.

    Raises
    ------
    StorageFailure
        If a folder cannot be removed.
    """
    now, kept = ports.clock.now(), timedelta(days=days)
    needed = set(named)
    for record in records:
        has_folder = isinstance(record.ending, PlanCompleted) and record.expired_at is None
        if (
            record.ended_at is None
            or (has_folder and record.plan not in expired)
            or (not isinstance(record.ending, PlanCompleted) and now - record.ended_at < kept)
        ):
            needed.add(record.request.scenario)
    return await asyncio.to_thread(ports.scenarios.remove_unused, needed, now - max(kept, AT_LEAST))
