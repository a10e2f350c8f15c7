"""Deciding spends its seconds on the pairs that matter, loosens nothing known, and asks nothing in vain twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from planner.application.decide_grid import Deciding, DecisionEnd, DecisionProgress, Step, combined, reference_key
from planner.domain.grid import Case, Factor, Grid
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.selection import Selection
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult
from tests.what_if_results import ResultsInMemory

SECONDS = 16.0
Truth = dict[str, float]


def cases(count: int) -> tuple[Case, ...]:
    """Return the base and ``count - 1`` other cases."""
    change = NumberChange(Selection("demand"), "quantity", scaled=True)
    factor = Factor("demand", change, tuple(float(n) for n in range(2, count + 2)))
    return Grid(scenario="s", factors=(factor,), crossed=("demand",)).cases()[:count]


def row(case: Case, value: float | None, bound: float | None, **fields: object) -> CaseResult:
    """Return the result of a case."""
    outcome = "failed" if value is None else "planned"
    content = {"outcome": outcome, "stopped_by": "gap", "seconds": 1.0, "plan_hash": f"{value}", **fields}
    return CaseResult(key=case.key, name=case.name, levels={}, value=value, bound_checked=bound, **content)  # type: ignore[arg-type]


class Solver:
    """Knows what the best plan of every case is worth, and gets as close as asked, but never closer than ``best_gap``.

    Half of what is left at the asked gap is value not found, half is bound not proven. ``lost`` cases always fail.
    """

    def __init__(self, truth: Truth, *, lanes: int = 1, best_gap: float = 0.0, lost: Sequence[str] = ()) -> None:
        self.lanes, self._truth, self._best_gap, self._lost = lanes, truth, best_gap, lost
        self.asked: list[CaseOrder] = []

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Plan one."""
        (order,) = orders
        self.asked.append(order)
        await asyncio.sleep(0)
        case, gap = order.case, max(order.parameters.gap, self._best_gap)
        if case.key in self._lost:
            yield row(case, None, None, stopped_by="error", detail="WORKER_LOST: gone")
            return
        value = self._truth[case.key] / (1 + gap / 2)
        stopped = "gap" if gap == order.parameters.gap else "time"
        yield row(case, value, value * (1 + gap), stopped_by=stopped)

    async def close(self) -> None:
        """Release nothing."""


def ordered(step: Step, result: CaseResult) -> CaseOrder:
    """Return the order of a step."""
    case = next(each for each in cases(20) if each.key == result.key)
    return CaseOrder(case=case, parameters=PlanningParameters(gap=step.gap, time_limit=step.seconds))


def decided(
    solver: Solver, results: Sequence[CaseResult], *, budget: float | None = None, clock: float = 0.0
) -> tuple[DecisionEnd, dict[str, CaseResult], list[DecisionProgress]]:
    """Decide on a clock that stands still; return the end, all results after it, and what was told."""
    store, told = ResultsInMemory(), list[DecisionProgress]()
    deciding = Deciding(solver, store, ordered, clock=lambda: clock, seconds=SECONDS, budget=budget, tell=told.append)
    end = asyncio.run(deciding.decide(results, results[0].key))
    return end, {**{each.key: each for each in results}, **store.kept}, told


def coarse(truth: Truth, gap: float = 0.2) -> list[CaseResult]:
    """Return results of all cases at a gap around the truth."""
    by_key = {case.key: case for case in cases(20)}
    return [row(by_key[key], best / (1 + gap / 2), best / (1 + gap / 2) * (1 + gap)) for key, best in truth.items()]


def truth_of(*values: float) -> Truth:
    """Return what the best plans are worth, by key."""
    return {case.key: value for case, value in zip(cases(len(values)), values, strict=True)}


@given(
    values=st.lists(st.integers(100, 200), min_size=2, max_size=7, unique=True),
    lanes=st.integers(1, 3),
)
def test_all_pairs_are_decided_where_the_gaps_can_be_reached(values: list[int], lanes: int) -> None:
    """Whatever the cases are worth, nothing is left, the truth stays between value and bound, no step comes twice."""
    truth = truth_of(*map(float, values))
    solver = Solver(truth, lanes=lanes)
    end, now, _ = decided(solver, coarse(truth))
    assert (end.after.total, end.in_vain, end.too_close, end.no_plan) == (0, 0, 0, 0)
    for key, best in truth.items():
        value, bound = now[key].value, now[key].bound_checked
        assert value is not None
        assert bound is not None
        assert value <= best * (1 + 1e-9)
        assert bound >= best * (1 - 1e-9)
    asked = [(order.case.key, order.parameters.gap) for order in solver.asked]
    assert len(set(asked)) == len(asked)


def test_the_pairs_with_the_base_come_first_then_the_candidates_for_the_best() -> None:
    """While a pair with the base is open, each step is for one; the far pair of losers is decided last."""
    truth = truth_of(150.0, 160.0, 200.0, 195.0, 120.0, 119.0)
    _, _, told = decided(Solver(truth), coarse(truth))
    by_reference = [progress.undecided.reference for progress in told]
    first = by_reference.index(0)
    by_leaders = [progress.undecided.leaders for progress in told]
    others = [progress.undecided.others for progress in told]
    assert min(by_reference[:first]) > 0
    assert others[-1] == 0
    assert by_leaders.index(0) < others.index(0)


