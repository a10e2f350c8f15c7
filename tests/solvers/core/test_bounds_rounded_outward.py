"""Bounds on data made to break them: cancellation, sixteen decades beside one another, underflow and overflow."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Program
from solvers.core.weak_duality import program_bound, row_part, sum_upward
from tests.solvers.small_programs import INF, exact_bound, exact_rows, program

SCALES = (1e-320, 1e-300, 1e-16, 1.0, 1e16, 1e150)


def spread(draw: random.Random) -> float:
    """A number of any of the scales, often the exact opposite of another."""
    return draw.choice((-1.0, 1.0)) * draw.choice(SCALES) * draw.choice((1.0, 1.0, draw.uniform(1.0, 2.0)))


def cancelling(draw: random.Random) -> tuple[Program, Floats]:
    """A program whose reduced costs nearly cancel: costs are float sums of the products they are reduced by."""
    rows, columns = draw.randint(1, 4), draw.randint(1, 5)
    matrix = [[draw.choice((0.0, draw.uniform(-1, 1), spread(draw))) for _ in range(columns)] for _ in range(rows)]
    y = [draw.choice((draw.uniform(-3, 3), spread(draw))) for _ in range(rows)]
    with np.errstate(over="ignore", invalid="ignore"):
        cost = [float(sum(matrix[i][j] * y[i] for i in range(rows))) for j in range(columns)]
    width = [draw.choice((1.0, 1e16, 1e-300)) for _ in range(columns)]
    limits = [tuple(sorted((spread(draw), spread(draw)))) for _ in range(rows)]
    made = program(
        [c if math.isfinite(c) and draw.random() < 0.8 else draw.uniform(-1, 1) for c in cost],
        matrix,
        limits,
        bounds=[(-w * draw.choice((0.0, 1.0)), w) for w in width],
        offset=spread(draw),
    )
    return made, np.array(y)


@settings(max_examples=400)
@given(st.integers(0, 2**32))
def test_no_data_bring_the_bound_below_its_exact_value(seed: int) -> None:
    """Whatever cancels or underflows, the bound is at least its value in rational numbers, or refused."""
    made, y = cancelling(random.Random(seed))
    try:
        bound = program_bound(made, y)
    except InvalidProgram:
        bound = math.inf
    assert bound == math.inf or Fraction(bound) >= exact_bound(made, y)


def test_hardly_any_of_the_data_are_refused() -> None:
    """Nine in ten of the same data have a bound, so that most of them are held against the exact value."""
    bounded = 0
    for seed in range(300):
        with suppress(InvalidProgram):
            bounded += math.isfinite(program_bound(*cancelling(random.Random(seed))))
    assert bounded >= 270


def test_the_example_data_do_bring_plain_sums_below() -> None:
    """On many of the same data the bound computed without care is too low, so that the care is needed."""
    low = 0
    for seed in range(300):
        made, y = cancelling(random.Random(seed))
        with np.errstate(all="ignore"):
            d = made.objective - made.rows.transposed_times(y)
            plain = made.offset + float(
                np.where(y > 0, y * made.row_upper, y * made.row_lower).sum()
                + np.maximum(d * made.lower, d * made.upper).sum()
            )
        low += math.isfinite(plain) and Fraction(plain) < exact_bound(made, y)
    assert low >= 30


def test_products_that_underflow_are_not_lost() -> None:
    """A product too small for float64, times a box of sixteen decades, counts; the exact value lies above zero."""
    tiny = program([-1e-200], [[-1e-200]], [(-INF, 0.0)], bounds=[(0.0, 1e300)])
    y = np.array([1e-180])
    assert y[0] * 1e-200 == 0.0, "the product must underflow"
    unpriced = program([0.0], [[-1e-200]], [(-INF, 0.0)], bounds=[(0.0, 1e300)])
    for made in (tiny, unpriced):
        assert Fraction(program_bound(made, y)) >= exact_bound(made, y)
    assert exact_bound(unpriced, y) > 0


def test_a_row_that_pays_less_than_the_smallest_number_still_pays() -> None:
    """Multipliers times bounds that underflow to nothing are rounded up, not away."""
    y, side = np.array([1e-200, -1e-200]), np.array([1e-200, -1e-200])
    assert (y * side == 0.0).all()
    assert Fraction(sum_upward(row_part(y, side, side))) >= exact_rows(y, side, side) > 0


@pytest.mark.parametrize(
    ("cost", "entry", "limits", "box", "y"),
    [
        (1e308, -1e308, (-INF, 0.0), (0.0, 1.0), 1e10),
        (0.0, 1e200, (0.0, 0.0), (-1.0, 1.0), 1e200),
        (0.0, 1.0, (-1e200, 1e200), (0.0, 1.0), -1e200),
        (1e300, 0.0, (0.0, 0.0), (0.0, 1e300), 0.0),
    ],
)
def test_what_float64_cannot_hold_is_refused_and_not_called_a_bound(
    cost: float, entry: float, limits: tuple[float, float], box: tuple[float, float], y: float
) -> None:
    """Products and sums beyond float64 end in a refusal, never in NaN or in an endlessly good bound."""
    with pytest.raises(InvalidProgram):
        program_bound(program([cost], [[entry]], [limits], bounds=[box]), np.array([y]))


@pytest.mark.parametrize("parts", [[1e308, 1e308], [math.nan, 1.0], [math.inf, -math.inf]])
def test_sums_that_are_no_numbers_are_refused(parts: list[float]) -> None:
    """Overflow, NaN and opposite infinities are told."""
    with pytest.raises(InvalidProgram):
        sum_upward(parts)


@given(st.lists(st.floats(-1e16, 1e16), max_size=30))
def test_a_sum_upward_is_hardly_more_than_the_exact_one(parts: list[float]) -> None:
    """The sum lies above the exact sum, by two numbers at most."""
    total, exact = sum_upward(parts), sum(map(Fraction, parts), Fraction(0))
    assert Fraction(total) > exact
    assert Fraction(math.nextafter(math.nextafter(total, -math.inf), -math.inf)) <= exact
