"""What-if jobs, executions and results as a client sees them, made from messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from planner.ports.what_if_jobs import ExecutionState
from planner.wire.v1 import what_if_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """A job as the server keeps it: ``name`` (empty where it was only checked), base, and how many questions it asks.

    ``scenario`` is the hash of the base.
    """

    name: str
    scenario: str
    cases: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSeen:
    """An execution as it stands: results there are, questions there are, and why it failed."""

    name: str
    state: ExecutionState
    done: int
    total: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSeen:
    """The result of a case; ``sequence`` counts those of an execution from 1.

    ``outcome`` is ``planned``, ``no_plan_yet``, ``infeasible`` or ``failed``. ``bound`` was recomputed without a
    solver, ``bound_proved`` is what solvers claim. Everything else of a case is in the download.
    """

    sequence: int
    key: str
    name: str
    levels: dict[str, str] = field(default_factory=dict)
    outcome: str
    stopped_by: str
    value: float | None
    bound: float | None
    bound_proved: float | None
    seconds: float
    plan_hash: str
    detail: str


@dataclass(frozen=True, slots=True)
class ExecutionStep:
    """Where a watched execution stands, and the result that has just come; none at the beginning and in the end."""

    execution: ExecutionSeen
    result: ResultSeen | None


def job_from_wire(message: what_if_pb2.WhatIfJob) -> JobSeen:
    """Return a job."""
    return JobSeen(
        name=message.name,
        scenario=message.scenario.partition("/")[2],
        cases=message.cases,
        created_at=message.create_time.ToDatetime(UTC),
    )


def execution_from_wire(message: what_if_pb2.WhatIfExecution) -> ExecutionSeen:
    """Return an execution."""
    state = what_if_pb2.WhatIfExecution.State.Name(message.state).removeprefix("STATE_").lower()
    return ExecutionSeen(
        name=message.name, state=ExecutionState(state), done=message.done, total=message.total, detail=message.detail
    )


def step_from_wire(message: what_if_pb2.WatchWhatIfExecutionResponse) -> ExecutionStep:
    """Return a step of an execution."""
    result = result_from_wire(message.result) if message.HasField("result") else None
    return ExecutionStep(execution_from_wire(message.execution), result)


def result_from_wire(message: what_if_pb2.WhatIfResult) -> ResultSeen:
    """Return a result."""
    return ResultSeen(
        sequence=message.sequence,
        key=message.key,
        name=message.case_name,
        levels=dict(message.levels),
        outcome=message.outcome,
        stopped_by=message.stopped_by,
        value=message.value if message.HasField("value") else None,
        bound=message.bound_checked if message.HasField("bound_checked") else None,
        bound_proved=message.bound_proved if message.HasField("bound_proved") else None,
        seconds=message.seconds,
        plan_hash=message.plan_hash,
        detail=message.detail,
    )