def test_a_step_in_vain_is_asked_again_for_twice_as_long_and_no_longer_than_a_step_may_take() -> None:
    """What the seconds do not reach ends, and says so, instead of using up the budget."""
    truth = truth_of(100.0, 100.5)
    solver = Solver(truth, best_gap=0.1)
    end, _, told = decided(solver, coarse(truth))
    assert end.in_vain == end.after.total == 1
    for key in truth:
        allowed = [order.parameters.time_limit for order in solver.asked if order.case.key == key]
        assert allowed == sorted(set(allowed), key=lambda seconds: seconds or 0.0)
        assert max(limit or 0.0 for limit in allowed) <= SECONDS
    assert not any(progress.reached for progress in told)


def test_a_bound_that_does_not_follow_what_solvers_claim_is_not_asked_for_ever() -> None:
    """Where planning ends by its gap and the recomputed bound stays where it was, no smaller gap is tried."""
    truth = truth_of(100.0, 100.5)

    class Stubborn(Solver):
        async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
            async for result in super().run(orders):
                yield replace(result, stopped_by="gap")

    solver = Stubborn(truth, best_gap=0.2)
    end, _, _ = decided(solver, coarse(truth))
    assert end.in_vain == 1
    assert len(solver.asked) == 2


def test_cases_without_a_plan_and_cases_worth_the_same_are_told_apart_from_vain_steps() -> None:
    """Each pair that is left has its reason."""
    truth = truth_of(100.0, 100.0, 150.0)
    results = [*coarse(truth), row(cases(4)[3], None, None)]
    end, _, _ = decided(Solver(truth), results)
    assert (end.no_plan, end.too_close, end.in_vain) == (3, 1, 0)
    assert end.after.total == 4


def test_a_step_that_fails_loses_nothing_and_is_not_repeated() -> None:
    """The result stays what it was, with the seconds spent added."""
    truth = truth_of(100.0, 110.0)
    before = coarse(truth)
    solver = Solver(truth, lost=list(truth))
    end, now, told = decided(solver, before)
    assert end.after.total == 1
    assert len(solver.asked) == 2
    assert all(progress.detail == "WORKER_LOST: gone" for progress in told)
    for each in before:
        assert now[each.key] == replace(each, seconds=2.0, bound_hash=each.plan_hash)


def test_a_used_up_budget_asks_nothing_and_another_run_goes_on() -> None:
    """What is left is left for want of budget, and its steps are open for the next run."""
    truth = truth_of(100.0, 110.0)
    idle = Solver(truth)
    end, _, _ = decided(idle, coarse(truth), budget=1.0, clock=2.0)
    assert end.out_of_budget
    assert (end.steps, end.after.total, end.in_vain) == (0, 1, 0)
    assert idle.asked == []
    assert decided(Solver(truth), coarse(truth), budget=1.0)[0].after.total == 0


def test_a_runner_that_hangs_is_given_up_when_the_budget_ends() -> None:
    """Deciding comes back, with every result that was there."""
    truth = truth_of(100.0, 110.0)

    class Hanging(Solver):
        async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
            await asyncio.Event().wait()
            async for result in super().run(orders):
                yield result

    end, now, _ = decided(Hanging(truth), coarse(truth), budget=0.05)
    assert end.out_of_budget
    assert sorted(now) == sorted(truth)


@given(
    earlier=st.tuples(st.floats(0, 10), st.floats(10, 20)),
    further=st.tuples(st.floats(0, 10), st.floats(10, 20)),
)
def test_two_runs_of_a_case_prove_the_better_value_and_the_tighter_bound(
    earlier: tuple[float, float], further: tuple[float, float]
) -> None:
    """Value and bound name the plans they came with, and seconds add up."""
    case = cases(1)[0]
    first, second = row(case, *earlier, plan_hash="first"), row(case, *further, plan_hash="second")
    both = combined(first, second)
    assert both.value == max(earlier[0], further[0])
    assert both.bound_checked == min(earlier[1], further[1])
    assert both.plan_hash == ("second" if further[0] > earlier[0] else "first")
    assert both.bound_hash == ("second" if further[1] < earlier[1] else "first")
    assert both.seconds == 2.0
    assert combined(both, first) == replace(both, seconds=3.0)


def test_a_case_that_turns_out_infeasible_is_known_to_be() -> None:
    """Only where no plan was known: a plan is the better proof."""
    case = cases(1)[0]
    infeasible = row(case, None, None, outcome="infeasible")
    assert combined(row(case, None, None), infeasible).outcome == "infeasible"
    assert combined(row(case, 1.0, 2.0), infeasible).outcome == "planned"


def test_the_reference_is_the_base_or_else_the_best() -> None:
    """Without a result of the base, others are compared with the best found."""
    truth = truth_of(100.0, 120.0, 110.0)
    results = coarse(truth)
    assert reference_key(results, results[0].key) == results[0].key
    assert reference_key(results[1:], results[0].key) == results[1].key
