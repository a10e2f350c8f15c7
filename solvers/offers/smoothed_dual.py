"""The dual of a reward choice over some members, smoothed so that Newton's method can walk on it.

For prices λ, μ per offer an item (a member in a window) is worth ``max(0, max_o score[o])``, ``score[o] = value[o] -
λ[o]·cost[o] - μ[o]``: convex and piecewise linear in the prices. With a temperature τ > 0 it is replaced by

    τ·log(1 + Σ_o exp(score[o]/τ))  ∈  [max, max + τ·log(M+1)],

whose gradient are the expected uses under ``p[o] ∝ exp(score[o]/τ)`` and whose Hessian is their covariance over τ
(entropic smoothing: Nesterov 2005; Ben-Tal and Teboulle 1989). As τ falls to 0 the p tend to an optimal solution of the
linear relaxation, ties included: where a price makes many members indifferent, p splits them as the rows ask.

Sums go by grains of `GRAIN` neighbouring members and are kept as int64 multiples of ``1/unit``, so that shards that
hold whole grains add up to exactly the unsharded sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solvers.core.kernels import compiled
from solvers.core.program import Floats, Ints

GRAIN = 32768
_REACH = 18.0  # exp(-18) changes no price that matters

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Items:
    """Some members in some windows: ``item`` int64 [n] ascending, ``W·member + window`` with members counted globally.

    ``value`` (-inf: not eligible) and ``cost`` float64 [n, L]: the offers of the item's window, which begin at
    ``first`` int64 [n]. ``grain`` int64 [·] are the places where a new grain of members begins, with 0 and n.
    """

    item: Longs
    value: Floats
    cost: Floats
    first: Longs
    grain: Longs

    @property
    def count(self) -> int:
        """N."""
        return len(self.item)


class _Columns(NamedTuple):
    """The arrays of :class:`Items` as kernels take them."""

    value: Floats
    cost: Floats
    first: Longs
    grain: Longs


class _Grain(NamedTuple):
    """The arrays of :class:`Sums` as kernels take them."""

    worth: Longs
    use: Longs
    curve: Longs


def make_items(item: Longs, windows: int, start: Ints, columns: tuple[Floats, Floats]) -> Items:
    """Cut the offers of each item's window out of ``columns``: value (-inf barred) and cost, float64 [n, M]."""
    window = item % windows
    widest = int(np.diff(start).max())
    first = start[window].astype(np.int64)
    if windows == 1:
        value, cost = columns
    else:
        place = first[:, None] + np.arange(widest)
        inside = place < start[window + 1][:, None]
        place = np.minimum(place, int(start[-1]) - 1)
        value = np.where(inside, np.take_along_axis(columns[0], place, axis=1), -np.inf)
        cost = np.where(inside, np.take_along_axis(columns[1], place, axis=1), 0.0)
    grain = (item // windows) // GRAIN
    starts = np.flatnonzero(np.diff(grain)) + 1 if len(item) else np.zeros(0, dtype=np.int64)
    bounds = np.concatenate([[0], starts, [len(item)]]).astype(np.int64)
    return Items(
        item=item, value=np.ascontiguousarray(value), cost=np.ascontiguousarray(cost), first=first, grain=bounds
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """How many units an int64 sum counts as one: of ``worth`` (scores), ``use`` (money, members) and ``curve``."""

    worth: float
    use: float
    curve: float


def safe_unit(largest: float, terms: int) -> float:
    """Return the largest power of two u such that ``terms`` numbers up to ``largest`` add up below 2⁶¹ in units 1/u."""
    total = max(largest, 1e-300) * max(terms, 1)
    return float(2.0 ** (60 - np.ceil(np.log2(total))))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sums:
    """What the items add up to, as integers: they add over shards without rounding.

    ``worth`` int64 [3]: smoothed worth, plain worth, entropy; ``use`` int64 [2, M]: money spent, members given;
    ``curve`` int64 [2M, 2M]: the Hessian over (λ, μ), its lower triangle.
    """

    worth: Longs
    use: Longs
    curve: Longs

    def plus(self, other: Sums) -> Sums:
        """Return the sums of two disjoint sets of items."""
        return Sums(worth=self.worth + other.worth, use=self.use + other.use, curve=self.curve + other.curve)


def smoothed_sums(items: Items, lam: Floats, mu: Floats, tau: float, units: Units) -> Sums:
    """Add up smoothed worth, uses and curvature of the items at prices per offer, float64 [M]."""
    offers = len(lam)
    worth, use = np.zeros(3, dtype=np.int64), np.zeros((2, offers), dtype=np.int64)
    curve = np.zeros((2 * offers, 2 * offers), dtype=np.int64)
    scale = np.array([units.worth, units.use, units.curve])
    columns = _Columns(items.value, items.cost, items.first, items.grain)
    _add_up(columns, lam, mu, tau, scale, _Grain(worth, use, curve))
    return Sums(worth=worth, use=use, curve=curve)


def two_best(items: Items, lam: Floats, mu: Floats) -> tuple[Longs, Floats]:
    """Return a name of each item's two best offers, int64 [n], and what they differ by, float64 [n] (none counts 0)."""
    pair, margin = np.empty(items.count, dtype=np.int64), np.empty(items.count)
    _two_best(_Columns(items.value, items.cost, items.first, items.grain), lam, mu, pair, margin)
    return pair, margin


def drawn_offers(items: Items, lam: Floats, mu: Floats, tau: float) -> npt.NDArray[np.int8]:
    """Draw one offer (-1: none) per item from p, int8 [n], by a sequence that follows p closely in every stretch.

    The draw of an item depends on its number alone (golden-section sequence), not on the others.
    """
    chosen = np.empty(items.count, dtype=np.int8)
    golden = (np.sqrt(5.0) - 1) / 2
    level = np.mod((items.item % (1 << 24)).astype(np.float64) * golden, 1.0)
    _draw(_Columns(items.value, items.cost, items.first, items.grain), lam, mu, tau, level, chosen)
    return chosen


@compiled
def _add_up(items: _Columns, lam: Floats, mu: Floats, tau: float, scale: Floats, sums: _Grain) -> None:
    offers, width = len(lam), items.value.shape[1]
    score, p, active = np.empty(width), np.empty(width), np.empty(width, np.int64)
    use, curve = np.empty((2, offers)), np.empty((2 * offers, 2 * offers))
    worth = np.empty(3)
    for g in range(len(items.grain) - 1):
        worth[:] = 0.0
        use[:] = 0.0
        curve[:] = 0.0
        for i in range(items.grain[g], items.grain[g + 1]):
            base = items.first[i]
            many = min(width, offers - base)
            for k in range(many):
                score[k] = items.value[i, k] - lam[base + k] * items.cost[i, k] - mu[base + k]
            many = _spread(score[:many], tau, p, active, worth)
            for a in range(many):
                o = base + active[a]
                use[0, o] += p[a] * items.cost[i, active[a]]
                use[1, o] += p[a]
            if many > 1 or (many == 1 and p[0] < 1.0):
                _bend(p[:many], active, base, items.cost[i], tau, curve)
        for k in range(3):
            sums.worth[k] += np.int64(np.rint(worth[k] * scale[0]))
        sums.use[:] += np.rint(use * scale[1]).astype(np.int64)
        sums.curve[:] += np.rint(curve * scale[2]).astype(np.int64)


@compiled
def _spread(score: Floats, tau: float, p: Floats, active: Longs, worth: Floats) -> int:
    """Fill ``p`` for the offers that are not out of reach and list them; add to smooth worth, worth and entropy."""
    best, arg = 0.0, -1
    for k in range(len(score)):
        if score[k] > best:
            best, arg = score[k], k
    low = best - _REACH * tau
    many, mass, spread = 0, 0.0, 0.0
    for k in range(len(score)):
        if score[k] > low:
            gap = (score[k] - best) / tau
            p[many] = 1.0 if k == arg else np.exp(gap)
            spread -= p[many] * gap
            mass += p[many]
            active[many] = k
            many += 1
    if low < 0.0:
        rest = np.exp(-best / tau)
        spread += rest * best / tau
        mass += rest
    for a in range(many):
        p[a] /= mass
    excess = np.log(mass) if mass > 1.0 else 0.0
    worth[0] += best + tau * excess
    worth[1] += best
    worth[2] += tau * (excess + spread / mass)
    return many


@compiled
def _bend(p: Floats, active: Longs, base: int, cost: Floats, tau: float, curve: Floats) -> None:
    """Add an item's covariance over τ to the Hessian."""
    offers = len(curve) // 2
    for a in range(len(p)):
        oa, ca, pa = base + active[a], cost[active[a]], p[a] / tau
        for b in range(a + 1):
            ob, cb = base + active[b], cost[active[b]]
            weight = pa * ((1.0 if a == b else 0.0) - p[b])
            curve[oa, ob] += weight * ca * cb
            curve[offers + oa, offers + ob] += weight
            curve[offers + oa, ob] += weight * cb
            if a != b:
                curve[offers + ob, oa] += weight * ca


@compiled
def _draw(items: _Columns, lam: Floats, mu: Floats, tau: float, level: Floats, chosen: npt.NDArray[np.int8]) -> None:
    offers, width = len(lam), items.value.shape[1]
    score = np.empty(width)
    for i in range(len(level)):
        base = items.first[i]
        best = 0.0
        many = min(width, offers - base)
        for k in range(many):
            score[k] = items.value[i, k] - lam[base + k] * items.cost[i, k] - mu[base + k]
            best = max(best, score[k])
        mass = np.exp(-best / tau)
        for k in range(many):
            score[k] = np.exp((score[k] - best) / tau)
            mass += score[k]
        left = level[i] * mass
        chosen[i] = -1
        for k in range(many):
            left -= score[k]
            if left < 0.0:
                chosen[i] = base + k
                break


@compiled
def _two_best(items: _Columns, lam: Floats, mu: Floats, pair: Longs, margin: Floats) -> None:
    offers, width = len(lam), items.value.shape[1]
    for i in range(len(margin)):
        base, none = items.first[i], width
        best, second, arg, other = 0.0, -np.inf, none, none
        for k in range(min(width, offers - base)):
            score = items.value[i, k] - lam[base + k] * items.cost[i, k] - mu[base + k]
            if score > best:
                best, second, arg, other = score, best, k, arg
            elif score > second:
                second, other = score, k
        margin[i] = best - second
        pair[i] = (base * (width + 1) + min(arg, other)) * (width + 1) + max(arg, other)
