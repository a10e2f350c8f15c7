"""What is kept of a planned case: one row, without its decisions."""

from __future__ import annotations

from collections.abc import Mapping

from planner.application.case_measures import case_measures, case_partners
from planner.domain.grid import Case, shown
from planner.domain.plan import VALUE_PARTS, Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningResult
from planner.ports.what_if import CaseResult, ClauseOutcome


def case_result(
    case: Case,
    result: PlanningResult,
    plan: Plan | None,
    *,
    scenario: Scenario | None = None,
    seconds: float,
    cpu_seconds: float | None = None,
) -> CaseResult:
    """Return the row of a case from how its planning ended and the plan that came of it.

    ``scenario`` is what was planned: without it the measures of the plan are left out.
    """
    planned = None if plan is None or scenario is None else (scenario, plan)
    summary: Mapping[str, object] = {} if plan is None else plan.summary
    parts = summary.get("value_parts")
    return CaseResult(
        key=case.key,
        name=case.name,
        levels=levels_of(case),
        outcome=result.outcome.value,
        stopped_by=result.stopped_by,
        value=result.value,
        bound_proved=result.bound_proved,
        bound_checked=result.bound_checked,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        parts={name: float(parts[name]) for name in VALUE_PARTS} if isinstance(parts, Mapping) else {},
        measures={} if planned is None else case_measures(*planned),
        partners={} if planned is None else case_partners(*planned),
        clauses=() if plan is None else _clauses(plan),
        plan_hash=str(summary.get("plan_hash", "")),
        code_hash=str(summary.get("code_hash", "")),
        detail=result.detail,
    )


def failed_case(case: Case, reason: str, *, seconds: float, stopped_by: str = "error") -> CaseResult:
    """Return the row of a case whose planning failed for a reason."""
    result = PlanningResult(outcome=Outcome.FAILED, stopped_by=stopped_by, detail=reason)
    return case_result(case, result, None, seconds=seconds)


def infeasible_case(case: Case, reason: str, *, seconds: float) -> CaseResult:
    """Return the row of a case of which it is known before planning that nothing can be planned."""
    result = PlanningResult(outcome=Outcome.INFEASIBLE, stopped_by="infeasible", detail=reason)
    return case_result(case, result, None, seconds=seconds)


def levels_of(case: Case) -> dict[str, str]:
    """Return the levels of a case as people write them, by factor."""
    return {name: shown(level) for name, level in case.settings}


def _clauses(plan: Plan) -> tuple[ClauseOutcome, ...]:
    rows = plan["clauses"].select("clause", "window", "measure", "violation", "price")
    return tuple(
        ClauseOutcome(
            clause=clause, window=window, measure=measure or 0.0, violation=violation or 0.0, price=price or 0.0
        )
        for clause, window, measure, violation, price in rows.iter_rows()
    )
