"""How solves end, of every backend: infeasible, unbounded, limited, interrupted, and never with a foreign error."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import BACKEND_NAMES, backend
from solvers.core.backend import Backend
from solvers.core.conflict import minimal_conflict
from solvers.core.errors import InvalidProgram, SolverError, Unsupported
from solvers.core.program import Program
from solvers.core.termination import UNLIMITED, Limits, Termination
from tests.conformance.backend_programs import (
    INF,
    KNAPSACK,
    LINEAR,
    MIXED,
    WHOLE,
    drawn,
    floats,
    hard_knapsacks,
    ints,
    program,
    violation,
)

ENDLESS_GAP = {"gap": 0.0, "absolute_gap": 0.0}


@pytest.fixture(params=BACKEND_NAMES)
def solver(request: pytest.FixtureRequest) -> Backend:
    """Every backend in turn."""
    return backend(request.param)


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest) -> Backend:
    """Every backend that solves in whole numbers."""
    return backend(request.param)


def boxed(source: Program, *, whole: bool) -> Program:
    """The same program with columns of the kind a backend takes."""
    source.integer[:] = whole
    return source


NO_POINT = [
    ([[1.0], [1.0]], [(-INF, 1.0), (2.0, INF)]),
    ([[1.0], [1.0]], [(2.0, 2.0), (3.0, 3.0)]),
    ([[1.0]], [(11.0, INF)]),
    ([[1.0], [0.0]], [(-INF, 1.0), (1.0, INF)]),
    ([[1.0]], [(3.0, 2.0)]),
]


@pytest.mark.parametrize(
    ("rows", "sides"), NO_POINT, ids=["rows", "equalities", "column bound", "empty row", "crossed"]
)
def test_a_program_without_points_is_infeasible(
    solver: Backend, rows: list[list[float]], sides: list[tuple[float, float]]
) -> None:
    """Whatever excludes every point, the end is INFEASIBLE without a point and with the bound -inf."""
    source = boxed(program([1.0], rows, sides, bounds=[(0.0, 10.0)]), whole=not solver.capabilities.continuous)
    answer = solver.load(source).solve()
    assert answer.termination is Termination.INFEASIBLE
    assert answer.x is None
    assert answer.objective is None
    assert answer.bound == -INF


def test_whole_numbers_alone_can_leave_no_point(whole: Backend) -> None:
    """An even sum cannot be odd: infeasible, though the relaxation is not."""
    source = program([1.0, 1.0], [[2.0, 2.0]], [(3.0, 3.0)], bounds=[(0.0, 5.0)] * 2, integer=True)
    answer = whole.load(source).solve()
    assert answer.termination is Termination.INFEASIBLE
    assert answer.bound == -INF


@pytest.mark.parametrize("name", LINEAR)
def test_a_program_without_end_is_unbounded(name: str) -> None:
    """A linear program that improves for ever is unbounded with bound +inf, and one that cannot be met is not."""
    answer = backend(name).load(program([1.0, 1.0], [[1.0, -1.0]], [(-INF, 1.0)])).solve()
    assert answer.termination is Termination.UNBOUNDED
    assert answer.bound == INF
    neither = program([1.0, 1.0], [[1.0, -1.0], [1.0, 0.0], [1.0, 0.0]], [(-INF, 1.0), (2.0, INF), (-INF, 1.0)])
    assert backend(name).load(neither).solve().termination is Termination.INFEASIBLE


@pytest.mark.parametrize("name", MIXED)
def test_whole_numbers_without_end_are_unbounded(name: str) -> None:
    """An integer program that improves for ever is unbounded, and one that cannot be met is not."""
    answer = backend(name).load(program([1.0, 1.0], [[1.0, -1.0]], [(-INF, 1.0)], integer=True)).solve()
    assert answer.termination is Termination.UNBOUNDED
    assert answer.bound == INF
    neither = program([1.0, 1.0], [[1.0, -1.0], [2.0, 0.0]], [(-INF, 1.0), (3.0, 3.0)], integer=True)
    assert backend(name).load(neither).solve().termination is Termination.INFEASIBLE


@pytest.mark.parametrize(
    "limits", [Limits(nodes=1, **ENDLESS_GAP), Limits(seconds=0.3, **ENDLESS_GAP)], ids=["nodes", "time"]
)
def test_limits_keep_incumbent_and_bound(whole: Backend, limits: Limits) -> None:
    """Stopped by nodes or seconds, a solve says LIMIT; its point is feasible, its value true and within the bound."""
    source = hard_knapsacks()
    answer = whole.load(source).solve(limits=limits)
    assert answer.termination is Termination.LIMIT
    assert np.isfinite(answer.bound)
    assert answer.bound >= 1836.625 - 1e-6  # a plan of this value is known
    if answer.x is not None:
        assert violation(source, answer.x) <= 1e-6
        assert answer.objective == pytest.approx(float(source.objective @ answer.x))
        assert answer.objective <= answer.bound + 1e-6


def test_a_limit_may_leave_no_incumbent(whole: Backend) -> None:
    """Without time to begin, the end is LIMIT, and whatever bound is claimed is one."""
    answer = whole.load(hard_knapsacks()).solve(limits=Limits(seconds=1e-4, **ENDLESS_GAP))
    assert answer.termination is Termination.LIMIT
    assert answer.bound >= 1836.625 - 1e-6
    assert answer.objective is None or answer.objective <= answer.bound + 1e-6


def test_a_work_limit_gives_the_same_bytes_twice(whole: Backend) -> None:
    """Two models stopped after the same work hold the same point and bound."""
    limits = Limits(nodes=30, **ENDLESS_GAP)
    first, second = (whole.load(hard_knapsacks(30, 5)).solve(limits=limits) for _ in range(2))
    assert first.x is not None
    assert second.x is not None
    assert first.x.tobytes() == second.x.tobytes()
    assert first.bound == second.bound


def test_an_optimal_start_is_kept_without_any_search(whole: Backend) -> None:
    """Given an optimal point and no nodes to search, a solve returns a point as good."""
    source = hard_knapsacks(25, 4)
    best = whole.load(source).solve(limits=Limits(gap=1e-9))
    kept = whole.load(source).solve(limits=Limits(nodes=0), start=best.x)
    assert best.objective is not None
    assert kept.objective == pytest.approx(best.objective)


def test_an_interrupt_from_another_thread_keeps_incumbent_and_bound(whole: Backend) -> None:
    """Interrupted after a while, a solve ends as INTERRUPTED with a feasible point and bound, and solves again."""
    assert whole.capabilities.interrupt
    source = hard_knapsacks(120, 10)
    model, done = whole.load(source), threading.Event()

    def stop() -> None:
        while not done.wait(0.3):
            model.interrupt()

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        answer = model.solve(limits=Limits(seconds=60, **ENDLESS_GAP))
    finally:
        done.set()
        thread.join()
    assert answer.termination is Termination.INTERRUPTED
    assert answer.x is not None
    assert violation(source, answer.x) <= 1e-6
    assert answer.objective is not None
    assert answer.objective <= answer.bound + 1e-6
    assert model.solve(limits=Limits(nodes=1)).termination in {Termination.LIMIT, Termination.OPTIMAL}


def test_an_interrupt_without_a_solve_is_forgotten(solver: Backend) -> None:
    """Interrupting a model that does not solve leaves its next solve alone."""
    source = program([1.0], [[1.0]], [(-INF, 4.0)], bounds=[(0.0, 9.0)])
    model = solver.load(boxed(source, whole=not solver.capabilities.continuous))
    model.interrupt()
    assert model.solve().termination is Termination.OPTIMAL


def test_progress_tells_better_incumbents_and_bounds(whole: Backend) -> None:
    """What is told only improves and ends at the answer; a backend without progress refuses to be asked."""
    seen: list[tuple[float | None, float]] = []
    model = whole.load(hard_knapsacks(40, 6))
    if not whole.capabilities.progress:
        with pytest.raises(Unsupported):
            model.solve(progress=lambda value, bound: seen.append((value, bound)))
        return
    answer = model.solve(
        limits=Limits(nodes=2000, **ENDLESS_GAP), progress=lambda value, bound: seen.append((value, bound))
    )
    assert seen
    values = [value for value, _ in seen if value is not None]
    assert values == sorted(values)
    assert [bound for _, bound in seen] == sorted((bound for _, bound in seen), reverse=True)
    assert answer.objective is not None
    assert values[-1] == pytest.approx(answer.objective)
    assert seen[-1][1] >= answer.objective - 1e-6


def test_an_error_of_the_listener_ends_the_solve_and_comes_out(whole: Backend) -> None:
    """What the told callable raises reaches the caller of the solve as it is, and the model solves again."""
    if not whole.capabilities.progress:
        pytest.skip("no progress")

    def fail(value: float | None, bound: float) -> None:
        raise KeyError(f"{value} {bound}")

    model = whole.load(hard_knapsacks(40, 6))
    for limits in (UNLIMITED, Limits(seconds=30)):
        with pytest.raises(KeyError):
            model.solve(limits=limits, progress=fail)
    assert model.solve(limits=Limits(gap=0.2)).termination is Termination.OPTIMAL


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), name=st.sampled_from([n for n in BACKEND_NAMES if backend(n).capabilities.exact]))
def test_conflicts_are_minimal(seed: int, name: str) -> None:
    """The rows named cannot hold together, and any of them left out the others can, whichever backend is asked."""
    chosen = backend(name)
    source = boxed(drawn(seed, feasible=False), whole=chosen.capabilities.integers)
    if chosen.load(source).solve().termination is not Termination.INFEASIBLE:
        with pytest.raises(ValueError, match="not known to be in conflict"):
            minimal_conflict(chosen, source)
        return
    rows = chosen.load(source).conflict() if chosen.capabilities.conflict else minimal_conflict(chosen, source)
    assert not feasible(chosen, source, rows)
    for row in rows:
        assert feasible(chosen, source, rows[rows != row])


def feasible(chosen: Backend, source: Program, rows: np.ndarray) -> bool:
    """Whether only these rows can hold together."""
    model = chosen.load(source)
    others = np.setdiff1d(np.arange(source.rows.rows, dtype=np.int32), rows).astype(np.int32)
    model.set_row_bounds(others, np.full(len(others), -INF), np.full(len(others), INF))
    return model.solve().termination is not Termination.INFEASIBLE


def test_a_backend_that_names_no_conflict_says_who_can(solver: Backend) -> None:
    """Where the capability is not declared, asking is refused with the cure."""
    if solver.capabilities.conflict:
        with pytest.raises(ValueError, match="infeasible program only"):
            solver.load(KNAPSACK).conflict()
        return
    with pytest.raises(Unsupported, match="minimal_conflict"):
        solver.load(KNAPSACK).conflict()


STRANGE = st.sampled_from([0.0, -0.0, 1.0, -3.5, 1e-320, 1e-12, 1e12, -1e17, 1e25, 1e200, 1.7e308, INF, -INF])


@settings(max_examples=60, deadline=None)
@given(values=st.lists(STRANGE, min_size=8, max_size=8), name=st.sampled_from(BACKEND_NAMES), flag=st.booleans())
def test_nonsense_never_leaks_a_foreign_error(values: list[float], name: str, flag: bool) -> None:  # noqa: FBT001 - drawn
    """Huge, tiny or infinite numbers anywhere end in a solution or in an error of the solvers' own tree."""
    c, a, low, high, row_low, row_high, b, offset = values
    try:
        source = program(
            [c, 1.0],
            [[a, b], [1.0, -1.0]],
            [(row_low, row_high), (-INF, 5.0)],
            bounds=[(low, high), (0.0, 3.0)],
            integer=flag,
            offset=offset,
        )
        answer = backend(name).load(source).solve(limits=Limits(seconds=5.0))
    except SolverError:
        return
    assert isinstance(answer.termination, Termination)
    assert not np.isnan(answer.bound)


