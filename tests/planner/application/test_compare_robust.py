"""A choice of first decisions is certified by plans and bounds of every scenario in which they were held."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.application.case_results import failed_case
from planner.application.compare_robust import Candidate, HeldRunner, RobustChoice, robust_choice, screened
from planner.application.run_grid import GridRun
from planner.console.what_if_robust import robust_lines, robust_table
from planner.domain.grid import Case
from planner.domain.robustness import Risk
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult, HeldPlan
from tests.what_if_results import ResultsInMemory

Held = dict[tuple[str, str], CaseResult]


def row(key: str, value: float | None, bound: float | None, **fields: object) -> CaseResult:
    """Return a result of the case of this key."""
    outcome = "planned" if value is not None else "no_plan_yet"
    content = {"outcome": outcome, "stopped_by": "gap", "seconds": 1.0, "plan_hash": f"plan {key}", **fields}
    return CaseResult(key=key, name=f"case {key}", levels={}, value=value, bound_checked=bound, **content)  # type: ignore[arg-type]


def candidate(key: str) -> Candidate:
    """Return the first decisions of a case's plan."""
    return Candidate(key, f"case {key}", f"plan {key}", f"plans/{key}")


def chosen(free: Sequence[CaseResult], held: Held, *, risk: Risk = Risk.WORST, alpha: float = 0.5) -> RobustChoice:
    """Return the choice between the decisions of all that appear in ``held``."""
    names = dict.fromkeys(name for name, _ in held)
    return robust_choice([candidate(n.removeprefix("plan ")) for n in names], free, held, risk=risk, alpha=alpha)


shares = st.floats(0, 1)


@given(
    free=st.lists(st.tuples(st.floats(100, 200), shares, shares), min_size=1, max_size=4),
    lost=st.lists(
        st.lists(st.tuples(st.floats(0, 50), shares, shares), min_size=4, max_size=4), min_size=1, max_size=3
    ),
    alpha=st.floats(0, 0.9),
)
def test_true_worths_and_regrets_lie_in_what_is_certified(
    free: list[tuple[float, float, float]], lost: list[list[tuple[float, float, float]]], alpha: float
) -> None:
    """Whatever the best plans are worth, and however far values and bounds are from them, the intervals hold."""
    best = [worth for worth, _, _ in free]
    rows = [row(str(s), worth - 9 * low, worth + 9 * high) for s, (worth, low, high) in enumerate(free)]
    true = [[best[s] - losses[s][0] for s in range(len(free))] for losses in lost]
    held = {
        (f"plan c{c}", str(s)): row(str(s), true[c][s] - 9 * losses[s][1], true[c][s] + 9 * losses[s][2])
        for c, losses in enumerate(lost)
        for s in range(len(free))
    }
    found = chosen(rows, held, alpha=alpha)
    assert found.scenarios == len(free)
    for worths, each in zip(true, found.rows, strict=True):
        assert each.worst.low <= min(worths) <= each.worst.high
        regret = max(b - w for b, w in zip(best, worths, strict=True))
        assert each.regret.low - 1e-9 <= regret <= each.regret.high + 1e-9
    if found.choice.proven:
        assert min(true[found.choice.best]) >= max(min(worths) for worths in true) - 1e-3


def test_the_best_is_proven_only_where_no_other_may_be_better() -> None:
    """A rival whose bound is above leaves it undecided, and the words say against whom."""
    free = [row("a", 100, 101), row("b", 90, 91)]
    held = {
        ("plan a", "a"): row("a", 99, 100),
        ("plan a", "b"): row("b", 60, 62),
        ("plan b", "a"): row("a", 95, 97),
        ("plan b", "b"): row("b", 88, 90),
    }
    proven = chosen(free, held)
    assert (proven.best.candidate.key, proven.choice.proven) == ("b", True)
    lines = list(robust_lines(proven, 1, left=0, left_out=0))
    assert "first decisions of case b are proven best by worst case" in lines[-1]
    assert robust_table(proven)["chosen"].to_list() == [False, True]
    open_ = chosen(free, {**held, ("plan a", "b"): row("b", 60, 90.5)})
    assert not open_.choice.proven
    assert "undecided at this gap against case a" in list(robust_lines(open_, 1, left=0, left_out=0))[-1]


def test_a_plan_with_decisions_held_counts_for_the_scenario_and_its_bound_for_what_is_held() -> None:
    """A better plan found with something held raises the regret of others, and no held worth exceeds the free bound."""
    free = [row("a", 50, 100)]
    held = {("plan x", "a"): row("a", 95, 120), ("plan y", "a"): row("a", 60, 70)}
    x, y = chosen(free, held).rows
    assert x.worst.high == pytest.approx(100, rel=1e-5)
    assert y.regret.low == pytest.approx(25, rel=1e-4)


