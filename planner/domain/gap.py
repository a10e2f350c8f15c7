"""How far a plan may be from the best one."""

from __future__ import annotations


def relative_gap(value: float, bound: float) -> float:
    """Return (bound − value) / |value|, or the absolute difference where the value is 0."""
    difference = bound - value
    return difference / abs(value) if value else difference
