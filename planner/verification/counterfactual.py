"""What loosening a clause is worth: an interval that certified values and bounds prove, and a first estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from planner.domain.clauses import RebateClause
from planner.domain.plan import DECISION_TABLES, Plan, empty_plan_table
from planner.domain.relaxation import Relaxation, relax
from planner.domain.scenario import Scenario
from planner.verification.breaches import tolerance
from planner.verification.recompute import recompute

_VALUE_TOLERANCE = 1e-6
"""Values within this share of one another are the same (planning problem, Definitions: tolerance)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A scenario with clauses loosened.

    ``estimate`` is Σ price × loosening, the first-order change of value at the plan's prices (None where a clause is
    dropped, or no plan is given). ``kept`` is what the plan's own decisions are worth under the loosened clauses (None
    without a plan): the best plan there is worth at least that. ``monotone`` says that loosening cannot cost anything.
    """

    relaxations: tuple[Relaxation, ...]
    scenario: Scenario
    estimate: float | None
    kept: float | None
    monotone: bool


@dataclass(frozen=True, slots=True)
class Certified:
    """What is certified of a problem: a plan of this value, and no plan above the bounds."""

    value: float
    bound_proved: float
    bound_checked: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """By how much the best value changes: between ``lower`` and ``upper``, in money.

    ``checked`` is the interval that follows from the bounds that `verify` recomputes without a solver (None without
    them). ``helps`` says that an improvement is proven: the interval lies above 0 by more than the tolerance of values.
    ``plans`` is by how much the two plans' own values differ, which proves nothing about the best ones.
    """

    lower: float
    upper: float
    checked: tuple[float, float] | None
    helps: bool
    plans: float


def counterfactual(scenario: Scenario, relaxations: Sequence[Relaxation], plan: Plan | None = None) -> Counterfactual:
    """Loosen clauses of a scenario; with a plan of it, tell what its prices and decisions say about that.

    Raises
    ------
    InvalidRequest
        If there is no such clause, or it cannot be loosened like this.
    """
    before = clause_bounds(scenario)
    changed = relax(scenario, relaxations, _largest(before))
    asked = {relaxation.clause for relaxation in relaxations}
    rebates = {clause.id for clause in scenario.clauses if isinstance(clause, RebateClause)}
    dropped = any(relaxation.amount is None and relaxation.share is None for relaxation in relaxations)
    estimate = kept = None
    if plan is not None:
        again = recompute(changed, {name: plan[name] for name in DECISION_TABLES})
        kept = None if again.breaches else again.value
        estimate = None if dropped else _estimate(plan["clauses"], before, again.clauses)
    return Counterfactual(
        relaxations=tuple(relaxations),
        scenario=changed,
        estimate=estimate,
        kept=kept,
        monotone=not asked & rebates,
    )


def clause_bounds(scenario: Scenario) -> pl.DataFrame:
    """Return contract, clause, window, lower and upper of every clause row, which no plan changes."""
    nothing = {name: empty_plan_table(name) for name in DECISION_TABLES if name != "funding"}
    return recompute(scenario, nothing).clauses.select("contract", "clause", "window", "lower", "upper")


def value_change(
    before: Certified, after: Certified, *, kept: float | None = None, monotone: bool = True
) -> ValueChange:
    """Return by how much the best value changes from one problem to the other.

    The best value before lies between value and bound, so does the one after: hence [after.value − before.bound,
    after.bound − before.value]. ``kept`` is the value of a plan of the second problem that is known beside. Where
    ``monotone``, the best value cannot fall, which tightens the lower end.
    """
    reached = after.value if kept is None else max(after.value, kept)
    lower, upper = _interval(before.value, before.bound_proved, reached, after.bound_proved, monotone=monotone)
    checked = None
    if before.bound_checked is not None and after.bound_checked is not None:
        checked = _interval(before.value, before.bound_checked, reached, after.bound_checked, monotone=monotone)
    least = _VALUE_TOLERANCE * max(abs(before.value), abs(after.value), math.ulp(1.0))
    return ValueChange(lower=lower, upper=upper, checked=checked, helps=lower > least, plans=after.value - before.value)


def _interval(value: float, bound: float, reached: float, bound_after: float, *, monotone: bool) -> tuple[float, float]:
    if not monotone:
        return reached - bound, bound_after - value
    # A bound on what is possible after the loosening bounds what was possible before, too.
    return max(reached - min(bound, bound_after), 0.0), max(bound_after - value, 0.0)


def _largest(bounds: pl.DataFrame) -> dict[str, float]:
    rows = bounds.select("clause", pl.max_horizontal("lower", "upper").alias("bound")).drop_nulls()
    return {clause: float(bound) for clause, bound in rows.group_by("clause").agg(pl.col("bound").max()).iter_rows()}


def _estimate(priced: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> float:
    key = ["clause", "window"]
    both = before.join(after, on=key, how="inner", suffix="_after", nulls_equal=True).join(
        priced.select(*key, "price"), on=key, how="inner", nulls_equal=True
    )
    gave = (pl.col("lower") - pl.col("lower_after")).fill_null(0.0) + (
        pl.col("upper_after") - pl.col("upper")
    ).fill_null(0.0)
    rows = both.select(gave.alias("gave"), "price", pl.max_horizontal("lower", "upper").fill_null(0.0).alias("bound"))
    return math.fsum(price * by for by, price, bound in rows.iter_rows() if abs(by) > 1e-9 * float(tolerance(bound)))
