"""A Latin hypercube fills every interval evenly, and the same seed gives the same points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.sampling import latin_hypercube


@given(count=st.integers(1, 200), dimensions=st.integers(0, 5), seed=st.integers(0, 2**32))
def test_every_part_of_every_interval_holds_one_point(count: int, dimensions: int, seed: int) -> None:
    """However many points: along each dimension, each of as many equal parts holds exactly one of them."""
    points = latin_hypercube(count, dimensions, seed)
    assert points.shape == (count, dimensions)
    for column in points.T:
        assert np.array_equal(np.sort(np.floor(column * count * (1 + 1e-15))), np.arange(count))
        assert column.min() >= 0
        assert column.max() < 1


def test_the_points_of_a_seed_are_the_same_for_ever() -> None:
    """The bytes of a sample are a promise: a grid that was sampled once can be sampled again."""
    points = latin_hypercube(4, 2, 7)
    assert points.tobytes() == latin_hypercube(4, 2, 7).tobytes()
    assert points.tobytes() != latin_hypercube(4, 2, 8).tobytes()
    expected = [[0.825042, 0.813717], [0.218388, 0.611269], [0.501316, 0.376137], [0.455307, 0.138374]]
    assert points.round(6).tolist() == expected


def test_a_sample_of_nothing_is_refused() -> None:
    """No points and a negative seed are errors with the numbers in them."""
    with pytest.raises(ValueError, match="got 0 points"):
        latin_hypercube(0, 1, 0)
    with pytest.raises(ValueError, match="seed -1"):
        latin_hypercube(1, 1, -1)
