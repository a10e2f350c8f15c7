"""Follow a plan to its end, as often as one likes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan
from planner.domain.errors import StorageFailure
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import Progress


async def watch_plan(
    ports: PlanningPorts, runs: PlanRuns, plan: str
) -> AsyncIterator[tuple[PlanRecord, Progress | None]]:
    """Yield where a plan stands whenever that changes, the final state last.

    Whoever stops reading does not stop the plan.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    StorageFailure
        If the plan ended, but its end could not be stored.
    """
    live = runs.live(plan)
    if live is not None:
        seen = -1
        while not live.over:
            seen = await live.next_version(seen)
            if not live.over:
                yield live.record, live.progress
    record = await find_plan(ports, plan)
    if not record.done:
        raise StorageFailure(
            f"plan {plan} stopped and its end could not be stored: see the server's log; it is taken up again when "
            "the server is restarted"
        )
    yield record, live.progress if live is not None else None
