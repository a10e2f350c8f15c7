"""Receive a scenario and keep it under the hash of its content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from planner.application.check_scenario import ScenarioChecks
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import enveloped, scenario_aggregate
from planner.domain.scenario import Scenario
from planner.events.catalogue import ScenarioUploaded
from planner.events.codec import decode
from planner.ports.event_log import SequenceConflict


async def upload_scenario(
    ports: PlanningPorts, checks: ScenarioChecks, parts: AsyncIterator[tuple[str, bytes]]
) -> tuple[ScenarioUploaded, datetime]:
    """Keep the files that come in parts; return what was stored, and when it was stored first.

    The scenario is checked on the way, so that a later request need not read it again; findings do not keep it from
    being stored.

    Raises
    ------
    UploadRefused
        If a file is no part of a scenario, comes twice, or is too large.
    ScenarioUnreadable
        If the files are no scenario.
    ScenarioInvalid
        If some cell has another type than its column; other findings are told when a plan is asked for.
    StorageFailure
        If they could not be stored.
    """
    staged = await asyncio.to_thread(ports.scenarios.stage)
    try:
        async for file, data in parts:
            await asyncio.to_thread(staged.write, file, data)
        scenario, content, size = await asyncio.to_thread(staged.commit)
    finally:
        await asyncio.shield(asyncio.to_thread(staged.discard))
    await checks.learn(scenario, content)
    return await _recorded(ports, scenario, content, size)


async def keep_scenario(ports: PlanningPorts, checks: ScenarioChecks, content: Scenario) -> str:
    """Keep a scenario that was made here; return its hash.

    Raises
    ------
    StorageFailure
        If it could not be stored.
    """
    scenario, size = await asyncio.to_thread(ports.scenarios.keep, content)
    await checks.learn(scenario, content)
    await _recorded(ports, scenario, content, size)
    return scenario


async def _recorded(
    ports: PlanningPorts, scenario: str, content: Scenario, size: int
) -> tuple[ScenarioUploaded, datetime]:
    """Record that a scenario is kept, unless that was recorded before; return what was recorded first, and when."""
    event = ScenarioUploaded(
        scenario=scenario,
        id=content.header.id,
        title=content.header.title,
        periods=content.horizon.periods,
        customers=content["customers"].height,
        size_bytes=size,
    )
    envelope = enveloped(ports, event, scenario_aggregate(scenario))
    try:
        await asyncio.to_thread(ports.log.append, [envelope])
    except SequenceConflict:
        envelope = (await asyncio.to_thread(ports.log.history, scenario_aggregate(scenario)))[0]
        first = decode(envelope)
        if isinstance(first, ScenarioUploaded):
            event = first
    return event, envelope.time
