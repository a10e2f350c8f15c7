"""Remove the folders of plans that ended long ago, and of scenarios they leave unused; what they were stays in the log.

That a plan expired is on disk before its folder goes, behind everything that was known of it: of an expiry and an
acceptance in the same moment one is refused. A crash in between leaves a folder, which the next turn removes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from planner.application.planning_ports import PlanningPorts
from planner.application.recording import record_of_plan
from planner.application.retain_scenarios import retain_scenarios
from planner.events.catalogue import PlanCompleted, PlanExpired, PlanRequested
from planner.events.plan_record import PlanRecord, project_plan

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days after its end a plan loses its folder; accepted plans are kept unless they are included."""

    days: float
    accepted: bool = False

    def __post_init__(self) -> None:
        # timedelta cannot hold more.
        if not 0 <= self.days < 1e6:
            raise ValueError(f"plans are kept for 0 to a million days, got {self.days}")

    def due(self, record: PlanRecord, now: datetime) -> bool:
        """Tell whether a plan is to lose its folder, for all that is known of itself."""
        if record.ended_at is None or now - record.ended_at < timedelta(days=self.days):
            return False
        return self.accepted or record.acceptance is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """The plans that expired now, those that are as old and were accepted, and those that others go on from.

    ``scenarios`` are those that were removed, by their hashes.
    """

    expired: tuple[str, ...] = ()
    kept_accepted: tuple[str, ...] = ()
    kept_bases: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()


async def retain_plans(ports: PlanningPorts, retention: Retention, *, named: Iterable[str] | None = None) -> Retained:
    """Remove the folders of all plans that are due, but for those that kept plans need; say which.

    A plan is needed by plans that go on from it and are not ended yet, or accepted and kept: without it nobody can make
    those again. Scenarios that neither plans nor ``named`` need are removed behind their plans; not knowing who else
    names some (None), all are kept.

    Raises
    ------
    StorageFailure
        If the log or a folder cannot be used; what was removed before is recorded.
    """
    records = await asyncio.to_thread(lambda: list(_records(ports)))
    now = ports.clock.now()
    needed = {
        record.request.base_plan
        for record in records
        if not record.done or (record.acceptance is not None and not retention.due(record, now))
    }
    expired, accepted, bases = [], [], []
    for record in records:
        if Retention(days=retention.days, accepted=True).due(record, now) and record.expired_at is None:
            if not retention.due(record, now):
                accepted.append(record.plan)
            elif record.plan in needed:
                bases.append(record.plan)
            elif await _expire(ports, record, retention):
                expired.append(record.plan)
        elif record.expired_at is not None:
            await asyncio.to_thread(ports.plans.remove, record.plan)
    scenarios: tuple[str, ...] = ()
    if named is not None:
        scenarios = await retain_scenarios(ports, records, retention.days, expired=expired, named=named)
    return Retained(expired=tuple(expired), kept_accepted=tuple(accepted), kept_bases=tuple(bases), scenarios=scenarios)


def _records(ports: PlanningPorts) -> Iterator[PlanRecord]:
    """Yield every plan ever asked for, newest first."""
    before = None
    while page := ports.log.latest(PlanRequested.__name__, before=before, limit=_PAGE):
        for _, envelope in page:
            record = project_plan(ports.log.history(envelope.aggregate))
            if record is not None:
                yield record
        before = page[-1][0]


async def _expire(ports: PlanningPorts, record: PlanRecord, retention: Retention) -> bool:
    """Record that a plan expired and remove its folder; false if it was accepted meanwhile, or never had one."""
    if isinstance(record.ending, PlanCompleted):
        record = await record_of_plan(
            ports,
            record.plan,
            PlanExpired(kept_days=retention.days),
            unless=lambda now: now.acceptance is not None and not retention.accepted,
        )
        if record.expired_at is None:
            return False
    return await asyncio.to_thread(ports.plans.remove, record.plan) or record.expired_at is not None
