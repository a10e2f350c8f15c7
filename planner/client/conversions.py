"""Messages of the wire as records of the business."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from planner.domain.finding import Finding
from planner.events.catalogue import (
    NoPlanFound,
    PlanCompleted,
    PlanEnding,
    PlanFailed,
    PlanFoundInfeasible,
    PlanRequested,
)
from planner.events.plan_record import Acceptance, PlanRecord
from planner.ports.planning_runtime import PlanningParameters, Progress
from planner.wire.v1 import acceptance_pb2, operation_pb2, plan_pb2, scenario_pb2


def parameters_to_wire(parameters: PlanningParameters) -> plan_pb2.PlanningParameters:
    """Return what is asked for as a message."""
    message = plan_pb2.PlanningParameters(
        gap=parameters.gap,
        work_limit=parameters.work_limit,
        seed=parameters.seed,
        hosts=parameters.hosts,
        base_plan=f"plans/{parameters.base_plan}" if parameters.base_plan else "",
        solver_logs=parameters.solver_logs,
    )
    if parameters.time_limit is not None:
        limit = Duration()
        limit.FromNanoseconds(round(parameters.time_limit * 1e9))
        message.time_limit.CopyFrom(limit)
    return message


def progress_from_wire(operation: operation_pb2.Operation) -> Progress | None:
    """Return the latest step of an operation."""
    if not operation.HasField("progress"):
        return None
    step = operation.progress
    return Progress(
        seconds=step.seconds,
        phase=step.phase,
        value=step.value if step.HasField("value") else None,
        bound=step.bound if step.HasField("bound") else None,
        etag=step.etag,
    )


def record_from_wire(plan: plan_pb2.Plan) -> PlanRecord:
    """Return where a plan stands; a plan that was only checked has an empty id."""
    asked = plan.parameters
    limit = asked.time_limit.ToNanoseconds() / 1e9 if asked.HasField("time_limit") else None
    request = PlanRequested(
        plan=plan.name.partition("/")[2],
        scenario=plan.scenario.partition("/")[2],
        request_id="",
        gap=asked.gap,
        work_limit=asked.work_limit if asked.HasField("work_limit") else None,
        time_limit=limit,
        seed=asked.seed,
        hosts=asked.hosts,
        base_plan=asked.base_plan.partition("/")[2],
        solver_logs=asked.solver_logs,
    )
    return PlanRecord(
        request=request,
        requested_at=_moment(plan.create_time),
        started_at=_moment(plan.start_time) if plan.HasField("start_time") else None,
        attempts=0 if plan.state == plan_pb2.Plan.QUEUED else 1,
        cancel_requested=plan.cancel_requested,
        ended_at=_moment(plan.end_time) if plan.HasField("end_time") else None,
        ending=_ending(plan),
        acceptance=_acceptance(plan.acceptance) if plan.HasField("acceptance") else None,
    )


def finding_from_wire(message: scenario_pb2.Finding) -> Finding:
    """Return a finding."""
    return Finding(
        table=message.table,
        row=message.row if message.HasField("row") else None,
        column=message.column,
        rule=message.rule,
        value=message.value,
        message=message.message,
    )


def _acceptance(message: acceptance_pb2.Acceptance) -> Acceptance:
    return Acceptance(
        accepted_by=message.accepted_by,
        accepted_at=_moment(message.accept_time),
        comment=message.comment,
        etag=message.etag,
    )


def _ending(plan: plan_pb2.Plan) -> PlanEnding | None:
    if plan.state == plan_pb2.Plan.PLANNED:
        return PlanCompleted(
            stopped_by=plan.stopped_by,
            value=plan.value,
            bound_proved=plan.bound_proved,
            bound_checked=plan.bound_checked if plan.HasField("bound_checked") else None,
            plan_hash=plan.plan_hash,
            detail=plan.detail,
        )
    if plan.state == plan_pb2.Plan.NO_PLAN_YET:
        bound = plan.bound_proved if plan.HasField("bound_proved") else None
        return NoPlanFound(stopped_by=plan.stopped_by, bound_proved=bound, detail=plan.detail)
    if plan.state == plan_pb2.Plan.INFEASIBLE:
        return PlanFoundInfeasible(
            conflict=tuple(plan.infeasibility.conflict),
            relaxation=tuple((item.subject, item.amount) for item in plan.infeasibility.relaxation),
            terms=tuple((item.subject, item.contract, item.kind, item.text) for item in plan.infeasibility.terms),
            repairs=tuple((item.subject, item.amount) for item in plan.infeasibility.repairs),
            detail=plan.detail,
        )
    if plan.state == plan_pb2.Plan.FAILED:
        return PlanFailed(stopped_by=plan.stopped_by, detail=plan.detail)
    return None


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
