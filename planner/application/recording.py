"""How the use cases write what happened, and read where a plan stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from planner.application.planning_ports import PlanningPorts
from planner.domain.errors import NotFound, PlanFolderExpired, StorageFull, StorageUnavailable
from planner.events.catalogue import Event
from planner.events.codec import encode
from planner.events.envelope import Envelope
from planner.events.plan_record import PlanRecord, project_plan
from planner.ports.event_log import SequenceConflict

_ATTEMPTS = 10
OUTAGE_SECONDS = 600.0
"""How long a database may be away, or a disk full, before a run gives up until the server is started again."""

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0

T = TypeVar("T")


def plan_aggregate(plan: str) -> str:
    """Return the aggregate of a plan."""
    return f"plan/{plan}"


def request_aggregate(request_id: str) -> str:
    """Return the aggregate of a request id."""
    return f"request/{request_id}"


def scenario_aggregate(scenario: str) -> str:
    """Return the aggregate of a scenario."""
    return f"scenario/{scenario}"


def enveloped(
    ports: PlanningPorts, event: Event, aggregate: str, sequence: int = 0, *, cause: str = "", correlation: str = ""
) -> Envelope:
    """Return an event in its envelope, with a new id and the present time."""
    kind, version, data = encode(event)
    return Envelope(
        id=ports.ids.new(),
        type=kind,
        version=version,
        aggregate=aggregate,
        sequence=sequence,
        time=ports.clock.now(),
        cause=cause,
        correlation=correlation,
        data=data,
    )


def seconds_since(ports: PlanningPorts, moment: datetime) -> float:
    """Return the seconds since a moment that was written down, 0 where the clock was set back behind it since."""
    return max(0.0, (ports.clock.now() - moment).total_seconds())


async def find_plan(ports: PlanningPorts, plan: str) -> PlanRecord:
    """Return where a plan stands.

    Raises
    ------
    NotFound
        If nobody asked for it here.
    """
    record = project_plan(await asyncio.to_thread(ports.log.history, plan_aggregate(plan)))
    if record is None:
        raise NotFound(f"plan {plan[:80]!r} is not known here: list the plans to see which are")
    return record


def check_kept(record: PlanRecord) -> None:
    """Let pass a plan whose folder was not removed since.

    Raises
    ------
    PlanFolderExpired
        If it was, with when and what to do.
    """
    if record.expired_at is not None:
        raise PlanFolderExpired(record.expiry)


async def record_of_plan(
    ports: PlanningPorts, plan: str, event: Event, *, unless: Callable[[PlanRecord], bool]
) -> PlanRecord:
    """Append an event to a plan, unless its state by then makes that pointless; return where it stands.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    StorageFailure
        If the event could not be stored.
    """
    return await asyncio.to_thread(_append_to_plan, ports, plan, event, unless)


async def outlasting(ports: PlanningPorts, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again, with growing pauses, as long as the database does not answer or a disk is full; not for ever.

    What is asked must do no harm when it is done twice: an answer may be lost after the database did its part.

    Raises
    ------
    StorageUnavailable, StorageFull
        If that lasted longer.
    """
    until = ports.clock.monotonic() + OUTAGE_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return await ask()
        except (StorageUnavailable, StorageFull):
            if ports.clock.monotonic() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _append_to_plan(ports: PlanningPorts, plan: str, event: Event, unless: Callable[[PlanRecord], bool]) -> PlanRecord:
    aggregate = plan_aggregate(plan)
    for attempt in range(_ATTEMPTS):
        history = ports.log.history(aggregate)
        record = project_plan(history)
        if record is None:
            raise NotFound(f"plan {plan[:80]!r} is not known here: list the plans to see which are")
        if unless(record):
            return record
        last = history[-1]
        envelope = enveloped(
            ports, event, aggregate, last.sequence + 1, cause=last.id, correlation=history[0].correlation
        )
        # A clock that was set back must not let a plan end before it was asked for.
        envelope = replace(envelope, time=max(envelope.time, last.time))
        try:
            ports.log.append([envelope])
        except SequenceConflict:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        return project_plan((*history, envelope)) or record
    raise AssertionError("unreachable: the last attempt returns or raises")
