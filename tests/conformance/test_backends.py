"""One suite that every backend passes, as far as the capabilities it declares."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import BACKEND_NAMES, backend
from solvers.core.backend import Backend
from solvers.core.errors import Unsupported
from solvers.core.program import Program, SparseRows
from solvers.core.termination import Limits, Termination

INF = np.inf
LOOSE = {"pdlp": 1e-4}


@pytest.fixture(params=[name for name in BACKEND_NAMES if backend(name).capabilities.continuous])
def solver(request: pytest.FixtureRequest) -> Backend:
    """Every backend in turn."""
    return backend(request.param)


def near(solver: Backend) -> float:
    """Tolerance of the backend's values."""
    return LOOSE.get(solver.name, 1e-7)


def program(
    objective: list[float],
    rows: list[list[float]],
    row_bounds: list[tuple[float, float]],
    *,
    bounds: list[tuple[float, float]] | None = None,
    integer: bool = False,
    offset: float = 0.0,
) -> Program:
    """Build a small program from dense rows."""
    n = len(objective)
    dense = np.array(rows, dtype=float).reshape(len(rows), n)
    i, j = np.nonzero(dense)
    low, high = zip(*(bounds or [(0.0, INF)] * n), strict=True)
    row_low, row_high = zip(*row_bounds, strict=True) if row_bounds else ((), ())
    return Program(
        objective=np.array(objective, dtype=float),
        lower=np.array(low, dtype=float),
        upper=np.array(high, dtype=float),
        integer=np.full(n, integer),
        rows=SparseRows.from_triplets(i, j, dense[i, j], len(rows), n),
        row_lower=np.array(row_low, dtype=float),
        row_upper=np.array(row_high, dtype=float),
        offset=offset,
    )


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


TWO_ROWS = program([2.0, 1.0], [[1.0, 1.0], [0.0, 1.0]], [(-INF, 4.0), (1.0, INF)], offset=0.5)
KNAPSACK = program([5.0, 4.0, 3.0], [[2.0, 3.0, 1.0]], [(-INF, 5.0)], bounds=[(0.0, 1.0)] * 3, integer=True)


