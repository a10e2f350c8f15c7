"""Stop a plan soon and keep the best plan so far."""

from __future__ import annotations

from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import record_of_plan
from planner.events.catalogue import PlanCancellationRequested
from planner.events.plan_record import PlanRecord


async def cancel_plan(ports: PlanningPorts, runs: PlanRuns, plan: str) -> PlanRecord:
    """Record the wish, so that a restart honours it too, and stop the run; repeating it changes nothing.

    A plan that was accepted ends with what was accepted, cancelled or not.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    StorageFailure
        If the wish could not be stored.
    """
    record = await record_of_plan(
        ports,
        plan,
        PlanCancellationRequested(),
        unless=lambda record: record.done or record.cancel_requested or record.acceptance is not None,
    )
    if record.acceptance is None:
        await runs.cancel(record)
    return record
