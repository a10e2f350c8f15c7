"""Columns added to a loaded model: the same as a program loaded with them, from wherever the last solve ended."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.core.backend import GrowingModel
from solvers.core.program import SparseRows, appended
from tests.solvers.small_programs import program

LOADED = program([3.0, 2.0], [[1, 1], [1, 3]], [(-np.inf, 4), (-np.inf, 6)], integer=[True, False])
NEW = (np.array([5.0]), np.array([0.0]), np.array([2.5]), SparseRows.from_triplets([0, 0], [0, 1], [2.0, 1.0], 1, 2))


@pytest.mark.parametrize("relaxed", [True, False])
def test_added_columns_count_like_loaded_ones(*, relaxed: bool) -> None:
    """Solved before and after, linear and mixed-integer, the grown model has value and point of the larger program."""
    model = HighsBackend().load(LOADED)
    assert isinstance(model, GrowingModel)
    model.solve(relaxed=relaxed)
    model.add_columns(*NEW)
    grown, fresh = model.solve(relaxed=relaxed), HighsBackend().load(appended(LOADED, *NEW)).solve(relaxed=relaxed)
    assert grown.objective == pytest.approx(fresh.objective)
    assert grown.x is not None
    assert len(grown.x) == 3


def test_added_columns_can_be_changed() -> None:
    """Bounds and objective of an added column are changed as those of any other, from a basis or without."""
    model = HighsBackend().load(LOADED)
    model.add_columns(*NEW)
    before = model.solve(relaxed=True).objective
    model.set_column_bounds(np.array([2], np.int32), np.zeros(1), np.zeros(1))
    assert model.solve(relaxed=True).objective == pytest.approx(
        HighsBackend().load(LOADED).solve(relaxed=True).objective
    )
    model.set_column_bounds(np.array([2], np.int32), np.zeros(1), np.array([2.5]))
    model.set_objective(np.array([2], np.int32), np.array([5.0]))
    assert model.solve(relaxed=True).objective == pytest.approx(before)