def hard_knapsacks(items: int = 60, rows: int = 8) -> Program:
    """A multidimensional knapsack that no solver closes at the root."""
    rng = np.random.default_rng(1)
    weight = rng.integers(10, 100, (rows, items)).astype(float)
    return program(
        (weight.mean(axis=0) + rng.integers(0, 10, items)).tolist(),
        weight.tolist(),
        [(-INF, float(b)) for b in weight.sum(axis=1) // 2],
        bounds=[(0.0, 1.0)] * items,
        integer=True,
    )


def test_linear_optimum_with_offset(solver: Backend) -> None:
    """A linear program ends optimal with values, objective including the offset, and a bound equal to it."""
    answer = solver.load(TWO_ROWS).solve()
    assert answer.termination is Termination.OPTIMAL
    np.testing.assert_allclose(answer.x, [3.0, 1.0], atol=near(solver))
    assert answer.objective == pytest.approx(7.5, abs=near(solver))
    assert answer.bound == pytest.approx(7.5, abs=near(solver))


def test_duals_are_changes_of_the_value_per_unit_of_the_row_bound(solver: Backend) -> None:
    """A dual is ≥ 0 at an active upper row bound and ≤ 0 at an active lower one, as re-solving confirms."""
    assert solver.capabilities.duals
    model = solver.load(TWO_ROWS)
    base = model.solve()
    np.testing.assert_allclose(base.row_dual, [2.0, -1.0], atol=near(solver))
    for row, change in ((0, (-INF, 4.25)), (1, (1.25, INF))):
        moved = solver.load(TWO_ROWS)
        moved.set_row_bounds(ints(row), floats(change[0]), floats(change[1]))
        other = moved.solve()
        assert base.row_dual is not None
        assert base.objective is not None
        assert other.objective == pytest.approx(base.objective + 0.25 * base.row_dual[row], abs=near(solver))


def test_infeasible_and_unbounded_are_told_apart(solver: Backend) -> None:
    """A program without points is infeasible with bound -inf, one without limits is unbounded with bound +inf."""
    empty = solver.load(program([1.0], [[1.0], [1.0]], [(-INF, 1.0), (2.0, INF)])).solve()
    assert empty.termination is Termination.INFEASIBLE
    assert empty.x is None
    assert empty.bound == -INF
    endless = solver.load(program([1.0, 1.0], [[1.0, -1.0]], [(-INF, 1.0)])).solve()
    assert endless.termination is Termination.UNBOUNDED
    assert endless.bound == INF


def test_crossed_bounds_are_infeasible_and_can_be_mended(solver: Backend) -> None:
    """Bounds that cross after a change make the program infeasible; setting them right makes it solvable again."""
    model = solver.load(TWO_ROWS)
    model.set_column_bounds(ints(0), floats(2.0), floats(1.0))
    assert model.solve().termination is Termination.INFEASIBLE
    model.set_column_bounds(ints(0), floats(0.0), floats(2.0))
    assert model.solve().objective == pytest.approx(6.5, abs=near(solver))


def test_changes_are_solved_without_a_rebuild(solver: Backend) -> None:
    """Changed objective, column bounds and row bounds take effect, one after the other."""
    model = solver.load(TWO_ROWS)
    model.solve()
    model.set_objective(ints(1), floats(3.0))
    assert model.solve().objective == pytest.approx(12.5, abs=near(solver))
    model.set_column_bounds(ints(1), floats(0.0), floats(2.0))
    assert model.solve().objective == pytest.approx(10.5, abs=near(solver))
    model.set_row_bounds(ints(0, 1), floats(-INF, -INF), floats(1.0, INF))
    np.testing.assert_allclose(model.solve().x, [0.0, 1.0], atol=near(solver))


def test_fixed_columns_empty_rows_and_unused_columns(solver: Backend) -> None:
    """A fixed column keeps its value, an empty row means nothing, a column in no row takes its best bound."""
    answer = solver.load(
        program(
            [1.0, -1.0, 2.0, 0.0],
            [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]],
            [(-INF, 5.0), (-1.0, 1.0)],
            bounds=[(0.0, INF), (2.0, 2.0), (-1.0, 3.0), (1.0, 4.0)],
        )
    ).solve()
    assert answer.x is not None
    np.testing.assert_allclose(answer.x[:3], [3.0, 2.0, 3.0], atol=near(solver))
    assert 1.0 - near(solver) <= answer.x[3] <= 4.0 + near(solver)
    assert answer.row_dual is not None
    np.testing.assert_allclose(answer.row_dual, [1.0, 0.0], atol=near(solver))


def test_an_empty_row_that_cannot_hold_is_infeasible(solver: Backend) -> None:
    """A row without entries whose bounds exclude zero makes the program infeasible."""
    answer = solver.load(program([1.0], [[1.0], [0.0]], [(-INF, 1.0), (1.0, INF)])).solve()
    assert answer.termination is Termination.INFEASIBLE


def test_programs_without_rows(solver: Backend) -> None:
    """Without rows every column goes to its better bound."""
    answer = solver.load(program([1.0, -1.0], [], [], bounds=[(0.0, 2.0), (1.0, 5.0)])).solve()
    assert answer.termination is Termination.OPTIMAL
    np.testing.assert_allclose(answer.x, [2.0, 1.0], atol=near(solver))


def test_integers_or_a_refusal(solver: Backend) -> None:
    """An integer optimum is found with its bound; a backend without integers refuses, and relaxed it solves."""
    model = solver.load(KNAPSACK)
    relaxed = model.solve(relaxed=True)
    assert relaxed.objective == pytest.approx(5 + 3 + 4 * 2 / 3, abs=near(solver))
    if not solver.capabilities.integers:
        with pytest.raises(Unsupported):
            model.solve()
        return
    answer = model.solve()
    assert answer.termination is Termination.OPTIMAL
    np.testing.assert_allclose(answer.x, [1.0, 1.0, 0.0], atol=1e-6)
    assert answer.objective == pytest.approx(9.0)
    assert answer.bound == pytest.approx(9.0)
    assert answer.row_dual is None
    model.set_column_bounds(ints(1), floats(0.0), floats(0.0))
    assert model.solve().objective == pytest.approx(8.0)
    assert model.solve(relaxed=True).objective == pytest.approx(8.0)


