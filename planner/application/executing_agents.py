"""Tell the agents of a plan that it was accepted: from then on they execute it."""

from __future__ import annotations

import asyncio

import structlog

from planner.application.agents import note_accepted
from planner.application.planning_ports import PlanningPorts
from planner.domain.errors import StorageFailure
from planner.events.catalogue import PlanCompleted
from planner.events.plan_record import PlanRecord

_log = structlog.get_logger("concordat.agents")


async def agents_execute(ports: PlanningPorts, record: PlanRecord) -> None:
    """Note for its agents that a finished plan was accepted; of any other record nothing is noted.

    The acceptance itself is on disk already and holds, so a journal that cannot be written is told in the log only.
    """
    if ports.agents is None or record.acceptance is None or not isinstance(record.ending, PlanCompleted):
        return
    try:
        names = await asyncio.to_thread(note_accepted, ports.agents, record.plan)
    except StorageFailure as error:
        _log.warning("agents could not be told that their plan was accepted", plan=record.plan, error=error.code)
        return
    _log.info("agents execute a plan", plan=record.plan, agents=len(names))
