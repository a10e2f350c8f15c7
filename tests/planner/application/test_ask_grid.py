"""The base is planned first, and every other case once the case is planned whose plan it goes on from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace

from planner.application.ask_grid import ask_grid
from planner.application.case_results import failed_case
from planner.application.run_grid import BASE_TIMES, GridEnd, GridProgress, GridRun
from planner.domain.case_tree import base_parents
from planner.domain.grid import BASE_CASE, Case, Factor, Grid
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.seed import PlanningSeed
from planner.domain.patches.selection import Selection
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult

CHANGE = NumberChange(Selection("demand"), "quantity", scaled=True)
CASES = Grid(scenario="s", factors=(Factor("demand", CHANGE, (2.0, 3.0, 4.0, 5.0)),), crossed=("demand",)).cases()
BASE, TWO, THREE, FOUR, FIVE = (case.key for case in CASES)
PARENTS = {TWO: BASE, THREE: TWO, FOUR: THREE, FIVE: THREE}
PARAMETERS = PlanningParameters(gap=0.02, time_limit=10.0, seed=3)


class World:
    """Runner, store and plans in one; of cases ``without_plan`` none is found, and at ``hang_at`` nobody answers."""

    def __init__(self, *, without_plan: Collection[str] = (), hang_at: str = "", lanes: int = 2) -> None:
        self.results: dict[str, CaseResult] = {}
        self.asked: dict[str, CaseOrder] = {}
        self.lanes = lanes
        self._without_plan, self._hang_at = without_plan, hang_at

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Answer a chunk, each case after a turn of the loop."""
        for order in orders:
            self.asked[order.key] = order
            await asyncio.sleep(0)
            if order.key == self._hang_at:
                await asyncio.Event().wait()
            yield failed_case(order.case, "none", seconds=1.0)

    async def close(self) -> None:
        """Release nothing."""

    def done(self) -> frozenset[str]:
        """Return the keys that are kept."""
        return frozenset(self.results)

    def keep(self, result: CaseResult) -> None:
        """Keep one."""
        self.results[result.key] = result

    def place(self, key: str) -> str:
        """Return a folder named by the key."""
        return f"plans/{key}"

    def found(self, key: str) -> str:
        """Return the folder; whoever asks before there is a result asks too early."""
        assert key in self.results
        return "" if key in self._without_plan else self.place(key)

    @property
    def starts(self) -> Mapping[str, str]:
        """From whose plan each case went on; empty: from nothing."""
        return {key: order.parameters.base_plan.removeprefix("plans/") for key, order in self.asked.items()}


def asked(
    world: World,
    parents: Mapping[str, str] = PARENTS,
    *,
    cases: Sequence[Case] = CASES,
    budget: float | None = None,
    told: list[GridProgress] | None = None,
) -> GridEnd:
    """Ask a grid on a clock that stands still."""
    tell = (lambda _: None) if told is None else told.append
    run = GridRun(world, world, clock=lambda: 0.0, budget=budget, tell=tell)
    return asyncio.run(ask_grid(run, cases, parents=parents, plans=world, parameters=PARAMETERS))


def test_every_case_goes_on_from_the_plan_of_its_parent() -> None:
    """The base goes on from nothing, and each case is asked once, after its parent, however many lanes there are."""
    for lanes in (1, 2, 5):
        world = World(lanes=lanes)
        assert asked(world) == GridEnd(done=5, left=0, out_of_budget=False)
        assert world.starts == {BASE: "", **PARENTS}
        assert set(world.results) == set(world.asked)


def test_with_the_base_as_the_only_parent_all_cases_go_on_from_it() -> None:
    """Then there is one generation; where the base has no plan, it goes on from nothing."""
    world = World()
    asked(world, base_parents(CASES))
    assert world.starts == {BASE: "", TWO: BASE, THREE: BASE, FOUR: BASE, FIVE: BASE}
    without = World(without_plan=(BASE,))
    asked(without, base_parents(CASES))
    assert set(without.starts.values()) == {""}


