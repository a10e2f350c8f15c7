"""Where a plan stands right now."""

from __future__ import annotations

from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import Progress


async def get_plan(ports: PlanningPorts, runs: PlanRuns, plan: str) -> tuple[PlanRecord, Progress | None]:
    """Return the state of a plan and, while it is being made, its latest step.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    """
    record = await find_plan(ports, plan)
    live = runs.live(plan)
    return record, live.progress if live is not None else None
