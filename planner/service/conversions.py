"""Records of the business as messages of the wire, and requests of the wire as those of the business."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from planner.domain.errors import InvalidRequest
from planner.domain.finding import Finding
from planner.domain.gap import relative_gap
from planner.events.catalogue import PlanCompleted, PlanFoundInfeasible, PlanRequested, ScenarioUploaded
from planner.events.plan_record import Acceptance, PlanRecord, PlanState
from planner.ports.planning_runtime import PlanningParameters, Progress
from planner.wire.v1 import acceptance_pb2, operation_pb2, plan_pb2, scenario_pb2

LONGEST_NAME = 200
"""Characters in the name of a resource."""

_STATE: dict[PlanState, plan_pb2.Plan.State] = {
    PlanState.QUEUED: plan_pb2.Plan.QUEUED,
    PlanState.RUNNING: plan_pb2.Plan.RUNNING,
    PlanState.PLANNED: plan_pb2.Plan.PLANNED,
    PlanState.NO_PLAN_YET: plan_pb2.Plan.NO_PLAN_YET,
    PlanState.INFEASIBLE: plan_pb2.Plan.INFEASIBLE,
    PlanState.FAILED: plan_pb2.Plan.FAILED,
}


def resource_id(name: str, collection: str, field: str) -> str:
    """Return the id in a resource name such as ``plans/…``.

    Raises
    ------
    InvalidRequest
        If the name is not of that collection.
    """
    if len(name) > LONGEST_NAME:
        raise InvalidRequest(f"{field} is longer than {LONGEST_NAME} characters, which no name is", field)
    prefix, _, identifier = name.partition("/")
    if prefix != collection or not identifier or "/" in identifier:
        raise InvalidRequest(f"{field} must be {collection}/ and an id, got {name[:120]!r}", field)
    return identifier


def parameters_from_wire(message: plan_pb2.PlanningParameters) -> PlanningParameters:
    """Return the parameters asked for, absent ones by their defaults.

    Raises
    ------
    InvalidRequest
        If a value is out of range.
    """
    given: dict[str, float | int] = {"seed": message.seed}
    for field in ("gap", "work_limit", "hosts"):
        if message.HasField(field):
            given[field] = getattr(message, field)
    if message.HasField("time_limit"):
        given["time_limit"] = message.time_limit.ToNanoseconds() / 1e9
    base = resource_id(message.base_plan, "plans", "parameters.base_plan") if message.base_plan else ""
    try:
        # The dictionary mixes whole and broken numbers; each field gets the kind its message declares.
        return PlanningParameters(**given, base_plan=base, solver_logs=message.solver_logs)  # type: ignore[arg-type]
    except ValueError as error:
        raise InvalidRequest(str(error), "parameters") from error


def operation_to_wire(record: PlanRecord, progress: Progress | None) -> operation_pb2.Operation:
    """Return a plan and its latest step as an operation."""
    operation = operation_pb2.Operation(
        name=f"operations/{record.plan}" if record.plan else "", done=record.done, plan=plan_to_wire(record, progress)
    )
    if progress is not None:
        known = progress.value is not None and progress.bound is not None
        operation.progress.CopyFrom(
            operation_pb2.Progress(
                seconds=progress.seconds,
                phase=progress.phase,
                value=progress.value,
                bound=progress.bound,
                gap=relative_gap(progress.value or 0.0, progress.bound or 0.0) if known else None,
                etag=progress.etag,
            )
        )
    return operation


def plan_to_wire(record: PlanRecord, progress: Progress | None = None) -> plan_pb2.Plan:
    """Return where a plan stands as a resource; its etag is that of the latest step while it is being made."""
    plan = plan_pb2.Plan(
        name=f"plans/{record.plan}" if record.plan else "",
        scenario=f"scenarios/{record.request.scenario}",
        parameters=_parameters(record.request),
        state=_STATE[record.state],
        create_time=_timestamp(record.requested_at),
        start_time=_timestamp(record.started_at),
        end_time=_timestamp(record.ended_at),
        cancel_requested=record.cancel_requested,
        etag=record.etag if record.done or progress is None else progress.etag,
        acceptance=_acceptance(record.acceptance),
        detail=record.refused,
    )
    ending = record.ending
    if ending is None:
        return plan
    plan.detail = "; ".join(filter(None, (record.expiry, record.refused, ending.detail)))
    if isinstance(ending, PlanFoundInfeasible):
        plan.stopped_by = "infeasible"
        plan.infeasibility.conflict.extend(ending.conflict)
        for wire, pairs in (
            (plan.infeasibility.relaxation, ending.relaxation),
            (plan.infeasibility.repairs, ending.repairs),
        ):
            wire.extend(plan_pb2.Relaxation(subject=subject, amount=amount) for subject, amount in pairs)
        plan.infeasibility.terms.extend(
            plan_pb2.ConflictTerm(subject=subject, contract=contract, kind=kind, text=text)
            for subject, contract, kind, text in ending.terms
        )
        return plan
    plan.stopped_by = ending.stopped_by
    if isinstance(ending, PlanCompleted):
        _copy_figures(plan, ending, record)
    return plan


def scenario_to_wire(event: ScenarioUploaded, stored_at: datetime) -> scenario_pb2.Scenario:
    """Return a stored scenario as a resource."""
    return scenario_pb2.Scenario(
        name=f"scenarios/{event.scenario}",
        id=event.id,
        title=event.title,
        periods=event.periods,
        customers=event.customers,
        size_bytes=event.size_bytes,
        create_time=_timestamp(stored_at),
    )


def finding_to_wire(finding: Finding) -> scenario_pb2.Finding:
    """Return a finding as a message."""
    return scenario_pb2.Finding(
        table=finding.table,
        column=finding.column,
        row=finding.row,
        rule=finding.rule,
        value=finding.value,
        message=finding.message,
    )


def _copy_figures(plan: plan_pb2.Plan, ending: PlanCompleted, record: PlanRecord) -> None:
    plan.value = ending.value
    plan.bound_proved = ending.bound_proved
    plan.plan_hash = ending.plan_hash
    if ending.bound_checked is not None:
        plan.bound_checked = ending.bound_checked
    if record.gap is not None:
        plan.gap = record.gap
    if record.gap_checked is not None:
        plan.gap_checked = record.gap_checked


def _acceptance(acceptance: Acceptance | None) -> acceptance_pb2.Acceptance | None:
    if acceptance is None:
        return None
    return acceptance_pb2.Acceptance(
        accepted_by=acceptance.accepted_by,
        accept_time=_timestamp(acceptance.accepted_at),
        comment=acceptance.comment,
        etag=acceptance.etag,
    )


def _parameters(request: PlanRequested) -> plan_pb2.PlanningParameters:
    message = plan_pb2.PlanningParameters(
        gap=request.gap,
        work_limit=request.work_limit,
        seed=request.seed,
        hosts=request.hosts,
        base_plan=f"plans/{request.base_plan}" if request.base_plan else "",
        solver_logs=request.solver_logs,
    )
    if request.time_limit is not None:
        limit = Duration()
        limit.FromNanoseconds(round(request.time_limit * 1e9))
        message.time_limit.CopyFrom(limit)
    return message


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
