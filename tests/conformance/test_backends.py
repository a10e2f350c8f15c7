"""One suite that every backend passes, as far as the capabilities it declares: values, duals, changes, starts."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.backend import Backend
from solvers.core.errors import Unsupported
from solvers.core.program import Program
from solvers.core.termination import Limits, Termination
from tests.conformance.backend_programs import (
    INF,
    KNAPSACK,
    LINEAR,
    MIXED,
    TWO_ROWS,
    WHOLE,
    floats,
    hard_knapsacks,
    ints,
    lagrangian,
    near,
    program,
    violation,
)


@pytest.fixture(params=LINEAR)
def solver(request: pytest.FixtureRequest) -> Backend:
    """Every backend that solves linear programs."""
    return backend(request.param)


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest) -> Backend:
    """Every backend that solves in whole numbers."""
    return backend(request.param)


@pytest.fixture(params=MIXED)
def mixed(request: pytest.FixtureRequest) -> Backend:
    """Every backend that solves mixed-integer programs."""
    return backend(request.param)


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


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    """The registry names what can be chosen."""
    with pytest.raises(Unsupported, match="highs, pyomo, scip"):
        backend("cplex")


def test_whole_numbers_or_a_refusal(solver: Backend) -> None:
    """A backend without integers refuses them, and solves the relaxation."""
    model = solver.load(KNAPSACK)
    assert model.solve(relaxed=True).objective == pytest.approx(5 + 3 + 4 * 2 / 3, abs=near(solver))
    if not solver.capabilities.integers:
        with pytest.raises(Unsupported):
            model.solve()


@pytest.mark.parametrize("name", sorted(set(WHOLE) - set(MIXED)))
def test_a_backend_of_whole_numbers_only_refuses_others(name: str) -> None:
    """Continuous columns, relaxations, missing bounds and coefficients without a common denominator are refused."""
    only = backend(name)
    for bad, how in (
        (TWO_ROWS, {}),
        (KNAPSACK, {"relaxed": True}),
        (program([1.0], [], [], integer=True), {}),
        (program([1.0, 1.0], [[np.pi, np.e]], [(-INF, 5.0)], bounds=[(0.0, 1.0)] * 2, integer=True), {}),
    ):
        with pytest.raises(Unsupported):
            only.load(bad).solve(**how)


def test_an_optimum_in_whole_numbers_with_its_bound(whole: Backend) -> None:
    """The optimum is whole and feasible, value and bound are those of the point; fixing a column is followed."""
    model = whole.load(KNAPSACK)
    answer = model.solve()
    assert answer.termination is Termination.OPTIMAL
    np.testing.assert_allclose(answer.x, [1.0, 1.0, 0.0], atol=1e-6)
    assert answer.objective == pytest.approx(9.0)
    assert answer.bound == pytest.approx(9.0)
    assert answer.row_dual is None
    model.set_column_bounds(ints(1), floats(0.0), floats(0.0))
    assert model.solve().objective == pytest.approx(8.0)


def test_fractions_and_a_constant_in_whole_numbers(whole: Backend) -> None:
    """Decimal coefficients, ranged rows and a constant: the optimum is the one counted by hand."""
    source = program(
        [0.7, 0.45],
        [[0.1, 0.3], [1.0, -1.0]],
        [(-INF, 0.9), (-2.0, 2.0)],
        bounds=[(0.0, 9.0)] * 2,
        integer=True,
        offset=-2.5,
    )
    answer = whole.load(source).solve()
    # x ≤ y + 2 and x + 3y ≤ 9: (3, 2) gives 3.0; (3, 1) 2.55; (2, 2) 2.3.
    np.testing.assert_allclose(answer.x, [3.0, 2.0], atol=1e-6)
    assert answer.objective == pytest.approx(0.5)
    assert answer.bound == pytest.approx(0.5, abs=1e-6)


def test_a_relaxed_model_still_knows_its_whole_numbers(mixed: Backend) -> None:
    """Relaxed and whole solves of one model take turns, changes reaching both."""
    model = mixed.load(KNAPSACK)
    assert model.solve(relaxed=True).objective == pytest.approx(5 + 3 + 4 * 2 / 3)
    assert model.solve().objective == pytest.approx(9.0)
    model.set_column_bounds(ints(1), floats(0.0), floats(0.0))
    assert model.solve(relaxed=True).objective == pytest.approx(8.0)
    model.set_objective(ints(0), floats(1.0))
    assert model.solve().objective == pytest.approx(4.0)
    assert model.solve(relaxed=True).objective == pytest.approx(4.0)


def test_a_continuous_column_beside_an_integer_one(mixed: Backend) -> None:
    """The cheaper column stays continuous: HiGHS 1.14.0 answers 5 here, its issue 2957, so that release is unfit."""
    source = program([2.0, 1.0], [[1.0, 1.0]], [(-INF, 4.5)], bounds=[(0.0, 3.0)] * 2)
    source.integer[0] = True
    answer = mixed.load(source).solve()
    assert answer.objective == pytest.approx(7.5)
    assert answer.bound == pytest.approx(7.5)


DEGENERATE = program(
    [1.0, 1.0, 1.0],
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, -1.0]],
    [(-INF, 2.0), (2.0, INF), (3.0, 3.0), (-1.0, 1.0)],
    bounds=[(0.0, 2.0), (0.0, 2.0), (-INF, INF)],
)
FREE = program([1.0, -2.0], [[1.0, 1.0], [1.0, -1.0]], [(-4.0, 4.0), (-2.0, 6.0)], bounds=[(-INF, INF)] * 2, offset=1.0)
EQUALITIES = program([3.0, 2.0, 1.0], [[1.0, 1.0, 1.0], [1.0, -1.0, 0.0]], [(6.0, 6.0), (1.0, 1.0)])
BELOW = program([-1.0, -3.0], [[1.0, 2.0], [1.0, 0.0]], [(4.0, INF), (1.0, INF)], bounds=[(0.0, 10.0), (0.0, 10.0)])


@pytest.mark.parametrize(
    ("source", "value"),
    [(DEGENERATE, 5.0), (FREE, 12.0), (EQUALITIES, 15.5), (BELOW, -4.0)],
    ids=["degenerate", "free columns", "equalities", "costs"],
)
def test_values_and_duals_prove_each_other(solver: Backend, source: Program, value: float) -> None:
    """The point is feasible, its value is the one counted by hand, and the duals prove it by weak duality."""
    answer = solver.load(source).solve()
    assert answer.termination is Termination.OPTIMAL
    assert answer.x is not None
    assert answer.row_dual is not None
    assert violation(source, answer.x) <= near(solver)
    assert source.objective @ answer.x + source.offset == pytest.approx(value, abs=10 * near(solver))
    if solver.capabilities.exact:
        assert lagrangian(source, answer.row_dual) == pytest.approx(value, abs=1e-6)


def test_a_gap_ends_a_solve_as_optimal_within_it(whole: Backend) -> None:
    """With a wide gap the solve ends OPTIMAL and the bound is within that gap of the incumbent."""
    answer = whole.load(hard_knapsacks()).solve(limits=Limits(gap=0.05))
    assert answer.termination is Termination.OPTIMAL
    assert answer.objective is not None
    assert answer.objective <= answer.bound <= answer.objective * 1.06


def test_a_start_is_used_and_a_partial_one_is_completed(whole: Backend) -> None:
    """Stopped at the first node, a solve is no worse than its start; half a start does no harm to the optimum."""
    hard = hard_knapsacks(40, 6)
    good = whole.load(hard).solve(limits=Limits(gap=0.015))
    again = whole.load(hard).solve(limits=Limits(nodes=1, gap=0.0), start=good.x)
    assert good.objective is not None
    assert again.objective is not None
    assert again.objective >= good.objective - 1e-6
    half = whole.load(KNAPSACK).solve(start=floats(np.nan, 1.0, np.nan))
    assert half.objective == pytest.approx(9.0)
