"""Seeded partner budgets: small mixed ones, on which exact solvers must agree, and weekly ones of any size.

The same arguments give the same instance on every machine. No public library of this problem is known to us.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from solvers.core.program import Floats
from solvers.incentives.budget import BudgetInstance, SpanRebate
from solvers.incentives.spans import SpanRows, floors, pacing, softened, span_row, together

PARTS = 27_720
"""Of a unit: the least common multiple of 1..12, fine enough for optima of small budgets under an own budget."""


def small_budget(seed: int) -> BudgetInstance:
    """Return a budget of up to six periods in which any feature may be missing, hard, soft or impossible."""
    chance = np.random.default_rng(seed)
    periods, pieces = int(chance.integers(1, 7)), int(chance.integers(1, 4))
    alike = chance.random() < 0.3
    return BudgetInstance(
        worth=_falling(chance.integers(0, 13, (periods, pieces))),
        size=chance.integers(0, 6, (periods, pieces)).astype(np.float64),
        cost=np.full(periods, float(chance.integers(1, 8))) if alike else _whole(chance, 0, 8, periods),
        share=chance.integers(0, 5, periods) / 4.0,
        matched=_some(chance, 0.7, _whole(chance, 0, 12, periods)),
        release=_some(chance, 0.9 if chance.random() < 0.8 else 0.0, _whole(chance, 0, 9, periods)),
        carry=_some(chance, 0.7, _whole(chance, 0, 7, periods)),
        rows=_small_rows(chance, periods),
        rebates=tuple(_small_rebate(chance, periods, r) for r in range(int(chance.integers(0, 3)))),
        own_budget=np.inf if chance.random() < 0.6 else float(chance.integers(0, 120)),
    )


def _small_rows(chance: np.random.Generator, periods: int) -> SpanRows:
    parts = []
    if chance.random() < 0.5:
        parts.append(floors(np.where(chance.random(periods) < 0.4, chance.integers(0, 4, periods), 0.0)))
    if chance.random() < 0.5:
        curve = np.cumsum(chance.integers(0, 3, periods)).astype(np.float64)
        ahead = curve + chance.integers(0, 9, periods)
        parts.append(pacing(-_some(chance, 0.4, -curve), _some(chance, 0.4, ahead)))
    for k in range(int(chance.integers(0, 3))):
        first, last = _span(chance, periods)
        parts.append(span_row(f"commitment {k}", first, last, lower=float(chance.integers(0, 12))))
    return together(
        *(part if chance.random() < 0.4 else softened(part, float(chance.integers(0, 7))) for part in parts)
    )


def _small_rebate(chance: np.random.Generator, periods: int, number: int) -> SpanRebate:
    first, last = _span(chance, periods)
    tiers = int(chance.integers(1, 4))
    return SpanRebate(
        name=f"rebate {number}",
        first=first,
        last=last,
        threshold=np.cumsum(chance.integers(1, 7, tiers)).astype(np.float64),
        rate=np.sort(chance.integers(0, 13, tiers)) / 20.0,
    )


def weekly_budget(seed: int, *, periods: int, tiers: int, scopes: int = 1, own: float = np.inf) -> BudgetInstance:
    """Return a year's contract: random worth, a fund released weekly, pacing, commitments and ``scopes`` rebates.

    Scopes part the horizon evenly, each with ``tiers`` thresholds between a tenth and nearly all of what can be spent.
    ``own`` is our own budget as a part of the cost of all that is released.
    """
    chance = np.random.default_rng(seed)
    worth = _falling(chance.integers(60, 160, (periods, 3)))
    size = chance.integers(0, 400, (periods, 3)).astype(np.float64)
    release = _whole(chance, 100, 700, periods)
    cost = _whole(chance, 80, 120, periods)
    edges = [scope * periods // scopes for scope in range(scopes + 1)]
    least = np.floor(0.5 * np.cumsum(release))
    commitments = (
        softened(span_row(f"commitment {first}", first, last - 1, lower=float(size[first:last].sum() // 3)), 4.0)
        for first, last in itertools.pairwise(edges)
    )
    return BudgetInstance(
        worth=worth,
        size=size,
        cost=cost,
        share=np.full(periods, 0.25),
        matched=_whole(chance, 0, 600, periods),
        release=release,
        carry=_whole(chance, 0, 900, periods),
        rows=together(
            floors(np.minimum(np.where(chance.random(periods) < 0.3, 20.0, 0.0), size.sum(axis=1))),
            softened(pacing(least, np.full(periods, np.inf)), 7.0),
            *commitments,
        ),
        rebates=tuple(
            SpanRebate(
                name=f"rebate {first}..{last - 1}",
                first=first,
                last=last - 1,
                threshold=_thresholds(float(size[first:last].sum()), tiers),
                rate=np.sort(chance.integers(0, 3000, tiers)) / 10_000,
            )
            for first, last in itertools.pairwise(edges)
        ),
        own_budget=float(np.floor(own * (cost @ release))),
    )


def _thresholds(most: float, tiers: int) -> Floats:
    """Return that many whole thresholds, all different however little can be spent."""
    even = np.floor(np.linspace(0.1, 0.95, tiers) * most)
    return np.maximum.accumulate(np.maximum(even - np.arange(tiers), 1.0)) + np.arange(tiers)


def _falling(worth: npt.NDArray[np.int64]) -> Floats:
    return np.sort(worth, axis=1)[:, ::-1].astype(np.float64)


def _whole(chance: np.random.Generator, low: int, high: int, count: int) -> Floats:
    return chance.integers(low, high, count).astype(np.float64)


def _some(chance: np.random.Generator, likely: float, numbers: Floats) -> Floats:
    """Return the numbers, and +inf where there happens to be no limit."""
    return np.where(chance.random(len(numbers)) < likely, numbers, np.inf)


def _span(chance: np.random.Generator, periods: int) -> tuple[int, int]:
    first = int(chance.integers(0, periods))
    return first, int(chance.integers(first, periods))
