"""The present state of a plan, folded from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from planner.domain.gap import relative_gap
from planner.events.catalogue import (
    AcceptanceFailed,
    IncumbentAccepted,
    NoPlanFound,
    PlanAccepted,
    PlanCancellationRequested,
    PlanCompleted,
    PlanEnding,
    PlanExpired,
    PlanFailed,
    PlanFoundInfeasible,
    PlanRequested,
    PlanStarted,
)
from planner.events.codec import decode
from planner.events.envelope import Envelope


class PlanState(Enum):
    """Where a plan stands; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PLANNED = "planned"
    NO_PLAN_YET = "no plan yet"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


_STATE_OF_ENDING: dict[type[PlanEnding], PlanState] = {
    PlanCompleted: PlanState.PLANNED,
    NoPlanFound: PlanState.NO_PLAN_YET,
    PlanFoundInfeasible: PlanState.INFEASIBLE,
    PlanFailed: PlanState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Who took a plan as the one to be executed, when (UTC) and why; ``etag`` is what they looked at."""

    accepted_by: str
    accepted_at: datetime
    comment: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A requested plan; times are UTC, ``attempts`` counts how often the runtime began with it.

    While it runs, ``acceptance`` is what the run is to end with; afterwards it is there only if the run did.
    ``refused`` tells why an acceptance could not be kept, ``expired_at`` when its folder was removed.
    """

    request: PlanRequested
    requested_at: datetime
    started_at: datetime | None = None
    attempts: int = 0
    cancel_requested: bool = False
    ended_at: datetime | None = None
    ending: PlanEnding | None = None
    acceptance: Acceptance | None = None
    refused: str = ""
    expired_at: datetime | None = None

    @property
    def etag(self) -> str:
        """Names the completed plan, so that it can be accepted; empty without one, and once its folder is gone."""
        if not isinstance(self.ending, PlanCompleted) or self.expired_at is not None:
            return ""
        return f"plan-{self.ending.plan_hash[:32]}"

    @property
    def expiry(self) -> str:
        """When the folder of the plan was removed and what to do, for people; empty while it is kept."""
        if self.expired_at is None:
            return ""
        return (
            f"plan {self.plan} expired at {self.expired_at:%Y-%m-%d %H:%M} UTC and its folder was removed: ask for it "
            "anew under a new request id"
        )

    @property
    def plan(self) -> str:
        """The id of the plan, which is also that of its operation."""
        return self.request.plan

    @property
    def done(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.ending is not None

    @property
    def state(self) -> PlanState:
        """Where it stands."""
        if self.ending is not None:
            return _STATE_OF_ENDING[type(self.ending)]
        return PlanState.RUNNING if self.attempts else PlanState.QUEUED

    @property
    def gap(self) -> float | None:
        """The gap to the proved bound, of a completed plan."""
        if isinstance(self.ending, PlanCompleted):
            return relative_gap(self.ending.value, self.ending.bound_proved)
        return None

    @property
    def gap_checked(self) -> float | None:
        """The gap to the checked bound, of a completed plan that has one."""
        if isinstance(self.ending, PlanCompleted) and self.ending.bound_checked is not None:
            return relative_gap(self.ending.value, self.ending.bound_checked)
        return None


def project_plan(history: Iterable[Envelope]) -> PlanRecord | None:
    """Fold the events of one plan, in order, into its state; nothing where there are none."""
    record: PlanRecord | None = None
    for envelope in history:
        record = after_event(record, envelope)
    return record


def after_event(record: PlanRecord | None, envelope: Envelope) -> PlanRecord | None:
    """Return where a plan stands after one more event; nothing before it was requested."""
    event = decode(envelope)
    if isinstance(event, PlanRequested):
        record = PlanRecord(request=event, requested_at=envelope.time)
    elif record is None:
        return None
    elif isinstance(event, PlanStarted):
        record = replace(record, attempts=event.attempt, started_at=record.started_at or envelope.time)
    elif isinstance(event, PlanCancellationRequested):
        record = replace(record, cancel_requested=True)
    elif isinstance(event, IncumbentAccepted | PlanAccepted):
        record = replace(record, acceptance=_acceptance(event, envelope.time), refused="")
    elif isinstance(event, AcceptanceFailed):
        record = replace(record, acceptance=None, refused=event.detail)
    elif isinstance(event, PlanEnding):
        record = replace(_kept(record, event), ending=event, ended_at=envelope.time)
    elif isinstance(event, PlanExpired):
        record = replace(record, expired_at=record.expired_at or envelope.time)
    return record


def _acceptance(event: IncumbentAccepted | PlanAccepted, moment: datetime) -> Acceptance:
    return Acceptance(accepted_by=event.accepted_by, accepted_at=moment, comment=event.comment, etag=event.etag)


def _kept(record: PlanRecord, ending: PlanEnding) -> PlanRecord:
    """Return the record with its acceptance only if the run ended with the very plan that was accepted."""
    if record.acceptance is None:
        return record
    made = ending.incumbent if isinstance(ending, PlanCompleted) else ""
    if made == record.acceptance.etag:
        return record
    refused = f"{record.acceptance.etag}, accepted by {record.acceptance.accepted_by}, is not what the run ended with"
    return replace(record, acceptance=None, refused=refused)