def test_decisions_that_cannot_be_carried_out_somewhere_are_told_and_not_chosen() -> None:
    """Impossible in one scenario is worth −∞ in the worst case; the reason is told."""
    free = [row("a", 100, 101), row("b", 90, 91)]
    impossible = row("b", None, None, outcome="infeasible", detail="the plan makes 5 of x at P, which is too much")
    held = {
        ("plan a", "a"): row("a", 100, 101),
        ("plan a", "b"): impossible,
        ("plan b", "a"): row("a", 70, 71),
        ("plan b", "b"): row("b", 90, 91),
    }
    found = chosen(free, held)
    assert found.best.candidate.key == "b"
    assert found.choice.proven
    lines = list(robust_lines(found, 2, left=0, left_out=0))
    assert any("impossible" in line and line.startswith("case a") for line in lines)
    assert any("case a cannot be carried out in case b: the plan makes 5" in line for line in lines)
    assert any("the first 2 periods" in line for line in lines)


def test_pairs_without_a_result_leave_everything_open() -> None:
    """What is not planned yet may be worth anything, so nothing is proven by its lack."""
    free = [row("a", 100, 101), row("b", 90, 91)]
    held = {("plan a", "a"): row("a", 100, 101), ("plan b", "b"): row("b", None, None)}
    found = chosen(free, held)
    assert found.best.worst.low == -math.inf
    assert not found.choice.proven
    lines = list(robust_lines(found, 1, left=2, left_out=1, not_kept=3))
    assert "none is the best" in lines[-1]
    assert any("2 pairs are not planned yet" in line for line in lines)
    assert any("1 cases of the grid have no plan" in line for line in lines)
    assert any("--keep-plans" in line for line in lines)
    assert any("nothing was found in" in line for line in lines)


def test_the_own_plan_of_a_scenario_counts_for_its_own_decisions() -> None:
    """Even where planning with them held found less, or claims that it cannot be."""
    free = [row("a", 100, 101)]
    assert chosen(free, {("plan a", "a"): row("a", 80, 101)}).rows[0].worst.low == pytest.approx(100, rel=1e-5)
    impossible = row("a", None, None, outcome="infeasible")
    assert chosen(free, {("plan a", "a"): impossible}).rows[0].worst.low == pytest.approx(100, rel=1e-5)


@given(count=st.integers(1, 30), most=st.integers(1, 12))
def test_candidates_are_the_base_and_others_from_all_over_the_values(count: int, most: int) -> None:
    """No more than asked, none twice, the base first, and both ends where there is room."""
    results = [row(str(i), float(i), 100.0) for i in range(count)]
    found = screened(results, "0", most)
    assert len(found) == len({each.key for each in found}) == min(count, most)
    assert found[0].key == "0"
    if most >= 3 and count >= 3:
        assert {"1", str(count - 1)} <= {each.key for each in found}


def test_no_candidate_is_refused() -> None:
    """There is nothing to choose from then."""
    with pytest.raises(ValueError, match="at least 1 candidate"):
        screened([row("0", 1.0, 2.0)], "0", 0)


class Runner:
    """Answers every order as one that failed, and notes what it was asked."""

    lanes = 2

    def __init__(self) -> None:
        self.asked: list[CaseOrder] = []
        self.closed = False

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Answer."""
        for order in orders:
            self.asked.append(order)
            await asyncio.sleep(0)
            yield failed_case(order.case, "none", seconds=1.0)

    async def close(self) -> None:
        """Be closed."""
        self.closed = True


def test_one_case_held_to_several_plans_is_planned_once_for_each() -> None:
    """Results are kept by what was asked, so a second run over the same pairs asks nothing."""
    base, parameters = Case((), ()), PlanningParameters()
    plans = [HeldPlan(folder="f", plan_hash=f"h{n}", periods=periods) for n in range(3) for periods in (1, 2)]
    orders = [CaseOrder(case=base, parameters=parameters, held=held) for held in plans]
    orders.append(CaseOrder(case=base, parameters=parameters))
    runner, store = Runner(), ResultsInMemory()
    for _ in range(2):
        end = asyncio.run(GridRun(HeldRunner(runner), store, clock=lambda: 0.0).ask(orders))
        assert (end.done, end.left) == (7, 0)
    assert len(runner.asked) == 7
    assert set(store.kept) == {order.key for order in orders}
    assert orders[-1].key == base.key
    asyncio.run(HeldRunner(runner).close())
    assert runner.closed


def test_no_period_cannot_be_held() -> None:
    """Holding nothing is another question."""
    with pytest.raises(ValueError, match="at least 1 period"):
        HeldPlan(folder="f", plan_hash="h", periods=0)
