"""Accept a request for a plan: on disk before it is acknowledged, once per request id."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from dataclasses import asdict, dataclass

from planner.application.check_scenario import ScenarioChecks
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import check_kept, enveloped, find_plan, plan_aggregate, request_aggregate
from planner.application.resume_plans import seconds_left
from planner.domain.errors import InvalidRequest, NotFound, PlanNotReady, RequestConflict, ScenarioInvalid
from planner.events.catalogue import PlanRequested, RequestReceived
from planner.events.codec import decode
from planner.events.plan_record import PlanRecord, PlanState, project_plan
from planner.ports.event_log import SequenceConflict
from planner.ports.planning_runtime import PlanningParameters

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


HIGHEST_PRIORITY = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What a requester asks for; an empty ``request_id`` makes every call a request of its own.

    Among requests that wait, one of a higher ``priority`` (0 to 9) goes first; it never changes the plan.
    """

    scenario: str
    parameters: PlanningParameters
    request_id: str = ""
    validate_only: bool = False
    priority: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.priority <= HIGHEST_PRIORITY:
            raise InvalidRequest(
                f"priority must be at least 0 and at most {HIGHEST_PRIORITY}, got {self.priority}", "priority"
            )
        if self.request_id and not _REQUEST_ID.fullmatch(self.request_id):
            raise InvalidRequest(
                f"request_id {self.request_id[:140]!r} must be 1 to 128 letters, digits or any of . _ : -", "request_id"
            )

    @property
    def content(self) -> str:
        """The hash by which a repeated request is told from another one under the same id."""
        asked = {name: value for name, value in asdict(self.parameters).items() if name != "stop"}
        if not self.parameters.base_plan:
            del asked["base_plan"]  # requests without one are what they were before there could be one
        if not self.parameters.solver_logs:
            del asked["solver_logs"]  # likewise
        if self.priority:
            asked["priority"] = self.priority  # likewise
        text = json.dumps({"scenario": self.scenario, **asked}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


async def submit_plan(ports: PlanningPorts, runs: PlanRuns, checks: ScenarioChecks, request: PlanRequest) -> PlanRecord:
    """Accept a request and begin with it; a repeated request returns the plan of the first.

    With ``validate_only`` nothing is kept and the record has no plan id.

    Raises
    ------
    NotFound
        If the scenario or the base plan is not kept here.
    PlanNotReady
        If the base plan was not made yet, ended without a plan, or has expired.
    ScenarioInvalid
        If findings stand against the scenario.
    RequestConflict
        If the request id was used with other content.
    QueueFull
        If the server has no room for one more plan, or could not begin with it in time.
    StorageFailure
        If the request could not be stored.
    """
    known = await _known(ports, request)
    if known is not None:
        return known if request.validate_only else await _taken_up(ports, runs, known)
    if not request.validate_only:
        # Before the scenario is looked at: a server that is overrun says so at once.
        runs.check_room(request.priority, request.parameters.time_limit)
    if not await asyncio.to_thread(ports.scenarios.has, request.scenario):
        raise NotFound(f"no scenario {request.scenario[:80]!r} is kept here, or not any more: upload it first")
    findings = await checks.findings(request.scenario)
    if findings:
        raise ScenarioInvalid(request.scenario, findings)
    if request.parameters.base_plan:
        await _check_base(ports, request.parameters.base_plan)
    if request.validate_only:
        return PlanRecord(request=_requested(request, plan=""), requested_at=ports.clock.now())
    # A requester who goes away in this moment must not leave a plan that is written but not begun.
    return await asyncio.shield(asyncio.create_task(_accept(ports, runs, request)))


async def _check_base(ports: PlanningPorts, plan: str) -> None:
    base = await find_plan(ports, plan)
    if base.state is not PlanState.PLANNED:
        raise PlanNotReady(f"the base plan {plan} is {base.state.value}: only a finished plan can be gone on from")
    check_kept(base)


async def _known(ports: PlanningPorts, request: PlanRequest) -> PlanRecord | None:
    if not request.request_id:
        return None
    history = await asyncio.to_thread(ports.log.history, request_aggregate(request.request_id))
    if not history:
        return None
    received = decode(history[0])
    if not isinstance(received, RequestReceived) or received.content != request.content:
        raise RequestConflict(
            f"request_id {request.request_id!r} was used before with another scenario or other parameters: choose a "
            "new id for a new request, or repeat the first one unchanged"
        )
    return await find_plan(ports, received.plan)


async def _taken_up(ports: PlanningPorts, runs: PlanRuns, known: PlanRecord) -> PlanRecord:
    """Return where a known plan stands, and begin with it if nobody does.

    That is so where the database stored the request, but went away before it said so.
    """
    if known.done or runs.live(known.plan) is not None:
        return known
    # Read again: a plan that ended in this moment was live until its end was on disk.
    record = await find_plan(ports, known.plan)
    if not record.done and runs.live(record.plan) is None:
        runs.start(record, seconds_left(ports, record))
    return record


async def _accept(ports: PlanningPorts, runs: PlanRuns, request: PlanRequest) -> PlanRecord:
    plan = ports.ids.new()
    correlation = request.request_id or plan
    event = _requested(request, plan=plan, trace=ports.telemetry.traces.current())
    requested = enveloped(ports, event, plan_aggregate(plan), correlation=correlation)
    envelopes = [requested]
    if request.request_id:
        received = RequestReceived(request_id=request.request_id, content=request.content, plan=plan)
        aggregate = request_aggregate(request.request_id)
        envelopes.insert(0, enveloped(ports, received, aggregate, correlation=correlation))
    with runs.room(request.priority, request.parameters.time_limit):
        try:
            await asyncio.to_thread(ports.log.append, envelopes)
        except SequenceConflict:
            known = await _known(ports, request)
            if known is None:
                raise
            return known
    record = project_plan([requested])
    if record is None:
        raise AssertionError("a plan that was just requested has a record")
    runs.start(record, request.parameters.time_limit)
    return record


def _requested(request: PlanRequest, *, plan: str, trace: str = "") -> PlanRequested:
    parameters = request.parameters
    return PlanRequested(
        plan=plan,
        scenario=request.scenario,
        request_id=request.request_id,
        gap=parameters.gap,
        work_limit=parameters.work_limit,
        time_limit=parameters.time_limit,
        seed=parameters.seed,
        hosts=parameters.hosts,
        base_plan=parameters.base_plan,
        priority=request.priority,
        trace=trace,
        solver_logs=parameters.solver_logs,
    )
