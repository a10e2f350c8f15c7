"""Rebate tiers in the tension problem: what a scope pays at most while its tier lies in a range.

A scope in tiers ``low..high`` spends ``Q`` between its lowest threshold and the one above its highest, and earns
``rate(Q)·Σ cost·x``. Of every unit's cost the least in the span counts with the concave hull of ``rate(Q)·Q``, the rest
with the highest rate of the range: at least what is earned, and exactly that in a range of one tier. A scope of a
single period takes that period's own worth into its hull, which is then lower than the sum of the two; not where our
own budget prices the period's money, since the hull would have to move with that price. Slopes of a hull are made whole
by spreading each remainder over the first units of its segment, which leaves the corners where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.incentives.budget import BudgetInstance, SpanRebate
from solvers.incentives.tension import (
    HARD,
    LARGEST_SUM,
    Arcs,
    Source,
    Tension,
    Wholes,
    arcs,
    basis_points,
    joined,
    tension_without_rebates,
)

Corner = tuple[int, int]  # a total, and what it is worth
Tiers = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scope:
    """A rebate in whole numbers: reachable ``threshold`` (0 first), ``rate`` in basis points, ``cost`` in the span.

    ``own_worth`` holds the corners of its single period's worth where the hull takes it in, else nothing.
    """

    index: int
    first: int
    last: int
    threshold: tuple[int, ...]
    rate: tuple[int, ...]
    cost: Wholes
    most: int
    own_worth: tuple[Corner, ...] = ()

    @property
    def highest(self) -> int:
        """The highest tier that can be reached."""
        return len(self.threshold) - 1

    def tier_reached(self, total: int, parts: int) -> int:
        """Return the tier that a total of ``total / parts`` reaches."""
        return sum(parts * threshold <= total for threshold in self.threshold) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A scope in a range of tiers: worth ``level`` at a total of 0, then slopes that fall at the arcs' bounds."""

    level: int
    slope: Wholes
    arcs: Arcs


@dataclass(frozen=True, slots=True, eq=False)
class TieredTension:
    """``plain`` is the problem with every scope in tier 0, ``base`` the same without worth that hulls take in."""

    plain: Tension
    base: Tension
    scopes: tuple[Scope, ...]
    stages: dict[tuple[int, int, int], Stage] = field(default_factory=dict)  # of scope, low, high: written once each

    @property
    def highest(self) -> Tiers:
        """The highest tier of every scope."""
        return tuple(scope.highest for scope in self.scopes)

    def within(self, low: Tiers, high: Tiers) -> Tension:
        """Return a problem worth at least as much as any spending with every scope in its range of tiers."""
        slope, constant, parts = self.base.slope.copy(), self.base.constant, [self.base.arcs]
        for r, scope in enumerate(self.scopes):
            stage = self.stage(r, low[r], high[r])
            slope[scope.first : scope.last + 1] += stage.slope
            constant += stage.level
            parts.append(stage.arcs)
        return replace(self.base, arcs=joined(parts), slope=slope, constant=constant)

    def stage(self, r: int, low: int, high: int) -> Stage:
        """Return a scope in a range of tiers."""
        key = r, low, high
        if key not in self.stages:
            self.stages[key] = _stage(self.scopes[r], low, high)
        return self.stages[key]


def tiered(instance: BudgetInstance) -> TieredTension:
    """Return the problem of an instance, ready for any ranges of tiers."""
    plain = tension_without_rebates(instance)
    scopes, slope, price = [], plain.slope.copy(), plain.arcs.price.copy()
    taken = set[int]()
    for r, rebate in enumerate(instance.rebates):
        scope, t = _scope(instance, r, rebate), rebate.first
        if rebate.last == t and t not in taken and np.isinf(instance.own_budget):
            piece = (plain.arcs.source == Source.PIECE) & (plain.arcs.index == t)
            worth = _corners(scope.most, int(slope[t]), plain.arcs.bound[piece], price[piece])
            scope = replace(scope, own_worth=worth)
            slope[t], price[piece] = 0, 0
            taken.add(t)
        scopes.append(scope)
    _refuse_overflow(plain, scopes)
    base = replace(plain, slope=slope, arcs=replace(plain.arcs, price=price))
    return TieredTension(plain, base, tuple(scopes))


