"""How the end of a run becomes the last event of its plan."""

from __future__ import annotations

from planner.domain.errors import ConcordatError, PlanUnreadable
from planner.events.catalogue import (
    AcceptanceFailed,
    NoPlanFound,
    PlanCompleted,
    PlanEnding,
    PlanFailed,
    PlanFoundInfeasible,
)
from planner.events.plan_record import PlanRecord
from planner.ports.plan_store import PlanStore
from planner.ports.planning_runtime import Outcome, PlanningResult


def plan_ending(result: PlanningResult, plans: PlanStore, plan: str) -> PlanEnding:
    """Return the ending that a runtime's result means; a completed plan's hash is read from its folder.

    Raises
    ------
    PlanUnreadable
        If the runtime says it planned, but left no plan, or one without value, bound or hash.
    """
    match result.outcome:
        case Outcome.PLANNED:
            return _completed(result, plans, plan)
        case Outcome.NO_PLAN_YET:
            return NoPlanFound(
                stopped_by=result.stopped_by,
                bound_proved=result.bound_proved,
                detail=result.detail or "no plan was found before it stopped: allow more time or work",
            )
        case Outcome.INFEASIBLE:
            return PlanFoundInfeasible(
                conflict=result.conflict,
                relaxation=result.relaxation,
                detail=result.detail,
                terms=result.terms,
                repairs=result.repairs,
            )
        case Outcome.FAILED:
            return PlanFailed(stopped_by=result.stopped_by, detail=result.detail)


def no_plan_in_queue(*, cancelled: bool) -> NoPlanFound:
    """Return the ending of a plan that never got a free place."""
    if cancelled:
        return NoPlanFound(stopped_by="cancelled", bound_proved=None, detail="cancelled before planning began")
    return NoPlanFound(
        stopped_by="time",
        bound_proved=None,
        detail="the time limit passed, or all but a last bit of it, while other plans were being made: raise it, give "
        "the request a higher priority, or let the server make more plans at a time",
    )


def failure(error: Exception) -> PlanFailed:
    """Return the ending that an error of a run means.

    What an error nobody foresaw says might quote a customer's row, and what is in the log of events stays there.
    """
    if isinstance(error, ConcordatError):
        return PlanFailed(stopped_by="error", detail=str(error))
    return PlanFailed(
        stopped_by="error",
        detail=f"an error that nobody foresaw ended it ({type(error).__name__}): the server's log tells where it came "
        "from; ask for the plan anew under a new request id",
    )


def acceptance_lost(record: PlanRecord, ending: PlanEnding) -> AcceptanceFailed | None:
    """Return that an acceptance could not be kept, where a run ended with another plan than the accepted one."""
    acceptance = record.acceptance
    if acceptance is None or (isinstance(ending, PlanCompleted) and ending.incumbent == acceptance.etag):
        return None
    made = f"ended with {ending.incumbent or 'another plan'}" if isinstance(ending, PlanCompleted) else "has no plan"
    return AcceptanceFailed(
        etag=acceptance.etag,
        detail=f"{acceptance.etag}, accepted by {acceptance.accepted_by}, could not be kept: the run {made}; "
        "look at it, then accept it or plan anew",
    )


def _completed(result: PlanningResult, plans: PlanStore, plan: str) -> PlanCompleted:
    summary = plans.summary(plan)
    value = _number(result.value, summary, "value")
    bound = _number(result.bound_proved, summary, "bound_proved")
    plan_hash = summary.get("plan_hash")
    if value is None or bound is None or not isinstance(plan_hash, str):
        raise PlanUnreadable(f"plan.json of plan {plan} lacks value, bound_proved or plan_hash")
    return PlanCompleted(
        stopped_by=result.stopped_by,
        value=value,
        bound_proved=bound,
        bound_checked=_number(result.bound_checked, summary, "bound_checked"),
        plan_hash=plan_hash,
        detail=result.detail,
        incumbent=result.incumbent,
    )


def _number(given: float | None, summary: object, field: str) -> float | None:
    if given is not None:
        return given
    value = summary.get(field) if isinstance(summary, dict) else None
    return float(value) if isinstance(value, int | float) else None
