"""Take a plan, or the best plan so far of a run that goes on, as the one to be executed.

What is accepted is named by its etag, so that nobody accepts what they have not seen. The acceptance of a running plan
is on disk before the run is told: after a restart the run is made anew up to that very plan, or the operation says that
it could not be.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from planner.application.executing_agents import agents_execute
from planner.application.live_plan import LivePlan
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import check_kept, find_plan, record_of_plan
from planner.domain.errors import AlreadyAccepted, InvalidRequest, PlanChanged, PlanNotReady
from planner.events.catalogue import AcceptanceFailed, IncumbentAccepted, PlanAccepted, PlanCompleted
from planner.events.plan_record import PlanRecord

LONGEST_NAME = 200
LONGEST_COMMENT = 2000
ENDING_SECONDS = 5.0
"""How long the end of a run is waited for that can no longer be told what to end with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """Who accepts which plan, by the etag of what they looked at."""

    plan: str
    etag: str
    accepted_by: str
    comment: str = ""

    def __post_init__(self) -> None:
        if not self.etag or len(self.etag) > LONGEST_NAME:
            raise InvalidRequest("etag must name what was looked at: take it from the plan or its progress", "etag")
        if not self.accepted_by.strip() or len(self.accepted_by) > LONGEST_NAME:
            raise InvalidRequest(
                f"accepted_by must name a person, role or system in 1 to {LONGEST_NAME} characters", "accepted_by"
            )
        if len(self.comment) > LONGEST_COMMENT:
            raise InvalidRequest(f"comment must have at most {LONGEST_COMMENT} characters", "comment")


async def accept_plan(ports: PlanningPorts, runs: PlanRuns, request: AcceptRequest) -> PlanRecord:
    """Record an acceptance and, where the plan is still being made, end its run; return where the plan stands.

    The same acceptance again changes nothing.

    Raises
    ------
    NotFound
        If nobody asked for the plan here.
    PlanNotReady
        If there is nothing to accept: queued, no plan found yet, ended without one, or expired.
    PlanChanged
        If the etag names something else than what can be accepted now.
    AlreadyAccepted
        If it was accepted before by somebody else, or in another state.
    StorageFailure
        If the acceptance could not be stored.
    """
    record = await find_plan(ports, request.plan)
    live = runs.live(request.plan)
    if record.acceptance is not None:
        return _same(record, request)
    if record.done or live is None:
        return await _accept_completed(ports, record, request)
    # A requester who goes away in this moment must not leave an acceptance that the run was never told.
    return await asyncio.shield(asyncio.create_task(_accept_running(ports, runs, live, request)))


async def _accept_completed(ports: PlanningPorts, record: PlanRecord, request: AcceptRequest) -> PlanRecord:
    ending = record.ending
    if not isinstance(ending, PlanCompleted):
        raise PlanNotReady(
            f"plan {request.plan} is {record.state.value}: "
            + ("there is no plan to accept" if record.done else "wait until it has a first plan")
        )
    check_kept(record)
    if request.etag not in {record.etag, ending.incumbent}:
        raise PlanChanged(
            f"plan {request.plan} is now {record.etag}, not {request.etag}: look at it again before accepting it",
            record.etag,
        )
    event = PlanAccepted(
        accepted_by=request.accepted_by, comment=request.comment, etag=request.etag, plan_hash=ending.plan_hash
    )
    record = await record_of_plan(
        ports, request.plan, event, unless=lambda now: now.acceptance is not None or now.expired_at is not None
    )
    if record.acceptance is None:
        check_kept(record)
    accepted = _same(record, request)
    await agents_execute(ports, accepted)
    return accepted


async def _accept_running(ports: PlanningPorts, runs: PlanRuns, live: LivePlan, request: AcceptRequest) -> PlanRecord:
    best = live.etag
    if not best:
        raise PlanNotReady(f"plan {request.plan} is {live.record.state.value}: wait until it has a first plan")
    if not live.saw(request.etag):
        raise _changed(request, best)
    event = IncumbentAccepted(accepted_by=request.accepted_by, comment=request.comment, etag=request.etag)
    record = await record_of_plan(ports, request.plan, event, unless=lambda now: now.done or now.acceptance is not None)
    if record.acceptance is None:
        return await _accept_completed(ports, record, request)
    _same(record, request)
    if await runs.accept(record):
        return record
    if request.etag == live.etag:
        await live.ended(ENDING_SECONDS)  # the run may have ended with this very plan, and its end be on the way
    detail = f"{request.etag}, accepted by {request.accepted_by}, came too late: the run went on or ended without it"
    failed = AcceptanceFailed(etag=request.etag, detail=detail)
    record = await record_of_plan(ports, request.plan, failed, unless=lambda now: now.done or now.acceptance is None)
    if record.done:
        # It ended in this moment: perhaps with the very plan that was accepted.
        return _same(record, request) if record.acceptance else await _accept_completed(ports, record, request)
    raise _changed(request, live.etag)


def _same(record: PlanRecord, request: AcceptRequest) -> PlanRecord:
    """Return the record if its acceptance is the one that is asked for."""
    acceptance = record.acceptance
    if acceptance is not None and acceptance.accepted_by == request.accepted_by:
        ending = record.ending
        made = {record.etag, ending.incumbent} if isinstance(ending, PlanCompleted) else set()
        if request.etag in {acceptance.etag, *made}:
            return record
    raise AlreadyAccepted(
        f"plan {request.plan} was accepted before"
        + (f" by {acceptance.accepted_by}, as {acceptance.etag}" if acceptance is not None else "")
        + ": it is accepted once; plan anew for something else"
    )


def _changed(request: AcceptRequest, etag: str) -> PlanChanged:
    return PlanChanged(
        f"the best plan so far of {request.plan} is {etag}, and {request.etag} is not kept any more or never was: "
        "look at it again before accepting it",
        etag,
    )
