"""What-if jobs, executions and results as messages, and requests about them as values."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from planner.application.what_if_jobs import JobRequest
from planner.application.what_if_runs import ExecutionView
from planner.domain.errors import InvalidRequest
from planner.ports.what_if import CaseResult
from planner.ports.what_if_jobs import ExecutionState, WhatIfJob
from planner.service.conversions import LONGEST_NAME, resource_id
from planner.wire.v1 import what_if_pb2

COLLECTION = "whatIfJobs"
_STATES = {
    ExecutionState.QUEUED: what_if_pb2.WhatIfExecution.STATE_QUEUED,
    ExecutionState.RUNNING: what_if_pb2.WhatIfExecution.STATE_RUNNING,
    ExecutionState.SUCCEEDED: what_if_pb2.WhatIfExecution.STATE_SUCCEEDED,
    ExecutionState.CANCELLED: what_if_pb2.WhatIfExecution.STATE_CANCELLED,
    ExecutionState.FAILED: what_if_pb2.WhatIfExecution.STATE_FAILED,
}


def execution_ids(name: str, field: str) -> tuple[str, str]:
    """Return job and execution of a resource name.

    Raises
    ------
    InvalidRequest
        If the name is of another form.
    """
    parts = name.split("/") if len(name) <= LONGEST_NAME else []
    if len(parts) != 4 or (parts[0], parts[2]) != (COLLECTION, "executions") or not parts[1] or not parts[3]:
        raise InvalidRequest(f"{field} must be {COLLECTION}/id/executions/id, got {name[:120]!r}", field)
    return parts[1], parts[3]


def job_request(message: what_if_pb2.CreateWhatIfJobRequest) -> JobRequest:
    """Return a request for a job, absent parameters by their defaults; raises InvalidRequest."""
    given = message.parameters
    stated = {name: getattr(given, name) for name in ("gap", "seconds") if given.HasField(name)}
    return JobRequest(
        scenario=resource_id(message.scenario, "scenarios", "scenario"),
        grid=message.grid,
        seed=given.seed,
        request_id=message.request_id,
        validate_only=message.validate_only,
        **stated,
    )


def job_to_wire(job: WhatIfJob) -> what_if_pb2.WhatIfJob:
    """Return a job as a message."""
    return what_if_pb2.WhatIfJob(
        name=f"{COLLECTION}/{job.job}" if job.job else "",
        scenario=f"scenarios/{job.scenario}",
        parameters=what_if_pb2.WhatIfParameters(gap=job.gap, seconds=job.seconds, seed=job.seed),
        cases=job.cases,
        create_time=_timestamp(job.created_at),
    )


def execution_to_wire(view: ExecutionView) -> what_if_pb2.WhatIfExecution:
    """Return an execution as a message."""
    execution = view.execution
    return what_if_pb2.WhatIfExecution(
        name=f"{COLLECTION}/{execution.job}/executions/{execution.execution}",
        state=_STATES[execution.state],
        done=len(view.order),
        total=view.total,
        create_time=_timestamp(execution.created_at),
        end_time=None if execution.ended_at is None else _timestamp(execution.ended_at),
        detail=execution.detail,
    )


def result_to_wire(sequence: int, result: CaseResult) -> what_if_pb2.WhatIfResult:
    """Return the result with a number as a message."""
    return what_if_pb2.WhatIfResult(
        sequence=sequence,
        key=result.key,
        case_name=result.name,
        levels=dict(result.levels),
        outcome=result.outcome,
        stopped_by=result.stopped_by,
        value=result.value,
        bound_checked=result.bound_checked,
        bound_proved=result.bound_proved,
        seconds=result.seconds,
        plan_hash=result.plan_hash,
        detail=result.detail,
    )


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
