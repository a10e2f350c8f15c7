"""What a grid of questions may cost, before it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GridCost:
    """Seconds on the clock that all cases take: at most, and as measured cases suggest (None: none was measured)."""

    most: float
    expected: float | None


def estimate_grid(cases: int, *, lanes: int, seconds: float, measured: Sequence[float] = ()) -> GridCost:
    """Return the cost of ``cases`` on ``lanes`` at once, none of which may take more than ``seconds``.

    ``measured`` are the seconds of cases that were planned before, of this grid or one like it.

    Raises
    ------
    ValueError
        If there is no lane or no time.
    """
    if lanes < 1 or seconds <= 0:
        raise ValueError(f"cases need at least one lane and some seconds, got {lanes} and {seconds:g}")
    mean = min(sum(measured) / len(measured), seconds) if measured else None
    return GridCost(cases * seconds / lanes, None if mean is None else cases * mean / lanes)
