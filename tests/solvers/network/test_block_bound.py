"""The bound from multipliers alone: never below the optimum, whatever they are, and exact at the best ones."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Program, SparseRows
from solvers.network.verify import block_bound, row_part, sign_correct
from tests.solvers.small_programs import INF, exact_bound, program, random_program

SEEDS = st.integers(0, 2**32)


def alone(given_program: Program, y: Floats) -> float:
    """The bound of a program without linking rows."""
    nothing = SparseRows.from_triplets([], [], [], 0, given_program.columns)
    return block_bound(given_program, nothing, y, np.zeros(0))


def drawn_multipliers(draw: random.Random, drawn: Program) -> Floats:
    """Multipliers of any size whose signs fit the rows."""
    y = np.array([draw.choice((0.0, 1.0, 10.0, 1e4)) * draw.uniform(-1, 1) for _ in range(drawn.rows.rows)])
    return sign_correct(y, drawn.row_lower, drawn.row_upper)


@given(SEEDS)
def test_any_sign_correct_multipliers_bound_the_exact_sum_and_the_optimum(seed: int) -> None:
    """The bound lies above its own exact value, hardly so, and above the program's optimum."""
    draw = random.Random(seed)
    drawn = random_program(draw)
    y = drawn_multipliers(draw, drawn)
    bound, exact = alone(drawn, y), exact_bound(drawn, y)
    assert Fraction(bound) >= exact
    assert bound == pytest.approx(float(exact), rel=1e-12, abs=1e-9)
    best = backend("highs").load(drawn).solve()
    assert best.objective is not None
    assert bound >= best.objective - 1e-6


@given(SEEDS)
def test_the_best_multipliers_give_the_optimum(seed: int) -> None:
    """At the duals of the optimal solution the bound is the optimum."""
    drawn = random_program(random.Random(seed))
    best = backend("highs").load(drawn).solve()
    assert best.row_dual is not None
    assert best.objective is not None
    y = sign_correct(best.row_dual, drawn.row_lower, drawn.row_upper)
    assert alone(drawn, y) == pytest.approx(best.objective, abs=1e-6)


@given(SEEDS)
def test_prices_of_linking_rows_move_into_the_objective(seed: int) -> None:
    """Bounding with linking prices is bounding the program with its objective less the priced activity."""
    draw = random.Random(seed)
    drawn = random_program(draw)
    link = SparseRows.from_triplets([0, 0, 1], [0, 2, 1], [2.0, -1.0, 3.0], 2, drawn.columns)
    prices = np.array([draw.uniform(-2, 2), draw.uniform(-2, 2)])
    y = drawn_multipliers(draw, drawn)
    priced = program(
        list(drawn.objective - link.transposed_times(prices)),
        np.zeros((0, drawn.columns)).tolist(),
        [],
        bounds=list(zip(drawn.lower.tolist(), drawn.upper.tolist(), strict=True)),
    )
    priced = Program(
        priced.objective,
        drawn.lower,
        drawn.upper,
        drawn.integer,
        drawn.rows,
        drawn.row_lower,
        drawn.row_upper,
        drawn.offset,
    )
    assert block_bound(drawn, link, y, prices) == pytest.approx(alone(priced, y), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("limits", "y"),
    [((-INF, 4.0), -1.0), ((1.0, INF), 1.0), ((-INF, INF), 1e-300), ((0.0, 1.0), INF), ((0.0, 1.0), np.nan)],
)
def test_a_multiplier_of_the_wrong_sign_is_refused_by_its_row(limits: tuple[float, float], y: float) -> None:
    """A multiplier that asks for a bound the row does not have, or is no number, bounds nothing and is refused."""
    wrong = program([1.0], [[1.0], [1.0]], [(0.0, 5.0), limits])
    with pytest.raises(InvalidProgram, match="row 1 has the wrong sign"):
        alone(wrong, np.array([0.0, y]))


def test_signs_are_made_correct_by_dropping_the_wrong_ones() -> None:
    """Only multipliers that ask for a bound that is not there become 0."""
    lower, upper = np.array([-INF, 1.0, 0.0, -INF]), np.array([4.0, INF, 1.0, INF])
    given_y = np.array([-1.0, 2.0, -3.0, 4.0])
    assert sign_correct(given_y, lower, upper).tolist() == [0.0, 0.0, -3.0, 0.0]
    assert sign_correct(-given_y, lower, upper).tolist() == [1.0, -2.0, 3.0, 0.0]


def test_a_column_without_limit_in_the_direction_of_its_price_is_refused() -> None:
    """Over an endless box a bound is infinite and therefore refused; in the other direction it costs nothing."""
    endless = program([1.0], [[1.0]], [(-INF, 5.0)], bounds=[(0.0, INF)])
    with pytest.raises(InvalidProgram, match="column 0 is unbounded"):
        alone(endless, np.array([0.5]))
    assert alone(endless, np.array([2.0])) == pytest.approx(10.0)


def test_sums_that_fall_below_in_32_bits_stay_above() -> None:
    """Where a 32-bit sum of the same terms lies below the optimum, the bound does not."""
    n = 4000
    rng = np.random.default_rng(3)
    money = rng.uniform(0.1, 1.0, n)
    many = program(list(money), [], [], bounds=[(0.0, 1.0)] * n, offset=1e6)
    exact = Fraction(1e6) + sum((Fraction(float(value)) for value in money), Fraction(0))
    single = np.float32(1e6)
    for value in money.astype(np.float32):
        single = np.float32(single + value)
    assert Fraction(float(single)) < exact, "the example must show the trap"
    assert Fraction(alone(many, np.zeros(0))) >= exact


def test_cancelling_terms_do_not_lower_the_bound() -> None:
    """Reduced costs that cancel to rounding dust times a wide box are enlarged by what rounding may hide."""
    wide = program([0.3], [[0.1], [0.2]], [(-INF, 0.0), (-INF, 0.0)], bounds=[(-1e15, 1e15)])
    y = np.array([1.0, 1.0])
    assert Fraction(alone(wide, y)) >= exact_bound(wide, y)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=40))
def test_the_rows_part_is_at_least_the_exact_product(pairs: list[tuple[float, float]]) -> None:
    """Multipliers times active bounds, summed with their rounding allowance, are not below the exact sum."""
    y = np.array([a for a, _ in pairs])
    b = np.array([c for _, c in pairs])
    exact = sum((Fraction(a) * Fraction(c) for a, c in pairs), Fraction(0))
    assert Fraction(math.nextafter(math.fsum(row_part(y, b, b)), math.inf)) >= exact