def test_a_continuous_column_beside_an_integer_one(solver: Backend) -> None:
    """The cheaper column stays continuous: HiGHS 1.14.0 answers 5 here, its issue 2957, so that release is unfit."""
    if not solver.capabilities.integers:
        pytest.skip("no integers")
    mixed = program([2.0, 1.0], [[1.0, 1.0]], [(-INF, 4.5)], bounds=[(0.0, 3.0)] * 2)
    mixed.integer[0] = True
    answer = solver.load(mixed).solve()
    assert answer.objective == pytest.approx(7.5)
    assert answer.bound == pytest.approx(7.5)


def test_integer_infeasible_and_unbounded(solver: Backend) -> None:
    """Integrality alone can empty a program; an endless integer program is unbounded."""
    if not solver.capabilities.integers:
        pytest.skip("no integers")
    none = solver.load(program([1.0, 1.0], [[2.0, 2.0]], [(3.0, 3.0)], bounds=[(0.0, 5.0)] * 2, integer=True))
    assert none.solve().termination is Termination.INFEASIBLE
    endless = solver.load(program([1.0, 1.0], [[1.0, -1.0]], [(-INF, 1.0)], integer=True))
    assert endless.solve().termination is Termination.UNBOUNDED


def test_node_and_time_limits_keep_incumbent_and_bound(solver: Backend) -> None:
    """Stopped by nodes or seconds, a solve says LIMIT, and incumbent ≤ bound."""
    if not solver.capabilities.integers:
        pytest.skip("no integers")
    model = solver.load(hard_knapsacks())
    for limits in (Limits(nodes=1, gap=0.0, absolute_gap=0.0), Limits(seconds=0.3, gap=0.0, absolute_gap=0.0)):
        answer = model.solve(limits=limits)
        assert answer.termination is Termination.LIMIT
        assert np.isfinite(answer.bound)
        if answer.objective is not None:
            assert answer.objective <= answer.bound + 1e-6


def test_a_gap_ends_a_solve_as_optimal_within_it(solver: Backend) -> None:
    """With a wide gap the solve ends OPTIMAL and the bound is within that gap of the incumbent."""
    if not solver.capabilities.integers:
        pytest.skip("no integers")
    answer = solver.load(hard_knapsacks()).solve(limits=Limits(gap=0.05))
    assert answer.termination is Termination.OPTIMAL
    assert answer.objective is not None
    assert answer.objective <= answer.bound <= answer.objective * 1.06


def test_a_start_is_used_and_a_partial_one_is_completed(solver: Backend) -> None:
    """Stopped at the first node, a solve is no worse than its start; half a start does no harm to the optimum."""
    if not (solver.capabilities.integers and solver.capabilities.warm_start):
        pytest.skip("no warm start of integer programs")
    hard = hard_knapsacks(40, 6)
    good = solver.load(hard).solve(limits=Limits(gap=0.015))
    again = solver.load(hard).solve(limits=Limits(nodes=1, gap=0.0), start=good.x)
    assert good.objective is not None
    assert again.objective is not None
    assert again.objective >= good.objective - 1e-6
    half = solver.load(KNAPSACK).solve(start=floats(np.nan, 1.0, np.nan))
    assert half.objective == pytest.approx(9.0)