def _refuse_overflow(plain: Tension, scopes: list[Scope]) -> None:
    soft = plain.arcs.price[plain.arcs.price < HARD]
    total = float(np.abs(plain.slope).sum(dtype=np.float64)) + float(soft.sum(dtype=np.float64))
    total += sum(2.0 * scope.rate[-1] * float(scope.cost.sum(dtype=np.float64)) for scope in scopes)
    if total > LARGEST_SUM:
        raise InvalidProgram("worth, costs and penalties are too large to stay exact; choose a larger unit of money")


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


def _corners(most: int, slope: int, bound: Wholes, price: Wholes) -> tuple[Corner, ...]:
    """Return the corners from 0 to ``most`` of a concave function that loses ``price`` of its slope at each bound."""
    falls = list(zip(bound.tolist(), price.tolist(), strict=True))
    places = sorted({0, most, *(at for at, _ in falls if 0 < at < most)})
    return tuple((x, slope * x - sum(fall * max(0, x - at) for at, fall in falls)) for x in places)


def _stage(scope: Scope, low: int, high: int) -> Stage:
    least = int(scope.cost.min())
    steps, (start, level) = _whole_hull(_earned(scope, low, high, least))
    places = np.cumsum([length for _, length in steps[:-1]], dtype=np.int64) + start
    slopes = np.array([slope for slope, _ in steps], dtype=np.int64)
    return Stage(
        level=level - steps[0][0] * start,
        slope=steps[0][0] + scope.rate[high] * (scope.cost - least),
        arcs=_scope_arcs(scope, low, high, (places, slopes[:-1] - slopes[1:])),
    )


def _earned(scope: Scope, low: int, high: int, cost: int) -> list[Corner]:
    """Return corners, in ascending order, whose hull lies above what a total earns within the range of tiers."""
    bottom = scope.threshold[low]
    top = scope.most if high == scope.highest else scope.threshold[high + 1]
    own = scope.own_worth or ((0, 0),)
    inside = {bottom, top, *scope.threshold[low : high + 1], *(x for x, _ in own if bottom < x < top)}
    places = np.array(sorted(inside), dtype=np.int64)
    tier = np.minimum(np.searchsorted(scope.threshold, places, side="right") - 1, high)
    rate = np.array(scope.rate, dtype=np.int64)[tier]
    return [(x, each * cost * x + _at(own, x)) for x, each in zip(places.tolist(), rate.tolist(), strict=True)]


def _at(corners: tuple[Corner, ...], x: int) -> int:
    """Return the function through the corners at a whole number; its slopes are whole."""
    for (start, level), (end, following) in pairwise(corners):
        if x <= end:
            return level + (following - level) // (end - start) * (x - start)
    return corners[-1][1]


def _scope_arcs(scope: Scope, low: int, high: int, falls: tuple[Wholes, Wholes]) -> Arcs:
    start, end, r = scope.first, scope.last + 1, scope.index
    bound, price = falls
    found = [arcs(Source.TIER_PIECE, np.full(len(bound), r), (start, end), bound=bound, price=price)]
    if low > 0:
        found.append(arcs(Source.TIER_FROM, r, (end, start), bound=-scope.threshold[low], price=HARD))
    if high < scope.highest:
        found.append(arcs(Source.TIER_BELOW, r, (start, end), bound=scope.threshold[high + 1], price=HARD))
    return joined(found)


def _whole_hull(corners: list[Corner]) -> tuple[list[tuple[int, int]], Corner]:
    """Return a concave function above all corners as whole, falling slopes with lengths, and its first corner."""
    hull = _upper_hull(corners)
    lengths: dict[int, int] = {}
    for (start, level), (end, following) in pairwise(hull):
        slope, rest = divmod(following - level, end - start)
        for step, length in ((slope + 1, rest), (slope, end - start - rest)):
            if length:
                lengths[step] = lengths.get(step, 0) + length
    return sorted(lengths.items(), reverse=True) or [(0, 0)], hull[0]


def _upper_hull(points: list[Corner]) -> list[Corner]:
    hull: list[Corner] = []
    for point in points:
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_up(a: Corner, b: Corner, c: Corner) -> bool:
    return (b[1] - a[1]) * (c[0] - b[0]) <= (c[1] - b[1]) * (b[0] - a[0])
