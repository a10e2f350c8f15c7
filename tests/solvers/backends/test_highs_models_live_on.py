"""A HiGHS model that lives on: changed again and again it gives what a fresh one gives; it is stopped on request."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.highs import HighsBackend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Ints, Program, SparseRows
from solvers.core.termination import Limits, Termination
from tests.solvers.small_programs import INF, program, random_program

EXACT = Limits(gap=1e-9, absolute_gap=1e-9)


def hard(items: int = 80, rows: int = 10) -> Program:
    """A multidimensional knapsack that is not closed within seconds."""
    rng = np.random.default_rng(7)
    weight = rng.integers(10, 100, (rows, items)).astype(float)
    return program(
        (weight.mean(axis=0) + rng.integers(0, 10, items)).tolist(),
        weight.tolist(),
        [(-INF, float(b)) for b in weight.sum(axis=1) // 2],
        bounds=[(0.0, 1.0)] * items,
        integer=[True] * items,
    )


def some(draw: random.Random, count: int) -> Ints:
    """Some positions, each once."""
    return np.array(sorted(draw.sample(range(count), draw.randint(1, count))), dtype=np.int32)


def changed(draw: random.Random, given_program: Program) -> tuple[str, Program, tuple[Ints, ...]]:
    """Change objective, column bounds or row bounds of a program at some places."""
    what = draw.choice(("objective", "columns", "rows"))
    if what == "objective":
        where = some(draw, given_program.columns)
        objective = given_program.objective.copy()
        objective[where] = [float(draw.randint(-5, 5)) for _ in where]
        return what, replace(given_program, objective=objective), (where,)
    if what == "columns":
        where = some(draw, given_program.columns)
        lower, upper = given_program.lower.copy(), given_program.upper.copy()
        lower[where] = [float(draw.randint(-2, 1)) for _ in where]
        upper[where] = lower[where] + draw.randint(0, 3)
        return what, replace(given_program, lower=lower, upper=upper), (where,)
    where = some(draw, given_program.rows.rows)
    low, high = given_program.row_lower.copy(), given_program.row_upper.copy()
    low[where], high[where] = -INF, [float(draw.randint(-1, 6)) for _ in where]
    return what, replace(given_program, row_lower=low, row_upper=high), (where,)


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.booleans())
def test_a_changed_model_solves_as_a_fresh_one(seed: int, integer: bool) -> None:  # noqa: FBT001 - drawn
    """After any changes a living model ends as a cold one of the changed program does, linear and in whole numbers."""
    draw = random.Random(seed)
    now = random_program(draw)
    now = replace(now, integer=np.full(now.columns, integer))
    model = HighsBackend().load(now)
    for _ in range(5):
        what, now, (where,) = changed(draw, now)
        if what == "objective":
            model.set_objective(where, now.objective[where])
        elif what == "columns":
            model.set_column_bounds(where, now.lower[where], now.upper[where])
        else:
            model.set_row_bounds(where, now.row_lower[where], now.row_upper[where])
        for relaxed in (True, False):
            warm = model.solve(limits=EXACT, relaxed=relaxed)
            cold = HighsBackend().load(now).solve(limits=EXACT, relaxed=relaxed)
            assert warm.termination is cold.termination
            assert warm.objective == (None if cold.objective is None else pytest.approx(cold.objective, abs=1e-6))
            assert warm.bound == pytest.approx(cold.bound, abs=1e-6)


def test_a_whole_number_solve_does_not_depend_on_what_was_solved_before() -> None:
    """Two solves of one program give the same bytes, whatever other objective was solved in between."""
    knapsack = hard(items=25, rows=4)
    model = HighsBackend().load(knapsack)
    first = model.solve(limits=Limits(nodes=50))
    columns = np.arange(knapsack.columns, dtype=np.int32)
    model.set_objective(columns, knapsack.objective[::-1].copy())
    model.solve(limits=Limits(nodes=20))
    model.set_objective(columns, knapsack.objective)
    again = model.solve(limits=Limits(nodes=50))
    assert first.x is not None
    assert again.x is not None
    assert first.x.tobytes() == again.x.tobytes()
    assert first.bound == again.bound


def test_interrupted_from_another_thread_incumbent_and_bound_stay_true() -> None:
    """An interrupted solve says so, keeps a feasible point, bounds it from above, and the model solves on."""
    knapsack = hard()
    model = HighsBackend().load(knapsack)
    stop = threading.Timer(0.7, model.interrupt)
    stop.start()
    stopped = model.solve(limits=Limits(seconds=60.0, gap=0.0, absolute_gap=0.0))
    stop.join()
    assert stopped.termination is Termination.INTERRUPTED
    if stopped.x is not None:
        assert stopped.objective is not None
        assert stopped.bound >= stopped.objective - 1e-6
        assert (knapsack.rows.times(stopped.x) <= knapsack.row_upper + 1e-6).all()
    after = model.solve(limits=Limits(nodes=1))
    assert after.termination is not Termination.INTERRUPTED


def test_an_interrupt_without_a_solve_is_forgotten() -> None:
    """Interrupting a model that does not solve leaves its next solve alone."""
    model = HighsBackend().load(program([1.0], [[1.0]], [(-INF, 4.0)]))
    model.interrupt()
    assert model.solve().termination is Termination.OPTIMAL


def test_every_solve_has_its_own_seconds() -> None:
    """A time limit counts from the start of its solve, not over the model's life."""
    knapsack = hard()
    model = HighsBackend().load(knapsack)
    for _ in range(3):
        stopped = model.solve(limits=Limits(seconds=0.3, gap=0.0, absolute_gap=0.0))
        assert stopped.termination is Termination.LIMIT
        assert np.isfinite(stopped.bound)
    assert model.solve(limits=Limits(seconds=30.0), relaxed=True).termination is Termination.OPTIMAL