def test_an_interrupt_from_another_thread_ends_the_solve(solver: Backend) -> None:
    """Interrupted, a solve ends as INTERRUPTED; a backend that cannot says so."""
    if not solver.capabilities.interrupt:
        with pytest.raises(Unsupported):
            solver.load(KNAPSACK).interrupt()
        return
    if not solver.capabilities.integers:
        pytest.skip("its linear solves end before they could be interrupted")
    model, done = solver.load(hard_knapsacks(120, 10)), threading.Event()

    def stop() -> None:
        while not done.is_set():
            time.sleep(0.2)
            model.interrupt()

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        answer = model.solve(limits=Limits(seconds=60, gap=0.0, absolute_gap=0.0))
    finally:
        done.set()
        thread.join()
    assert answer.termination is Termination.INTERRUPTED


def test_solving_twice_gives_the_same_bytes(solver: Backend) -> None:
    """Two models of one program, solved alike, give identical values."""
    source = hard_knapsacks(25, 3)
    relaxed = not solver.capabilities.integers
    first, second = (solver.load(source).solve(relaxed=relaxed) for _ in range(2))
    assert first.x is not None
    assert second.x is not None
    assert first.x.tobytes() == second.x.tobytes()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_backends_agree_on_random_programs(seed: int) -> None:
    """On random feasible mixed programs, all exact backends report one optimum, and duals of one value."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    point = rng.integers(0, 4, n).astype(float)
    dense = rng.integers(-3, 4, (m, n)).astype(float)
    activity = dense @ point
    below, above = rng.integers(0, 3, m), rng.integers(0, 3, m)
    sides = [(a - s if s > 0 else -INF, a + t) for a, s, t in zip(activity, below, above, strict=True)]
    source = program(
        rng.integers(-4, 5, n).tolist(), dense.tolist(), sides, bounds=[(0.0, 5.0)] * n, integer=True, offset=1.0
    )
    whole, relaxed = [], []
    for name in ("highs", "scip", "pyomo", "glop"):
        solver = backend(name)
        model = solver.load(source)
        linear = model.solve(relaxed=True)
        relaxed.append(linear.objective)
        assert linear.row_dual is not None
        assert lagrangian(source, linear.row_dual) == pytest.approx(linear.objective, abs=1e-6)
        if solver.capabilities.integers:
            whole.append(model.solve().objective)
    assert relaxed == pytest.approx([relaxed[0]] * 4, abs=1e-6)
    assert whole == pytest.approx([whole[0]] * 3, abs=1e-6)


def lagrangian(source: Program, dual: np.ndarray) -> float:
    """The bound that duals prove over the columns' boxes."""
    reduced = source.objective - source.rows.transposed_times(dual)
    dual = np.where(np.abs(dual) < 1e-9, 0.0, dual)
    active = np.where(dual > 0, source.row_upper, source.row_lower)
    terms = np.where(dual == 0, 0.0, dual * np.where(dual == 0, 0.0, active))
    return float(terms.sum() + np.maximum(reduced * source.lower, reduced * source.upper).sum() + source.offset)


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    """The registry names what can be chosen."""
    with pytest.raises(Unsupported, match="highs, pyomo, scip"):
        backend("cplex")


ORDER = """
import {first}
import {second}
import numpy as np
from solvers.backends.registry import backend
from solvers.core.program import Program, SparseRows
rows = SparseRows.from_triplets([0, 0], [0, 1], [2.0, 2.0], 1, 2)
program = Program(np.array([2.0, 1.0]), np.zeros(2), np.full(2, 3.0), np.ones(2, dtype=bool), rows,
                  np.array([-np.inf]), np.array([9.0]))
for name in {names}:
    print(backend(name).load(program).solve().objective)
"""


MATH_OPT = "ortools.math_opt.python.mathopt"


@pytest.mark.parametrize("order", [("highspy", MATH_OPT), (MATH_OPT, "highspy")])
def test_highspy_and_ortools_live_in_one_process(order: tuple[str, str]) -> None:
    """Imported in either order, both libraries solve: the pin against two clashing libhighs holds."""
    names = ["highs", "scip", "pyomo"] if order[0] == "highspy" else ["scip", "pyomo", "highs"]
    script = ORDER.format(first=order[0], second=order[1], names=names)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [float(line) for line in ran.stdout.split()] == pytest.approx([7.0] * 3)
