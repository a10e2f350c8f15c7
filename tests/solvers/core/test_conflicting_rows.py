"""Minimal conflicts among rows, whoever is asked what is feasible."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.core.conflict import minimal_conflict
from solvers.core.termination import Limits
from tests.solvers.small_programs import INF, program

ROWS = [[1.0, 1.0], [1.0, 0.0], [1.0, -1.0], [0.0, 1.0], [2.0, 1.0]]
SIDES = [(-INF, 1.0), (2.0, INF), (-5.0, 5.0), (-INF, 9.0), (-INF, 30.0)]


def test_two_rows_among_five_cannot_hold() -> None:
    """The row x ≥ 2 contradicts x + y ≤ 1 within y ≥ 0, and nothing else is named."""
    assert minimal_conflict(HighsBackend(), program([1.0, 1.0], ROWS, SIDES)).tolist() == [0, 1]


def test_columns_without_any_point_need_no_row() -> None:
    """Where bounds of columns cross, no row is to blame."""
    crossed = program([1.0, 1.0], ROWS, SIDES, bounds=[(2.0, 1.0), (0.0, 1.0)])
    assert minimal_conflict(HighsBackend(), crossed).tolist() == []


def test_whole_numbers_may_be_what_is_in_the_way() -> None:
    """2x + 2y = 3 holds for fractions only: a conflict in whole numbers, none in the relaxation."""
    odd = program([0.0, 0.0], [[1.0, 1.0], [2.0, 2.0]], [(0.0, 9.0), (3.0, 3.0)], integer=[True, True])
    assert minimal_conflict(HighsBackend(), odd).tolist() == [1]
    with pytest.raises(ValueError, match="not known to be in conflict"):
        minimal_conflict(HighsBackend(), odd, relaxed=True)


def test_the_search_can_begin_with_suspects() -> None:
    """Given rows known to conflict, no other row is looked at; given others, the mistake is told."""
    both = program([1.0, 1.0], [*ROWS, [1.0, 0.0]], [*SIDES, (3.0, INF)])
    suspects = np.array([0, 3, 5], dtype=np.int32)
    assert minimal_conflict(HighsBackend(), both, among=suspects).tolist() == [0, 5]
    with pytest.raises(ValueError, match="not known to be in conflict"):
        minimal_conflict(HighsBackend(), both, among=np.array([2, 3], dtype=np.int32))


def test_many_rows_of_which_few_matter() -> None:
    """A chain that cannot close is found whole among rows that say nothing."""
    n = 12
    dense = np.zeros((2 * n, n))
    for i in range(n - 1):
        dense[i, i], dense[i, i + 1] = 1.0, -1.0
    dense[n - 1, n - 1], dense[n - 1, 0] = 1.0, -1.0
    dense[n:] = np.eye(n)
    sides = [(1.0, INF)] * n + [(-INF, 1e3)] * n
    source = program([0.0] * n, dense.tolist(), sides, bounds=[(0.0, 100.0)] * n)
    assert minimal_conflict(HighsBackend(), source, limits=Limits(iterations=10_000)).tolist() == list(range(n))
