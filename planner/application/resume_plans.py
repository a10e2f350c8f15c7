"""Take up the plans that an earlier process of this server accepted and did not end."""

from __future__ import annotations

import asyncio
from typing import get_args

from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan, seconds_since
from planner.events.catalogue import PlanEnding, PlanRequested
from planner.events.plan_record import PlanRecord

SECONDS_AT_LEAST = 10.0
"""A resumed plan gets this much time (or its whole limit, if that is less), even where its limit has passed since.

The requester was promised a plan or a reason; a few seconds mostly give a first plan, while "no plan yet" after a
restart would help nobody.
"""


async def resume_plans(ports: PlanningPorts, runs: PlanRuns) -> tuple[PlanRecord, ...]:
    """Begin anew with every unended plan, oldest first, with what is left of its time; return them.

    Raises
    ------
    StorageFailure
        If the log cannot be read.
    """
    endings = tuple(kind.__name__ for kind in get_args(PlanEnding))
    unended = await asyncio.to_thread(ports.log.unended, PlanRequested.__name__, endings)
    records = [await find_plan(ports, aggregate.partition("/")[2]) for aggregate in unended]
    for record in records:
        runs.start(record, seconds_left(ports, record), follows=record.request.trace)
    return tuple(records)


def seconds_left(ports: PlanningPorts, record: PlanRecord) -> float | None:
    """Return the seconds a resumed plan gets; nothing where it has no limit.

    One that was accepted while it ran is to find the accepted plan again. That was found within the limit once; twice
    the limit leaves room for a machine that is busier now.
    """
    limit = record.request.time_limit
    if limit is None:
        return None
    if record.acceptance is not None:
        return 2 * limit
    return max(limit - seconds_since(ports, record.requested_at), min(limit, SECONDS_AT_LEAST))
