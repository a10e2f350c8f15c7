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

import numba as nb
import numpy as np
import numpy.typing as npt

from solvers.core.program import Floats, Ints

GRAIN = 32768
_REACH = 36.0  # exp(-36) is below the resolution of a sum of ones
_compiled = nb.njit(nogil=True, error_model="numpy", cache=True)

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
        """n."""
        return len(self.item)


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
    _add_up(items.value, items.cost, items.first, items.grain, lam, mu, tau, scale, worth, use, curve)
    return Sums(worth=worth, use=use, curve=curve)


def drawn_offers(items: Items, lam: Floats, mu: Floats, tau: float) -> npt.NDArray[np.int8]:
    """Draw one offer (-1: none) per item from p, int8 [n], by a sequence that follows p closely in every stretch.

    The draw of an item depends on its number alone (golden-section sequence), not on the others.
    """
    chosen = np.empty(items.count, dtype=np.int8)
    golden = (np.sqrt(5.0) - 1) / 2
    level = np.mod((items.item % (1 << 24)).astype(np.float64) * golden, 1.0)
    _draw(items.value, items.cost, items.first, lam, mu, tau, level, chosen)
    return chosen


@_compiled
def _add_up(value, cost, first, grain, lam, mu, tau, scale, worth, use, curve):  # type: ignore[no-untyped-def]  # compiled
    offers, width = len(lam), value.shape[1]
    score, p = np.empty(width), np.empty(width)
    active = np.empty(width, np.int64)
    part_use, part_curve = np.empty((2, offers)), np.empty((2 * offers, 2 * offers))
    for g in range(len(grain) - 1):
        part_use[:] = 0.0
        part_curve[:] = 0.0
        smooth, plain, entropy = 0.0, 0.0, 0.0
        for i in range(grain[g], grain[g + 1]):
            base = first[i]
            best, arg = 0.0, -1
            for k in range(min(width, offers - base)):
                x = value[i, k] - lam[base + k] * cost[i, k] - mu[base + k]
                score[k] = x
                if x > best:
                    best, arg = x, k
            plain += best
            low = best - _REACH * tau
            many, mass, spread = 0, 0.0, 0.0
            for k in range(min(width, offers - base)):
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
            excess = np.log(mass)
            smooth += best + tau * excess
            entropy += tau * (excess + spread / mass)
            single = many == 1 and mass == 1.0
            for a in range(many):
                p[a] /= mass
                o = base + active[a]
                part_use[0, o] += p[a] * cost[i, active[a]]
                part_use[1, o] += p[a]
            if single:
                continue
            for a in range(many):
                oa, ca, pa = base + active[a], cost[i, active[a]], p[a] / tau
                for b in range(a + 1):
                    ob, cb = base + active[b], cost[i, active[b]]
                    weight = pa * ((1.0 if a == b else 0.0) - p[b])
                    part_curve[oa, ob] += weight * ca * cb
                    part_curve[offers + oa, offers + ob] += weight
                    part_curve[offers + oa, ob] += weight * cb
                    if a != b:
                        part_curve[offers + ob, oa] += weight * ca
        worth[0] += np.int64(np.rint(smooth * scale[0]))
        worth[1] += np.int64(np.rint(plain * scale[0]))
        worth[2] += np.int64(np.rint(entropy * scale[0]))
        for r in range(2):
            for o in range(offers):
                use[r, o] += np.int64(np.rint(part_use[r, o] * scale[1]))
        for r in range(2 * offers):
            for o in range(2 * offers):
                curve[r, o] += np.int64(np.rint(part_curve[r, o] * scale[2]))


@_compiled
def _draw(value, cost, first, lam, mu, tau, level, chosen):  # type: ignore[no-untyped-def]  # compiled
    offers, width = len(lam), value.shape[1]
    score = np.empty(width)
    for i in range(len(level)):
        base = first[i]
        best = 0.0
        many = min(width, offers - base)
        for k in range(many):
            score[k] = value[i, k] - lam[base + k] * cost[i, k] - mu[base + k]
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
