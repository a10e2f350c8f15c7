"""Everything that can happen to scenarios, requests, plans and agents, in the past tense.

Steps of a running plan are no events: they are watched live, and the history of a finished plan stands in its
``plan.json``. So the log grows by a handful of rows per plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioUploaded:
    """A scenario was stored under its hash."""

    scenario: str
    id: str
    title: str
    periods: int
    customers: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReceived:
    """A request id was taken by a plan; ``content`` is the hash of what was asked for."""

    request_id: str
    content: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequested:
    """A plan was accepted; limits and base plan are those of ``PlanningParameters``.

    ``priority`` is its place in the queue among others, the higher the sooner. ``trace`` is the W3C ``traceparent`` of
    the request, so that whoever takes the plan up again can point to where it began. ``solver_logs`` says that what
    solvers tell was asked for.
    """

    plan: str
    scenario: str
    request_id: str
    gap: float
    work_limit: int | None
    time_limit: float | None
    seed: int
    hosts: int
    base_plan: str = ""
    priority: int = 0
    trace: str = ""
    solver_logs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStarted:
    """The runtime began with the plan; an ``attempt`` above 1 follows a restart of the server."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCancellationRequested:
    """Somebody asked to stop the plan and keep the best one so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncumbentAccepted:
    """Somebody took the best plan so far of a running plan: the run is to end with exactly that one, or say so."""

    accepted_by: str
    comment: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceFailed:
    """The run could not end with the plan that was accepted; nothing else is accepted in its stead."""

    etag: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAccepted:
    """Somebody took a completed plan as the one to be executed."""

    accepted_by: str
    comment: str
    etag: str
    plan_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCompleted:
    """A certified plan was written; ``incumbent`` is the etag it had while the run went on."""

    stopped_by: str
    value: float
    bound_proved: float
    bound_checked: float | None
    plan_hash: str
    detail: str = ""
    incumbent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPlanFound:
    """Time ran out or the plan was cancelled before any plan was found."""

    stopped_by: str
    bound_proved: float | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFoundInfeasible:
    """Hard clauses or physical limits were found that cannot hold together.

    ``terms`` says what each of them demands: (clause id or row, contract, kind, text); ``repairs`` are clauses each of
    which alone, loosened by its amount, makes a plan possible.
    """

    conflict: tuple[str, ...]
    relaxation: tuple[tuple[str, float], ...]
    detail: str
    terms: tuple[tuple[str, str, str, str], ...] = ()
    repairs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFailed:
    """Planning ended in an error."""

    stopped_by: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExpired:
    """The folder of a completed plan was removed ``kept_days`` or more after its end; its record stays."""

    kept_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEpochTaken:
    """From here on only ``holder`` writes the journal of an agent, under this ``epoch`` (counted from 1)."""

    agent: str
    epoch: int
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNoted:
    """An agent wrote down what it must not forget; ``kind`` and the JSON-ready ``content`` are the agent's own."""

    agent: str
    epoch: int
    kind: str
    content: Mapping[str, object]


PlanEnding = PlanCompleted | NoPlanFound | PlanFoundInfeasible | PlanFailed
"""A plan is made or given up with one of these; what may follow is that it is accepted, and that it expires."""

Event = (
    ScenarioUploaded
    | RequestReceived
    | PlanRequested
    | PlanStarted
    | PlanCancellationRequested
    | IncumbentAccepted
    | AcceptanceFailed
    | PlanEnding
    | PlanAccepted
    | PlanExpired
    | AgentEpochTaken
    | AgentNoted
)
"""Any event."""

CATALOGUE: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        ScenarioUploaded,
        RequestReceived,
        PlanRequested,
        PlanStarted,
        PlanCancellationRequested,
        IncumbentAccepted,
        AcceptanceFailed,
        PlanAccepted,
        PlanCompleted,
        NoPlanFound,
        PlanFoundInfeasible,
        PlanFailed,
        PlanExpired,
        AgentEpochTaken,
        AgentNoted,
    )
}
"""Events by the type name their envelopes carry."""