def test_the_base_may_take_longer_and_every_case_has_its_own_seed_and_place() -> None:
    """The base is planned from nothing, a factor may set the seed, and all else is as it was asked for."""
    factors = (Factor("seed", PlanningSeed(), (7.0,)), Factor("demand", CHANGE, (2.0,)))
    cases = Grid(scenario="s", factors=factors, listed=({"seed": 7.0}, {"demand": 2.0})).cases()
    world = World()
    asked(world, base_parents(cases), cases=cases)
    base, seven, two = (world.asked[case.key] for case in cases)
    assert base.parameters == replace(PARAMETERS, time_limit=BASE_TIMES * 10.0)
    assert seven.parameters == replace(PARAMETERS, base_plan=f"plans/{BASE}", seed=7)
    assert two.parameters == replace(PARAMETERS, base_plan=f"plans/{BASE}")
    assert [order.plan_folder for order in (base, seven, two)] == [f"plans/{case.key}" for case in cases]


def test_the_base_alone_is_planned_to_a_gap_of_its_own() -> None:
    """A base nearer to its best plan leaves room for all that go on from it, which are planned as they were asked."""
    world = World()
    run = GridRun(world, world, clock=lambda: 0.0)
    order = ask_grid(run, CASES, parents=base_parents(CASES), plans=world, parameters=PARAMETERS, base_gap=0.005)
    asyncio.run(order)
    assert {key: asked.parameters.gap for key, asked in world.asked.items()} == {
        BASE: 0.005,
        **dict.fromkeys((TWO, THREE, FOUR, FIVE), 0.02),
    }


def test_a_parent_without_a_plan_is_passed_over_for_its_own_parent() -> None:
    """Children of cases that failed or cannot be planned go on from further up, and in the end from nothing."""
    one = World(without_plan=(THREE,))
    asked(one)
    assert one.starts == {BASE: "", TWO: BASE, THREE: TWO, FOUR: TWO, FIVE: TWO}
    none = World(without_plan=(THREE, TWO, BASE))
    asked(none)
    assert set(none.starts.values()) == {""}


def test_a_run_that_is_broken_off_goes_on_with_the_same_starts() -> None:
    """All cases count as left that were not reached, and a second run asks them as the first one would have."""
    world = World(hang_at=THREE)
    # Seconds enough for two cases that take none, on a busy machine too; the third one waits for its end.
    assert asked(world, budget=2.0) == GridEnd(done=2, left=3, out_of_budget=True)
    assert FOUR not in world.asked
    rest = World()
    rest.results = world.results
    assert asked(rest) == GridEnd(done=5, left=0, out_of_budget=False)
    assert rest.starts == {key: PARENTS[key] for key in (THREE, FOUR, FIVE)}


def test_a_grid_that_has_grown_has_its_new_cases_asked_alone() -> None:
    """Others may have other parents by then: what they went on from is no question any more."""
    world = World()
    asked(world, {TWO: BASE, FIVE: TWO}, cases=[CASES[0], CASES[1], CASES[4]])
    first = dict(world.starts)
    asked(world)
    assert world.starts == {**first, THREE: TWO, FOUR: THREE}


def test_progress_counts_all_cases_from_the_first_one_on() -> None:
    """Whoever watches sees how many cases of the whole grid have a result, each number once, and how many came now."""
    world, told = World(), list[GridProgress]()
    world.keep(failed_case(CASES[1], "earlier", seconds=1.0))
    asked(world, told=told)
    assert {progress.total for progress in told} == {5}
    assert [progress.done for progress in told] == [1, 2, 3, 4, 5]
    assert [progress.here for progress in told] == [0, 1, 2, 3, 4]
    assert [progress.latest is None for progress in told] == [True, False, False, False, False]


def test_the_base_is_asked_even_where_nothing_else_is() -> None:
    """A grid of the base alone has one result."""
    assert asked(World(), {}, cases=[BASE_CASE]) == GridEnd(done=1, left=0, out_of_budget=False)
