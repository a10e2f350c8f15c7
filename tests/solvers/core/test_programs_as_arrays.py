"""Sparse rows against dense ones, and what is refused as a program."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.core.errors import InvalidProgram, SolverError
from solvers.core.program import SparseRows
from solvers.core.termination import Limits
from tests.solvers.small_programs import dense, program

TRIPLETS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(-9, 9).map(float)), max_size=30)


@given(TRIPLETS)
def test_triplets_in_any_order_make_the_dense_matrix(entries: list[tuple[int, int, float]]) -> None:
    """Repeated entries add up, rows and columns without entries stay empty, columns ascend in each row."""
    expected = np.zeros((5, 6))
    for i, j, v in entries:
        expected[i, j] += v
    i, j, v = zip(*entries, strict=True) if entries else ((), (), ())
    matrix = SparseRows.from_triplets(i, j, v, 5, 6)
    np.testing.assert_array_equal(dense(matrix), expected)
    for row in range(5):
        columns = matrix.index[matrix.start[row] : matrix.start[row + 1]]
        assert (np.diff(columns) > 0).all()
    x, y = np.arange(6.0) - 2, np.arange(5.0) - 1
    np.testing.assert_array_equal(matrix.times(x), expected @ x)
    np.testing.assert_array_equal(matrix.transposed_times(y), expected.T @ y)


def test_a_matrix_without_rows_or_columns() -> None:
    """Empty matrices multiply to empty or zero vectors."""
    assert SparseRows.from_triplets([], [], [], 0, 3).transposed_times(np.zeros(0)).tolist() == [0.0, 0.0, 0.0]
    assert SparseRows.from_triplets([], [], [], 2, 0).times(np.zeros(0)).tolist() == [0.0, 0.0]


def test_values_without_an_index_are_refused() -> None:
    """Sparse rows whose parts differ in length are no matrix."""
    with pytest.raises(InvalidProgram, match="one value per index"):
        SparseRows(np.array([0, 2], dtype=np.int32), np.array([0], dtype=np.int32), np.array([1.0, 2.0]), 2)


@pytest.mark.parametrize("name", ["objective", "lower", "upper", "row_lower", "row_upper"])
def test_nan_is_refused_by_name_and_place(name: str) -> None:
    """A NaN anywhere is refused with the vector and the position."""
    good = program([1.0, 1.0], [[1.0, 1.0], [1.0, 0.0]], [(0.0, 3.0), (0.0, 1.0)])
    bad = getattr(good, name).copy()
    bad[1] = np.nan
    with pytest.raises(InvalidProgram, match=f"{name} holds NaN at 1"):
        dataclasses.replace(good, **{name: bad})


@pytest.mark.parametrize("name", ["objective", "upper", "integer", "row_upper"])
def test_vectors_of_other_lengths_are_refused(name: str) -> None:
    """A vector that does not fit the matrix is refused, as an error of the mathematics floor."""
    good = program([1.0, 1.0], [[1.0, 1.0]], [(0.0, 3.0)])
    with pytest.raises(SolverError):
        dataclasses.replace(good, **{name: getattr(good, name)[:-1]})


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_limit_without_time_is_refused(seconds: float) -> None:
    """No seconds at all is a mistake of the caller, not a limit."""
    with pytest.raises(ValueError, match="no time to solve"):
        Limits(seconds=seconds)
