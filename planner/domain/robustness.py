"""How good one decision is over many scenarios that may come true, as intervals that values and bounds prove.

What a decision is worth in a scenario is known to lie in an interval: the value of a plan found, and a bound of all.
Worst case and CVaR never fall when a value rises, so they lie between what they are of all lower ends and of all upper
ends. A decision that cannot be carried out in a scenario is worth −∞ there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

TOLERANCE = 1e-6
"""Relative accuracy of values that are recomputed, as in comparisons of cases."""


class Risk(StrEnum):
    """By what decisions are compared: the worth in the worst scenario, or the mean of the worst share of them."""

    WORST = "worst"
    CVAR = "cvar"


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included; either may be infinite."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(
                f"an interval goes from a number to one that is not smaller, got {self.low} to {self.high}"
            )


IMPOSSIBLE = Interval(-math.inf, -math.inf)
"""What a decision is worth where it cannot be carried out."""


def certified(value: float | None, bound: float | None) -> Interval:
    """Return where the worth of the best plan lies: values may be a little too high, and bounds a little too low.

    Without a value nothing is known from below, without a bound nothing from above.
    """
    low = -math.inf if value is None else value - TOLERANCE * abs(value)
    high = math.inf if bound is None else bound + TOLERANCE * abs(bound)
    return Interval(min(low, high), high)


def worst_case(worths: Sequence[Interval]) -> Interval:
    """Return the least worth over scenarios.

    Raises
    ------
    ValueError
        If there is no scenario.
    """
    if not worths:
        raise ValueError("a worst case is that of at least one scenario")
    return Interval(min(each.low for each in worths), min(each.high for each in worths))


def cvar(worths: Sequence[Interval], alpha: float) -> Interval:
    """Return the conditional value at risk: the mean worth of the worst share 1 − ``alpha`` of equal scenarios.

    With ``alpha`` 0 it is the mean of all, and the closer to 1 the closer to the worst case. A scenario that lies
    across the border of the share counts in part (Rockafellar and Uryasev 2002, for scenarios of equal probability).

    Raises
    ------
    ValueError
        If there is no scenario, or ``alpha`` is not in [0, 1).
    """
    return Interval(_tail_mean([each.low for each in worths], alpha), _tail_mean([each.high for each in worths], alpha))


def regret(free: Interval, held: Interval) -> Interval:
    """Return how much worth is lost in a scenario by a decision, against the best plan for that scenario.

    ``held`` is what the best plan with the decision is worth, ``free`` what the best of all is. The loss is never
    negative, since every plan with the decision is a plan.
    """
    if held == IMPOSSIBLE:
        return Interval(math.inf, math.inf)
    low = free.low - held.high
    return Interval(max(0.0, -math.inf if math.isnan(low) else low), max(0.0, free.high - held.low))


def largest(losses: Sequence[Interval]) -> Interval:
    """Return the largest loss over scenarios; ValueError if there is none."""
    if not losses:
        raise ValueError("a largest loss is that over at least one scenario")
    return Interval(max(each.low for each in losses), max(each.high for each in losses))


@dataclass(frozen=True, slots=True)
class Choice:
    """The place of the best of several decisions as far as is known, and the places of those that may be better."""

    best: int
    rivals: tuple[int, ...]

    @property
    def proven(self) -> bool:
        """Tell whether none of the others can be better."""
        return not self.rivals


def choose(worths: Sequence[Interval]) -> Choice:
    """Return the decision with the greatest certain worth; of several the first with the greatest possible one.

    Raises
    ------
    ValueError
        If there is nothing to choose from.
    """
    if not worths:
        raise ValueError("a choice needs at least one decision")
    best = max(range(len(worths)), key=lambda i: (worths[i].low, worths[i].high, -i))
    rivals = tuple(i for i, each in enumerate(worths) if i != best and each.high > worths[best].low)
    return Choice(best, rivals)


def _tail_mean(values: Sequence[float], alpha: float) -> float:
    if not values or not 0 <= alpha < 1:
        raise ValueError(f"CVaR needs a scenario and a share alpha in [0, 1), got {len(values)} and {alpha}")
    mass = (1.0 - alpha) * len(values)
    ordered, whole = sorted(values), min(int(mass), len(values))
    counted = [*ordered[:whole]]
    rest = mass - whole
    if whole < len(values) and rest > 0:
        if math.isinf(ordered[whole]):
            return ordered[whole] if not any(math.isinf(each) and each < 0 for each in counted) else -math.inf
        counted.append(rest * ordered[whole])
    return -math.inf if -math.inf in counted else math.inf if math.inf in counted else math.fsum(counted) / mass
