"""What it takes to make a past plan again, and what differs where it does not come out the same.

A plan depends on its scenario, its parameters, the code, the libraries and backends that computed it, and on nothing
else; `plan.json` names them all. A run that was stopped from outside (by time, cancelling or accepting) journalled
where, so that a replay stops there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import polars as pl

from planner.domain.errors import PlanUnreadable
from planner.domain.hashing import plan_hash
from planner.domain.plan import DECISION_TABLES, PLAN_KEYS, Plan
from planner.domain.plan_form import canonical_table
from planner.ports.planning_runtime import PlanningParameters, StopPoint
from planner.verification.check_summary import hash_breaches

_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What a replay would depend on here and now; see the fields of that name in `plan.json`."""

    scenario_hash: str
    code_hash: str
    libraries: Mapping[str, str]
    backends: Mapping[str, str]


def damage(past: Plan) -> str:
    """Tell what was changed in a plan after it was made, empty for nothing: such a plan cannot be compared with."""
    breaches = hash_breaches(past)
    return f"the plan was changed after it was made: {breaches[0]}" if breaches else ""


def other_scenario(past: Plan, present: Present) -> str:
    """Tell that a plan was made for another scenario; empty for the same one."""
    made_for = str(past.summary.get("scenario_hash"))
    if made_for == present.scenario_hash:
        return ""
    return f"the scenario differs: {made_for[:_SHORT]}… then, {present.scenario_hash[:_SHORT]}… now"


def no_way_back(past: Plan) -> str:
    """Tell why no run can stop where a plan's run stopped; empty where one can."""
    if past.summary.get("reproducible") is True:
        return ""
    stopped, at = past.summary.get("stopped_by"), past.summary.get("stopped_at")
    if not isinstance(at, Mapping) or not at.get("incumbent"):
        return f"the plan was stopped by {stopped} and does not say where: it was made by an earlier release"
    if at.get("whole") is not True:
        return (
            f"the plan was taken out of a solve that was cut short by {stopped}, and nothing can be cut at the same "
            "place: plan with a work limit, or with more time"
        )
    return ""


def other_base(past: Plan, base: Plan | None) -> str:
    """Tell why an earlier plan is not the one a plan went on from; empty where it is, or none was needed."""
    told = past.summary.get("parameters")
    wanted = str(told.get("base_plan") or "") if isinstance(told, Mapping) else ""
    given = "" if base is None else plan_hash(base.tables)
    if wanted == given:
        return ""
    if not wanted:
        return "the plan was made from nothing, not from a base plan"
    found = f"{given[:_SHORT]}… is another one" if given else "name its folder by --base"
    return f"it goes on from the plan {wanted[:_SHORT]}…: {found}"


def parameters_again(past: Plan, base_folder: str = "") -> PlanningParameters:
    """Return the parameters that make a plan again: its own, a time limit replaced by the place where it stopped.

    ``base_folder`` is where the plan stands that it goes on from.

    Raises
    ------
    PlanUnreadable
        If `plan.json` holds no such parameters.
    """
    told, known = past.summary.get("parameters"), {field.name for field in fields(PlanningParameters)}
    if not isinstance(told, Mapping) or set(told) - known:
        raise PlanUnreadable("plan.json tells parameters that this release does not know: replay with the one it names")
    try:
        again = {"time_limit": None, "stop": _stop(past), "base_plan": base_folder}
        return PlanningParameters(**{**told, **again})
    except (TypeError, ValueError) as error:
        raise PlanUnreadable(f"plan.json tells parameters that cannot be: {error}") from error


def changed_conditions(past: Plan, present: Present) -> tuple[str, ...]:
    """Return what a plan was made with that is otherwise now: code, libraries, backends, in this order."""
    found = []
    code = str(past.summary.get("code_hash"))
    if code != present.code_hash:
        found.append(f"the code differs: {code[:_SHORT]}… then, {present.code_hash[:_SHORT]}… now")
    for kind, now in (("libraries", present.libraries), ("backends", present.backends)):
        told = past.summary.get(kind)
        then = {str(name): str(value) for name, value in told.items()} if isinstance(told, Mapping) else {}
        what = "library" if kind == "libraries" else "backend of"
        found += [
            f"{what} {name} differs: {then.get(name, 'absent')} then, {now.get(name, 'absent')} now"
            for name in sorted({*then, *now})
            if then.get(name) != now.get(name)
        ]
    return tuple(found)


def first_difference(past: Plan, again: Plan) -> str:
    """Return the first row of the first decision table in which two plans differ; empty where none does."""
    for name in DECISION_TABLES:
        then, now = canonical_table(name, past[name]), canonical_table(name, again[name])
        if not then.equals(now):
            return f"{name}: {_row_difference(name, then, now)}"
    return ""


def _stop(past: Plan) -> StopPoint | None:
    at = past.summary.get("stopped_at")
    if past.summary.get("reproducible") is True or not isinstance(at, Mapping):
        return None
    return StopPoint(incumbent=str(at.get("incumbent")), steps=at.get("steps"))


def _row_difference(name: str, then: pl.DataFrame, now: pl.DataFrame) -> str:
    key = list(PLAN_KEYS[name])
    for before, after in zip(then.iter_rows(named=True), now.iter_rows(named=True), strict=False):
        if before != after:
            if [before[column] for column in key] == [after[column] for column in key]:
                return f"{_told(before)} then, {_told(after)} now"
            return f"{_told(before)} then, next {_told(after)} now"
    longer, shorter, side = (then, now, "then") if then.height > now.height else (now, then, "now")
    row = longer.row(shorter.height, named=True)
    return f"{_told(row)} {side} only"


def _told(row: Mapping[str, object]) -> str:
    return ", ".join(f"{column} {value}" for column, value in row.items())