@pytest.mark.parametrize("nonsense", [np.nan, INF])
def test_nonsense_is_refused_where_it_is_set(solver: Backend, nonsense: float) -> None:
    """NaN anywhere, or an infinite objective, is refused as the change is made, and the model stays as it was."""
    model = solver.load(
        boxed(program([2.0], [[1.0]], [(-INF, 4.0)], bounds=[(0.0, 9.0)]), whole=not solver.capabilities.continuous)
    )
    with pytest.raises(InvalidProgram, match="objective holds"):
        model.set_objective(ints(0), floats(nonsense))
    if np.isnan(nonsense):
        with pytest.raises(InvalidProgram, match="upper holds NaN"):
            model.set_column_bounds(ints(0), floats(0.0), floats(nonsense))
        with pytest.raises(InvalidProgram, match="row_lower holds NaN"):
            model.set_row_bounds(ints(0), floats(nonsense), floats(1.0))
    assert model.solve().objective == pytest.approx(8.0, abs=1e-3)


def test_bounds_mended_after_crossing(solver: Backend) -> None:
    """Bounds that cross after a change make the program infeasible; setting them right makes it solvable again."""
    source = boxed(
        program([2.0], [[1.0]], [(-INF, 4.0)], bounds=[(0.0, 9.0)]), whole=not solver.capabilities.continuous
    )
    model = solver.load(source)
    model.set_column_bounds(ints(0), floats(2.0), floats(1.0))
    assert model.solve().termination is Termination.INFEASIBLE
    model.set_column_bounds(ints(0), floats(0.0), floats(3.0))
    assert model.solve().objective == pytest.approx(6.0, abs=1e-3)
