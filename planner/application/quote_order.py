"""Say whether an accepted plan can serve one more order, when, and what that costs."""

from __future__ import annotations

import asyncio

from planner.application.planning_ports import PlanningPorts
from planner.application.recording import check_kept, find_plan
from planner.domain.errors import PlanNotReady
from planner.events.plan_record import PlanState
from planner.ports.quoting import NewOrder, Quote, QuotingRuntime


async def quote_order(ports: PlanningPorts, quoting: QuotingRuntime, plan: str, order: NewOrder) -> Quote:
    """Ask for a quote on an accepted plan; neither the plan nor its record changes.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    PlanNotReady
        If it was not made yet, not accepted (promises are made on what will be executed), or has expired.
    InvalidRequest
        If the order names what the scenario does not have, or is larger than can be quoted.
    QuoteFailed
        If no answer could be computed.
    PlanUnreadable
        If the plan's folder is gone, or cannot be recomputed.
    """
    record = await find_plan(ports, plan)
    if record.state is not PlanState.PLANNED:
        raise PlanNotReady(f"plan {plan} is {record.state.value}: only a finished plan can promise an order")
    if record.acceptance is None:
        raise PlanNotReady(
            f"plan {plan} was not accepted: accept it first, since promises are made on what is executed"
        )
    check_kept(record)
    scenario = await asyncio.to_thread(ports.scenarios.folder, record.request.scenario)
    folder = await asyncio.to_thread(ports.plans.folder, plan)
    return await quoting.quote(scenario, folder, order)
