"""Runs over a grid plan what has no result yet, once, a few at a time, and give up what the budget does not cover."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.application.case_results import failed_case
from planner.application.estimate_grid import estimate_grid
from planner.application.run_grid import MOST_IN_CHUNK, GridEnd, GridProgress, GridRun
from planner.domain.grid import Factor, Grid
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.selection import Selection
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult


def orders(count: int) -> list[CaseOrder]:
    """Return orders for the base and ``count - 1`` other cases."""
    change = NumberChange(Selection("demand"), "quantity", scaled=True)
    factor = Factor("demand", change, tuple(float(n) for n in range(2, count + 2)))
    cases = Grid(scenario="s", factors=(factor,), crossed=("demand",)).cases()[:count]
    return [CaseOrder(case=case, parameters=PlanningParameters()) for case in cases]


class Store:
    """Results in memory."""

    def __init__(self) -> None:
        self.kept: list[CaseResult] = []

    def done(self) -> frozenset[str]:
        """Return the keys that are kept."""
        return frozenset(result.key for result in self.kept)

    def keep(self, result: CaseResult) -> None:
        """Keep one."""
        self.kept.append(result)


class Runner:
    """Answers after as many turns of the loop as it is told, and notes what was under way at once.

    ``hang_after`` results it never answers again; ``break_after`` results it raises.
    """

    def __init__(self, lanes: int, seconds: float = 1.0, *, hang_after: int = 10**9, break_after: int = 10**9) -> None:
        self.lanes, self._seconds = lanes, seconds
        self._hang_after, self._break_after = hang_after, break_after
        self.chunks: list[int] = []
        self.asked: list[str] = []
        self.under_way = self.most_under_way = 0

    async def run(self, chunk: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Answer a chunk."""
        self.chunks.append(len(chunk))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            for order in chunk:
                if len(self.asked) >= self._hang_after:
                    await asyncio.Event().wait()
                if len(self.asked) >= self._break_after:
                    raise OSError("broken")
                self.asked.append(order.case.key)
                await asyncio.sleep(0)
                yield failed_case(order.case, "none", seconds=self._seconds)
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        """Release nothing."""


def asked(runner: Runner, store: Store, wanted: list[CaseOrder], budget: float | None = None) -> GridEnd:
    """Run over the cases on a clock that stands still."""
    return asyncio.run(GridRun(runner, store, clock=lambda: 0.0, budget=budget).ask(wanted))


@given(count=st.integers(1, 40), lanes=st.integers(1, 5), known=st.integers(0, 40), seconds=st.floats(0, 2))
def test_every_case_without_a_result_is_planned_once(count: int, lanes: int, known: int, seconds: float) -> None:
    """However many lanes, results and seconds: nothing twice, nothing left, no more at once than lanes."""
    wanted, store, runner = orders(count), Store(), Runner(lanes, seconds)
    store.kept = [failed_case(order.case, "earlier", seconds=1.0) for order in wanted[:known]]
    end = asked(runner, store, wanted)
    assert runner.asked == [] if known >= count else sorted(runner.asked) == sorted(o.case.key for o in wanted[known:])
    assert len(store.kept) == len(store.done()) == count
    assert runner.most_under_way <= lanes
    assert end == GridEnd(done=count, left=0, out_of_budget=False)


def test_chunks_grow_where_cases_are_quick_and_stay_single_where_they_are_not() -> None:
    """The first chunks measure; then a chunk takes half a second, but never so much that lanes go idle."""
    quick, slow = Runner(2, 0.001), Runner(2, 1.0)
    asked(quick, Store(), orders(200))
    asked(slow, Store(), orders(20))
    assert quick.chunks[:2] == [1, 1]
    assert max(quick.chunks) == MOST_IN_CHUNK
    assert set(slow.chunks) == {1}


def test_what_is_under_way_at_the_end_of_the_budget_has_no_result_and_is_planned_by_the_next_run() -> None:
    """The run ends in time with what it has, and another one goes on from there."""
    wanted, store = orders(6), Store()
    end = asked(Runner(2, hang_after=3), store, wanted, budget=0.2)
    assert end == GridEnd(done=3, left=3, out_of_budget=True)
    rest = Runner(2)
    assert asked(rest, store, wanted) == GridEnd(done=6, left=0, out_of_budget=False)
    assert len(rest.asked) == 3


def test_a_budget_that_is_used_up_begins_nothing() -> None:
    """Without seconds left no case is handed out."""
    runner = Runner(2)
    run = GridRun(runner, Store(), clock=lambda: 5.0, budget=4.0)
    assert asyncio.run(run.ask(orders(3))) == GridEnd(done=0, left=3, out_of_budget=True)
    assert runner.chunks == []


def test_a_runner_that_breaks_ends_the_run_with_its_error_and_keeps_what_was_done() -> None:
    """An error of the runner is nobody's result: the run ends, and earlier results stay."""
    store = Store()
    with pytest.raises(OSError, match="broken"):
        asked(Runner(2, break_after=2), store, orders(6))
    assert len(store.kept) == 2


def test_progress_tells_results_rate_and_time_left() -> None:
    """Each result is told with how many there are, and the time left follows the rate of this run."""
    told: list[GridProgress] = []
    ticks = iter(range(100))
    run = GridRun(Runner(1), Store(), clock=lambda: float(next(ticks)), tell=told.append)
    asyncio.run(run.ask(orders(4)))
    assert [progress.done for progress in told] == [0, 1, 2, 3, 4]
    assert told[0].seconds_left is None
    assert told[2].seconds_left == pytest.approx(2 * told[2].seconds / 2)
    assert told[4].seconds_left == 0


def test_an_estimate_is_a_limit_and_where_measured_an_expectation() -> None:
    """Cases share lanes, none takes longer than its limit, and without lanes or time there is no answer."""
    assert estimate_grid(10, lanes=2, seconds=60.0).most == 300.0
    assert estimate_grid(10, lanes=2, seconds=60.0).expected is None
    assert estimate_grid(10, lanes=2, seconds=60.0, measured=[1.0, 3.0]).expected == 10.0
    with pytest.raises(ValueError, match="at least one lane"):
        estimate_grid(10, lanes=0, seconds=60.0)
