"""The block solver against exact answers: values, bounds, the same answer again, and every engine by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.coordination.block_problem import MASTER, BlockProblem, from_program
from solvers.coordination.block_result import BlockLimits, BlockResult, Stop
from solvers.coordination.components import split_components
from solvers.coordination.solve import ALL, Engines, solve_blocks
from solvers.coordination.verify import check_point, lagrangian_bound, relaxation_bound, tree_bound
from solvers.core.termination import Limits, Termination
from tests.solvers.small_block_problems import assignment, random_problem
from tests.solvers.small_programs import program

HIGHS = backend("highs")
EXACT = BlockLimits(gap=0.0, absolute_gap=1e-6, passes=4)
PRICES_ONLY = Engines(whole=False, neighbourhoods=False)


def optimum(problem: BlockProblem) -> float:
    """The value of the whole in one exact solve, −inf where there is none."""
    found = HIGHS.load(problem.whole()).solve(limits=Limits(gap=0.0, absolute_gap=1e-9))
    assert found.termination in {Termination.OPTIMAL, Termination.INFEASIBLE}
    return -np.inf if found.objective is None else found.objective


def holds(problem: BlockProblem, result: BlockResult, best: float) -> None:
    """Assert that value, point and both bounds agree with the data and the optimum."""
    assert result.bound >= best - 1e-5
    assert result.price_bound >= best - 1e-5
    assert result.value <= best + 1e-5
    if result.x is not None:
        point = check_point(problem, result.x)
        assert point.violation <= 1e-6
        assert point.value == pytest.approx(result.value, abs=1e-9)
    if result.block_bounds:
        again = lagrangian_bound(split_components(problem), result.prices, result.block_bounds)
        assert again == pytest.approx(result.price_bound, abs=1e-9)
    if result.leaves:
        again = tree_bound(split_components(problem), result.leaves)
        assert again == pytest.approx(result.tree_bound, abs=1e-9)
        assert again >= best - 1e-5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2))
def test_random_problems_are_solved_to_their_optimum(seed: int, blocks: int, links: int, masters: int) -> None:
    """Links of all kinds, mixed columns, with and without master columns: value and bound meet at the optimum."""
    problem = random_problem(seed, blocks=blocks, links=links, masters=masters)
    best = optimum(problem)
    result = solve_blocks(problem, backend=HIGHS, limits=EXACT)
    holds(problem, result, best)
    assert result.stop is Stop.GAP
    assert result.value == pytest.approx(best, abs=1e-5)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_prices_alone_never_claim_too_much(seed: int) -> None:
    """Without the whole and without neighbourhoods the bound still bounds and the plan still holds."""
    problem = random_problem(seed, blocks=10, columns=2, links=3, masters=2)
    result = solve_blocks(problem, backend=HIGHS, limits=EXACT, engines=PRICES_ONLY)
    holds(problem, result, optimum(problem))
    assert result.rounds > 0 or result.stop is Stop.GAP


@pytest.mark.parametrize("seed", range(6))
def test_assignments_are_proved_by_prices_and_core(seed: int) -> None:
    """Knapsack blocks: every optimum is found and proved, and the bound lies on the grid of the values."""
    problem = assignment(seed)
    best = optimum(problem)
    result = solve_blocks(problem, backend=HIGHS, limits=EXACT)
    holds(problem, result, best)
    if np.isfinite(best):
        assert (result.value, result.bound) == (pytest.approx(best), pytest.approx(best))
    else:
        assert result.stop is Stop.INFEASIBLE


@pytest.mark.parametrize("engines", [ALL, PRICES_ONLY, Engines(prices=False)])
def test_the_same_problem_gets_the_same_answer(engines: Engines) -> None:
    """Two solves of one problem agree in every bit of point, bound, prices and history."""
    problem = random_problem(11, blocks=9, columns=2, links=2)
    one, two = (solve_blocks(problem, backend=HIGHS, limits=EXACT, engines=engines, seed=5) for _ in range(2))
    assert one.x is not None
    assert two.x is not None
    assert one.x.tobytes() == two.x.tobytes()
    assert one.prices.tobytes() == two.prices.tobytes()
    assert (one.bound, one.history, one.work) == (two.bound, two.history, two.work)
    assert one.reproducible


def test_history_never_gets_worse_and_progress_tells_it() -> None:
    """Values rise, bounds fall, and whoever listens hears every moment that the history holds."""
    heard = []
    problem = assignment(3, agents=4, jobs=16)
    result = solve_blocks(problem, backend=HIGHS, limits=EXACT, progress=heard.append)
    assert tuple(heard) == result.history
    values, bounds = [m.value for m in heard], [m.bound for m in heard]
    assert values == sorted(values)
    assert bounds == sorted(bounds, reverse=True)


def test_without_a_common_point_infeasible_is_said() -> None:
    """A link that no blocks can meet leaves no solution and a bound of −inf."""
    problem = random_problem(1, blocks=9)
    impossible = BlockProblem(
        problem.blocks,
        problem.master,
        np.append(problem.link_lower[:-1], 1e4),
        np.append(problem.link_upper[:-1], np.inf),
        problem.place,
    )
    result = solve_blocks(impossible, backend=HIGHS, limits=EXACT)
    assert (result.stop, result.x, result.bound) == (Stop.INFEASIBLE, None, -np.inf)


def test_a_gap_that_is_close_enough_ends_the_search() -> None:
    """With a gap of half the value the search ends earlier than with none, and keeps what it promised."""
    problem = assignment(2, agents=4, jobs=20)
    loose = solve_blocks(problem, backend=HIGHS, limits=BlockLimits(gap=0.5))
    tight = solve_blocks(problem, backend=HIGHS, limits=EXACT)
    assert loose.stop is Stop.GAP
    assert loose.gap <= 0.5
    assert loose.work < tight.work


@pytest.mark.parametrize("wrong", [{"gap": -1.0}, {"rounds": -1}, {"seconds": 0.0}])
def test_limits_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    """Negative gaps and counts, and no time at all, are told apart from a limit."""
    with pytest.raises(ValueError, match=r"give|not negative"):
        BlockLimits(**wrong)  # type: ignore[arg-type]  # mypy cannot tell the fields of a mapping apart


@pytest.mark.parametrize("engines", [ALL, PRICES_ONLY])
def test_a_problem_without_an_end_is_called_unbounded(engines: Engines) -> None:
    """Two columns that may grow together leave no bound, and nobody looks for one for ever."""
    given = program([1.0, 2.0], [[1, -1]], [(-np.inf, 3)], bounds=[(0, np.inf)] * 2, integer=[True, True])
    problem = from_program(given, np.array([MASTER], np.int32), np.array([0, 1], np.int32))
    result = solve_blocks(problem, backend=HIGHS, engines=engines)
    assert (result.stop, result.bound) == (Stop.UNBOUNDED, np.inf)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_any_multipliers_bound_the_relaxation_or_nothing(seed: int) -> None:
    """Multipliers of any sign give a bound on the optimum; where a column has no end they may give none."""
    problem = random_problem(seed, blocks=2)
    whole, rng = problem.whole(), np.random.default_rng(seed)
    y = rng.normal(0, 2, whole.rows.rows)
    assert relaxation_bound(whole, y) >= optimum(problem) - 1e-6
    endless = replace(whole, upper=np.full(whole.columns, np.inf), objective=np.ones(whole.columns))
    assert relaxation_bound(endless, np.zeros(whole.rows.rows)) == np.inf
