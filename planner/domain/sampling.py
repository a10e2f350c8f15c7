"""Points that fill a cube evenly, drawn from a seed alone, so that the same seed gives the same bytes for ever."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def latin_hypercube(count: int, dimensions: int, seed: int) -> npt.NDArray[np.float64]:
    """Return ``count`` points of the unit cube: float64 [count, dimensions], each in 0 ≤ x < 1.

    In every dimension each of the ``count`` equal parts of the interval holds exactly one point (McKay, Beckman and
    Conover, Technometrics 21, 1979). Only raw bits of PCG64 are used, whose stream NumPy promises not to change.

    Raises
    ------
    ValueError
        If there is no point or a negative number of dimensions or seed.
    """
    if count < 1 or dimensions < 0 or seed < 0:
        raise ValueError(f"a sample needs ≥ 1 point and a seed ≥ 0, got {count} points and seed {seed}")
    bits = np.random.PCG64(seed)
    points = np.empty((count, dimensions))
    for dimension in range(dimensions):
        strata = np.argsort(bits.random_raw(count), kind="stable")
        within = (bits.random_raw(count) >> np.uint64(11)) * 2.0**-53
        # Rounding may reach the next part's beginning, which is not ours.
        points[:, dimension] = np.minimum((strata + within) / count, np.nextafter((strata + 1) / count, 0.0))
    return points
