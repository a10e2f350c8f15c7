"""Partner budgets: release, carry-over, matching, commitments and rebate tiers, exactly, beside mixed-integer solvers.

A case is one budget, or 500 small ones on which all solvers must agree. Values are recomputed from the spending, our
bounds from their proofs; ``disagreement`` is the largest relative difference of a claimed value from the proved one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.claims import relative_gap
from benchmarks.instances.partner_budgets import PARTS, small_budget, weekly_budget
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.registry import backend
from solvers.core.errors import SolverError
from solvers.core.program import Floats
from solvers.core.termination import Limits, Solution, Termination
from solvers.incentives.budget import BudgetInstance
from solvers.incentives.budget_program import BudgetFormulation, formulate_budget, read_budget
from solvers.incentives.leaves import Leaf
from solvers.incentives.spend import solve_budget
from solvers.incentives.verify import budget_bound, budget_value, budget_violations

_CLOSE = 1e-6  # relative difference of values that counts as none
_NODES = 10_000  # of our search; a case that needs more is reported with its gap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solved:
    """One budget answered: spending and claims, and what proves the bound where the solver hands it over."""

    spend: Floats | None
    value: float
    bound: float
    leaves: tuple[Leaf, ...] | None = None


def _prepare(case: Case, data: Path | None, seed: int) -> tuple[BudgetInstance, ...]:
    del data
    if "count" in case.parameters:
        return tuple(small_budget(each) for each in range(int(case.parameters["count"])))
    periods, tiers, scopes, more = (int(case.parameters[name]) for name in ("periods", "tiers", "scopes", "seed"))
    own = float(case.parameters.get("own", math.inf))
    return (weekly_budget(seed + more, periods=periods, tiers=tiers, scopes=scopes, own=own),)


def _concordat(instances: Sequence[BudgetInstance], watch: Stopwatch, case: Case) -> Answer:
    del case
    solve_budget(small_budget(0))  # compiles, unmeasured
    with watch.measure("solve"):
        answers = [solve_budget(instance, limits=Limits(nodes=_NODES)) for instance in instances]
    solved = [_Solved(spend=a.spend, value=a.value, bound=a.bound, leaves=a.leaves) for a in answers]
    unfinished = any(answer.termination is Termination.LIMIT for answer in answers)
    nodes = float(sum(answer.nodes for answer in answers))
    return _answer(solved, stopped="node limit" if unfinished else None, nodes=nodes)


def _peer(name: str) -> Contender:
    """Return the contender that solves the mixed-integer program with this backend; CP-SAT in whole parts of a unit."""

    def formulate(instance: BudgetInstance) -> BudgetFormulation:
        if name != "cpsat":
            return formulate_budget(instance)
        return formulate_budget(instance, parts=1 if math.isinf(instance.own_budget) else PARTS)

    def run(instances: Sequence[BudgetInstance], watch: Stopwatch, case: Case) -> Answer:
        solver, found = backend(name), list[tuple[BudgetFormulation, Solution]]()
        solver.load(formulate(small_budget(0)).program).solve()  # loads the library, unmeasured
        try:
            for instance in instances:
                left = max(0.1, case.time_limit - watch.seconds())
                with watch.measure("build"):
                    formulation = formulate(instance)
                    model = solver.load(formulation.program)
                with watch.measure("solve"):
                    solution = model.solve(limits=Limits(seconds=left, gap=0.0, absolute_gap=1e-9))
                found.append((formulation, solution))
        except SolverError as error:
            return Answer(failure=f"{error.code}: {error}")
        answers = [read_budget(instance, *each) for instance, each in zip(instances, found, strict=True)]
        solved = [_Solved(spend=answer.spend, value=answer.value, bound=answer.bound) for answer in answers]
        unfinished = any(solution.termination is Termination.LIMIT for _, solution in found)
        nodes = float(sum(solution.nodes for _, solution in found))
        return _answer(solved, stopped="time limit" if unfinished else None, nodes=nodes)

    return Contender(name=name, run=run)


def _answer(solved: list[_Solved], *, stopped: str | None, nodes: float) -> Answer:
    values, bounds = (_total([getattr(each, name) for each in solved]) for name in ("value", "bound"))
    return Answer(solution=tuple(solved), value=values, bound=bounds, figures={"nodes": nodes}, stopped=stopped)


def _total(numbers: Sequence[float]) -> float | None:
    """Return the sum over the budgets that can be kept, None without any."""
    finite = [number for number in numbers if math.isfinite(number)]
    return math.fsum(finite) if finite else None


def _check(instances: Sequence[BudgetInstance], answer: Answer, case: Case) -> Verdict:
    if not isinstance(answer.solution, tuple):
        return Verdict()
    problems, broken = list[str](), list[str]()
    values, bounds = list[float](), list[float]()
    for instance, solved in zip(instances, answer.solution, strict=True):
        found, proved = _recomputed(instance, solved, problems)
        values.append(found)
        bounds.append(proved)
        broken += [] if solved.spend is None else budget_violations(instance, solved.spend)
    value, bound = _total(values), _total(bounds)
    figures = {"disagreement": _disagreement(instances, answer.solution)} if "count" in case.parameters else {}
    return Verdict(
        value=value,
        bound=bound,
        bound_checked=all(solved.leaves is not None for solved in answer.solution),
        gap=relative_gap(value, bound, sense="max"),
        violation=float(len(broken) > 0),
        violated=tuple(broken[:5]),
        problems=tuple(problems[:5]),
        figures=figures,
    )


def _recomputed(instance: BudgetInstance, solved: _Solved, problems: list[str]) -> tuple[float, float]:
    """Return value and bound recomputed, and note the claims that do not stand."""
    value = -math.inf if solved.spend is None else budget_value(instance, solved.spend)
    bound = solved.bound
    try:
        bound = solved.bound if solved.leaves is None else budget_bound(instance, solved.leaves)
    except SolverError as error:
        problems.append(str(error))
    if solved.value > value and not _close(solved.value, value):
        # Less may be claimed: an incumbent of a search cut short leaves pieces and tiers it has reached unused.
        problems.append(f"claimed value {solved.value:.10g}, recomputed {value:.10g}")
    if not _close(solved.bound, bound):
        problems.append(f"claimed bound {solved.bound:.10g}, recomputed {bound:.10g}")
    if value > bound and not _close(value, bound):
        problems.append(f"bound {bound:.10g} lies below the value {value:.10g} found")
    return value, bound


def _close(left: float, right: float) -> bool:
    return left == right or abs(left - right) <= _CLOSE * max(1.0, abs(left), abs(right))


def _disagreement(instances: Sequence[BudgetInstance], solved: Sequence[_Solved]) -> float:
    """Return the largest relative difference from the proved value; infinite where only one calls it impossible."""
    worst = 0.0
    for instance, each in zip(instances, solved, strict=True):
        proved = budget_bound(instance, solve_budget(instance).leaves)
        if each.value != proved:
            worst = max(worst, abs(each.value - proved) / max(1.0, abs(proved)))
    return float(np.nan_to_num(worst, posinf=math.inf))


def _case(name: str, *, contenders: tuple[str, ...] = (), **more: float) -> Case:
    periods, tiers = name.partition(" ")[0].split("x")
    parameters: dict[str, int | float | str] = {"periods": int(periods), "tiers": int(tiers), "scopes": 1, "seed": 0}
    return Case(
        name=name,
        phase=Phase.SOLVE,
        suites=frozenset({"smoke" if int(periods) < 52 else "full"}),
        parameters=parameters | more,
        time_limit=10.0,
        contenders=contenders,
    )


_AGREEMENT = Case(
    name="agreement-500",
    phase=Phase.SOLVE,
    suites=frozenset({"full"}),
    parameters={"count": 500},
    time_limit=25.0,
    contenders=("concordat", "highs", "cpsat"),
)
_YEARS = ("52x20", "52x20 b", "52x20 c", "52x20 d")
_OWN, _QUARTERS = "52x20 own budget", "52x20 per quarter"
_TWO = ("concordat", "highs")


def _exact(case: str) -> tuple[Target, Target]:
    return (
        Target(text=f"{case}: at most 50 ms", case=case, contender="concordat", figure="solve_s", at_most=0.05),
        Target(text=f"{case}: exact but for rounding", case=case, contender="concordat", figure="gap", at_most=1e-15),
    )


SUBJECT = Subject(
    name="incentives",
    title="Partner budgets: exact release of money with rebate tiers",
    cases=(
        _case("8x3"),
        _case(_YEARS[0]),
        *(_case(name, seed=seed, contenders=_TWO) for seed, name in enumerate(_YEARS[1:], start=1)),
        _case(_OWN, own=0.5, contenders=_TWO),
        _case(_QUARTERS, scopes=4),
        _case("52x20 per four weeks", scopes=13, contenders=_TWO),
        _AGREEMENT,
    ),
    prepare=_prepare,
    contenders=(Contender(name="concordat", run=_concordat, ours=True), *map(_peer, ("highs", "cpsat", "scip"))),
    peer="highs",
    check=_check,
    targets=(
        *(target for name in (*_YEARS, _OWN, _QUARTERS) for target in _exact(name)),
        *(
            Target(
                text=f"500 budgets: {name} agrees with the proved optimum",
                case=_AGREEMENT.name,
                contender=name,
                figure="disagreement",
                at_most=most,
            )
            for name, most in (("concordat", 1e-12), ("highs", 1e-6), ("cpsat", 1e-9))
        ),
    ),
)
