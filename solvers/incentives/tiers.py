"""Rebate tiers in the tension problem: what a scope pays at most while its tier lies in a range.

A scope in tiers ``low..high`` spends ``Q`` between its lowest threshold and the one above its highest, and earns
``rate(Q)·Σ cost·x``. Of every unit's cost the least in the span counts with the concave hull of ``rate(Q)·Q``, the rest
with the highest rate of the range: at least what is earned, and exactly that in a range of one tier. Slopes of the hull
are made whole by spreading each remainder over the first units of its segment, which leaves its corners where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from solvers.incentives.budget import BudgetInstance, SpanRebate
from solvers.incentives.tension import HARD, Arcs, Source, Tension, Wholes, arcs, basis_points, joined


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scope:
    """A rebate in whole numbers: reachable ``threshold`` (0 first), ``rate`` in basis points, ``cost`` in the span."""

    index: int
    first: int
    last: int
    threshold: tuple[int, ...]
    rate: tuple[int, ...]
    cost: Wholes
    most: int

    @property
    def highest(self) -> int:
        """The highest tier that can be reached."""
        return len(self.threshold) - 1

    def tier_reached(self, total: int, parts: int) -> int:
        """Return the tier that a total of ``total / parts`` reaches."""
        return sum(parts * threshold <= total for threshold in self.threshold) - 1


def scopes_of(instance: BudgetInstance) -> tuple[Scope, ...]:
    """Return the rebates in whole numbers, without tiers that cannot be reached."""
    return tuple(_scope(instance, r, rebate) for r, rebate in enumerate(instance.rebates))


def _scope(instance: BudgetInstance, index: int, rebate: SpanRebate) -> Scope:
    span = slice(rebate.first, rebate.last + 1)
    most = int(instance.most[span].sum())
    reachable = rebate.threshold <= most
    return Scope(
        index=index,
        first=rebate.first,
        last=rebate.last,
        threshold=(0, *rebate.threshold[reachable].astype(np.int64).tolist()),
        rate=(0, *basis_points(rebate.rate[reachable]).tolist()),
        cost=instance.cost[span].astype(np.int64),
        most=most,
    )


def tension_in_tiers(base: Tension, scopes: tuple[Scope, ...], low: tuple[int, ...], high: tuple[int, ...]) -> Tension:
    """Return a tension problem worth at least as much as any spending with every scope in its range of tiers."""
    slope, constant = base.slope.copy(), base.constant
    parts = [base.arcs]
    for scope, lowest, highest in zip(scopes, low, high, strict=True):
        level, first_slope, ends, falls = _hull(scope, lowest, highest)
        least = int(scope.cost.min())
        slope[scope.first : scope.last + 1] += first_slope + scope.rate[highest] * (scope.cost - least)
        constant += level
        parts += _scope_arcs(scope, lowest, highest, ends, falls)
    return replace(base, arcs=joined(parts), slope=slope, constant=constant)


def _scope_arcs(scope: Scope, low: int, high: int, ends: list[int], falls: list[int]) -> list[Arcs]:
    start, end, r = scope.first, scope.last + 1, scope.index
    found = []
    if low > 0:
        found.append(arcs(Source.TIER_FROM, r, (end, start), bound=-scope.threshold[low], price=HARD))
    if high < scope.highest:
        found.append(arcs(Source.TIER_BELOW, r, (start, end), bound=scope.threshold[high + 1], price=HARD))
    if ends:
        found.append(arcs(Source.TIER_PIECE, [r] * len(ends), (start, end), bound=ends, price=falls))
    return found


def _hull(scope: Scope, low: int, high: int) -> tuple[int, int, list[int], list[int]]:
    """Return the hull as its value extended to 0, first slope, and where it falls by how much."""
    cost = int(scope.cost.min())
    top = scope.most if high == scope.highest else scope.threshold[high + 1]
    corners = [(scope.threshold[k], scope.rate[k] * scope.threshold[k] * cost) for k in range(low, high + 1)]
    corners = _upper_hull([*corners, (top, scope.rate[high] * top * cost)])
    pieces: dict[int, int] = {}
    for (start, level), (end, next_level) in pairwise(corners):
        slope, rest = divmod(next_level - level, end - start)
        for step, length in ((slope + 1, rest), (slope, end - start - rest)):
            pieces[step] = pieces.get(step, 0) + length
    steps = sorted((step, length) for step, length in pieces.items() if length)[::-1] or [(scope.rate[high] * cost, 0)]
    start, level = corners[0]
    ends, falls, place = list[int](), list[int](), start
    for (step, length), (following, _) in pairwise(steps):
        place += length
        ends.append(place)
        falls.append(step - following)
    return level - steps[0][0] * start, steps[0][0], ends, falls


def _upper_hull(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the corners of the concave hull of points in ascending order; of equal places the higher one counts."""
    hull: list[tuple[int, int]] = []
    for x, y in points:
        if hull and hull[-1][0] == x:
            if hull[-1][1] >= y:
                continue
            hull.pop()
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    return hull


def _turns_up(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) <= (c[1] - b[1]) * (b[0] - a[0])
