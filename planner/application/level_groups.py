"""Levels of a factor, as few enough groups to be set side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable

MOST_APART = 6
"""So many different numbers stay apart; more are cut into thirds of their range."""
FEW_APART = 3
"""The same where no two cases are alike in all else, as in a sample: single cases would be compared otherwise."""
MOST_DIGITS = 9
"""Longer numbers are shortened in the name of their group."""


def level_groups(levels: Iterable[str], apart: int = MOST_APART) -> dict[str, str]:
    """Return the group of each level, in the order of the groups: numbers ascend, texts are sorted.

    Levels are told as people write them. More than ``apart`` numbers, such as those of a sample, are grouped by thirds
    of their range; everything else is a group of its own.
    """
    told = sorted(set(levels))
    numbers = {level: number for level in told if (number := _number(level)) is not None}
    if len(numbers) < len(told):
        return {level: level for level in told}
    ordered = sorted(told, key=lambda level: (numbers[level], level))
    if len(ordered) <= apart:
        return {level: _short(level, numbers[level]) for level in ordered}
    low, high = numbers[ordered[0]], numbers[ordered[-1]]
    third = (high - low) / 3
    if third <= 0:
        return dict.fromkeys(ordered, _short(ordered[0], low))
    names = [f"{low + place * third:.4g}–{low + (place + 1) * third:.4g}" for place in range(3)]
    return {level: names[min(math.floor((numbers[level] - low) / third), 2)] for level in ordered}


def _short(level: str, number: float) -> str:
    """Return a level as it is, or with six digits where a sample gave it more."""
    return level if len(level) <= MOST_DIGITS else f"{number:.6g}"


def _number(level: str) -> float | None:
    try:
        number = float(level)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