def test_limits_of_one_solve_do_not_stay_for_the_next() -> None:
    """A solve after one with limits is free of them."""
    knapsack = hard(items=20, rows=3)
    model = HighsBackend().load(knapsack)
    model.solve(limits=Limits(nodes=1, gap=0.5))
    assert model.solve(limits=EXACT).termination is Termination.OPTIMAL
    few = model.solve(limits=Limits(iterations=1), relaxed=True)
    assert few.termination in {Termination.LIMIT, Termination.OPTIMAL}
    assert model.solve(relaxed=True).termination is Termination.OPTIMAL


def test_crossed_bounds_are_infeasible_and_heal() -> None:
    """Bounds that cross make the program infeasible without any solve, and uncrossed it solves again."""
    model = HighsBackend().load(program([1.0], [[1.0]], [(-INF, 4.0)]))
    one = np.zeros(1, dtype=np.int32)
    model.set_column_bounds(one, np.array([3.0]), np.array([2.0]))
    crossed = model.solve()
    assert crossed.termination is Termination.INFEASIBLE
    assert crossed.bound == -INF
    model.set_column_bounds(one, np.array([0.0]), np.array([2.0]))
    assert model.solve().objective == pytest.approx(2.0)


@pytest.mark.parametrize("options", [{"method": "simplex"}, {"method": "ipm"}, {"method": "ipm", "crossover": False}])
def test_every_linear_method_finds_the_value(options: dict[str, str | bool]) -> None:
    """Simplex and interior point, with a crossover to a basis or without, agree on the value of a relaxation."""
    given_program = hard(items=40, rows=6)
    expected = HighsBackend().load(given_program).solve(relaxed=True).objective
    found = HighsBackend(**options).load(given_program).solve(relaxed=True)
    assert found.termination is Termination.OPTIMAL
    assert found.objective == pytest.approx(expected, rel=1e-6)


def test_without_its_watchdog_a_limit_still_ends_a_solve() -> None:
    """Left alone, HiGHS keeps a time limit where it looks at its clock."""
    stopped = HighsBackend(watchdog=False).load(hard()).solve(limits=Limits(seconds=0.3, gap=0.0, absolute_gap=0.0))
    assert stopped.termination is Termination.LIMIT


def test_multipliers_of_a_similar_program_shorten_the_way_to_the_same_optimum() -> None:
    """A linear solve that begins near the multipliers of a program before a small change takes few iterations."""
    draw = np.random.default_rng(4)
    rows, columns = 60, 120
    matrix = SparseRows.from_triplets(
        np.repeat(np.arange(rows), columns),
        np.tile(np.arange(columns), rows),
        draw.uniform(0.1, 1.0, rows * columns) * (draw.random(rows * columns) < 0.2),
        rows,
        columns,
    )
    room = draw.uniform(5.0, 20.0, rows)
    before = Program(
        objective=draw.uniform(1.0, 2.0, columns),
        lower=np.zeros(columns),
        upper=np.full(columns, 3.0),
        integer=np.zeros(columns, dtype=bool),
        rows=matrix,
        row_lower=np.full(rows, -np.inf),
        row_upper=room,
    )
    known = HighsBackend().load(before).solve()
    changed = replace(before, row_upper=room * np.where(np.arange(rows) == 3, 0.8, 1.0))
    cold = HighsBackend().load(changed).solve()
    model = HighsBackend().load(changed)
    assert known.row_dual is not None
    model.begin_near(known.row_dual)
    near = model.solve()
    assert near.objective == pytest.approx(cold.objective, rel=1e-9)
    assert near.iterations < cold.iterations / 2
    lost = HighsBackend().load(changed)
    lost.begin_near(np.zeros(rows))
    assert lost.solve().objective == pytest.approx(cold.objective, rel=1e-9)
    for wrong in (np.full(rows, np.nan), np.zeros(rows - 1)):
        with pytest.raises(InvalidProgram, match="row_dual"):
            lost.begin_near(wrong)
