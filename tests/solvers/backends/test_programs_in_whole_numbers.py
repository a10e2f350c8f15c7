"""Rows and objectives in whole numbers: exact or refused, and bounds that stay bounds where an objective is rounded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.cpsat import CpSatBackend
from solvers.backends.whole_numbers import HIGHEST, LOWEST, whole_bounds, whole_objective, whole_rows
from solvers.core.errors import Unsupported
from solvers.core.program import SparseRows
from tests.solvers.small_programs import INF, program

TOLERANCE = 1e-15


def rows(*values: float) -> SparseRows:
    """One row of these coefficients."""
    return SparseRows.from_triplets([0] * len(values), range(len(values)), values, 1, len(values))


@given(st.lists(st.tuples(st.integers(-999, 999), st.sampled_from([1, 2, 3, 8, 10, 60, 100])), min_size=1, max_size=6))
def test_fractions_become_whole_without_loss(parts: list[tuple[int, int]]) -> None:
    """A row of short fractions, stored as doubles, is scaled to exactly the whole row they stand for."""
    whole = whole_rows(rows(*(p / q for p, q in parts)), tolerance=TOLERANCE)
    scale = int(whole.scale[0])
    assert [Fraction(int(v), scale) for v in whole.value] == [Fraction(p, q) for p, q in parts]


@pytest.mark.parametrize("values", [(np.pi, np.e), (1e-9, 1.0), (1.0, 1e17), (1 / 999_983, 1 / 999_979, 1 / 999_961)])
def test_rows_without_a_short_common_denominator_are_refused(values: tuple[float, ...]) -> None:
    """What cannot be told in whole numbers exactly is refused with its row."""
    with pytest.raises(Unsupported, match="row 0"):
        whole_rows(rows(*values), tolerance=TOLERANCE)


def test_a_sum_beyond_its_numbers_is_refused() -> None:
    """Coefficients times bounds that may leave 62 bits are refused rather than wrapped around."""
    large = program([1.0], [[1e15]], [(-INF, 1e18)], bounds=[(0.0, 1e6)], integer=[True])
    with pytest.raises(Unsupported, match="62 bits"):
        CpSatBackend().load(large).solve()


def test_bounds_are_rounded_inwards_but_not_by_rounding_errors() -> None:
    """2.3 ≤ x ≤ 4.7 is 3 ≤ x ≤ 4; three tenths of ten are three though the double is below; infinite stays infinite."""
    low, high = np.array([2.3, 0.1 + 0.2, -INF]), np.array([4.7, 0.3 - 5e-17, INF])
    found = whole_bounds(low, high, np.array([1.0, 10.0, 1.0]))
    assert found == ([3, 3, LOWEST], [4, 3, HIGHEST])


@settings(max_examples=80)
@given(seed=st.integers(0, 10**6), decimals=st.sampled_from([0, 2, 17]))
def test_a_rounded_objective_stays_within_its_slack(seed: int, decimals: int) -> None:
    """At every corner of the box, weights and true objective differ by no more than the slack, in exact arithmetic."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    objective = np.round(rng.normal(0, 10.0 ** rng.integers(-6, 6), n), decimals)
    low = rng.integers(-9, 3, n).astype(float)
    high = low + rng.integers(0, 10, n)
    whole = whole_objective(objective, low, high, tolerance=TOLERANCE)
    for corner in range(2**n):
        x = [int(high[j] if corner >> j & 1 else low[j]) for j in range(n)]
        true = sum((Fraction(float(c)) * v for c, v in zip(objective, x, strict=True)), Fraction(0))
        rounded = Fraction(sum(int(w) * v for w, v in zip(whole.weight, x, strict=True))) / Fraction(whole.scale)
        assert abs(true - rounded) <= Fraction(whole.slack)


def test_an_objective_without_a_common_denominator_is_solved_with_a_bound_above_it() -> None:
    """Irrational values are rounded for the search, and the claimed bound is still no less than the true optimum."""
    source = program(
        [np.pi, np.e, -np.sqrt(2)], [[1.0, 1.0, 1.0]], [(2.0, 3.0)], bounds=[(0.0, 2.0)] * 3, integer=[True] * 3
    )
    answer = CpSatBackend().load(source).solve()
    assert answer.objective == pytest.approx(2 * np.pi + np.e, abs=1e-12)
    assert 0 <= answer.bound - (2 * np.pi + np.e) < 1e-9
