"""Exact best response of every member to given prices, and an upper bound on it that rounding cannot break.

Inside a class, members whose probabilities are nowhere clipped at 1 are worth ``max(0, weight·K + g)`` in a window,
``K = max_o response[o]·margin[o]`` over the allowed offers: sorted weights and their prefix sums make that a bisection
per class and window. Clipped members, and classes that a distinct count looks at, are evaluated member by member in
array arithmetic.

Rounding. With ``u = 2⁻⁵³``, every computed member value differs from the exact one by at most ``4u`` of its magnitude
``weight·max|response·margin| + |g|`` (product, slope, clip test, sum; a member put on the wrong side of zero is
within the same distance of zero). A prefix sum of n terms is off by at most ``n·u/(1 - n·u)`` of the total, twice for
a difference, an array sum by as much once. So the total of a class and window is off by less than
``(2.5·n + 32 + W + Q)·u·Σ magnitude`` plus underflow of at most 2⁻¹⁰⁷⁰ per member; this is added before the last sum,
which is exact up to one rounding (fsum) and moved one number up.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field

import numpy as np

from solvers.core.program import Bools, Floats
from solvers.offers.instance import NO_OFFER, Choice, OfferInstance, OfferPrices

_UNIT = 2.0**-53
_UNDERFLOW = 2.0**-1070
_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BestResponse:
    """A maximiser and its worth.

    ``value_upper`` ≥ the exact maximum. ``redemptions`` [W, M], ``counts`` [G, W] and ``distinct`` [Q] belong to one
    maximiser (computed to nearest), so they are a subgradient of the value in the prices. ``choice`` int16 [N, W] is
    that maximiser (-1: no offer), if it was asked for. Ties give no offer before any, a low offer index before a high.
    """

    value_upper: float
    redemptions: Floats
    counts: Floats
    distinct: Floats
    choice: Choice | None


@dataclass(slots=True, eq=False)
class _Tally:
    instance: OfferInstance
    redemptions: Floats
    counts: Floats
    distinct: Floats
    choice: Choice | None
    parts: list[float] = field(default_factory=list)

    def add_value(self, value: float, magnitude: float, members: int) -> None:
        terms = 2.5 * members + 32 + self.instance.windows + self.instance.distinct_counts
        self.parts.append(value)
        self.parts.append(terms * _UNIT * magnitude * (1 + 1e-6) + members * _UNDERFLOW)


def best_response(instance: OfferInstance, prices: OfferPrices, *, with_choice: bool = False) -> BestResponse:
    """Maximise ``Σ p(i,o)·margin[w,o] + count[group,w] + distinct[q]`` over every member's choices, independently.

    Raises InvalidProgram where the prices do not fit the instance.
    """
    prices.check(instance)
    shape = (instance.members, instance.windows)
    tally = _Tally(
        instance,
        np.zeros((instance.windows, instance.offers)),
        np.zeros((instance.groups, instance.windows)),
        np.zeros(instance.distinct_counts),
        np.full(shape, NO_OFFER, dtype=np.int16) if with_choice else None,
    )
    for c in range(instance.classes):
        if (instance.distinct_group == instance.class_group[c]).any():
            _respond_jointly(tally, prices, c)
        else:
            for w in range(instance.windows):
                _respond_in_window(tally, prices, c, w)
    upper = math.nextafter(math.fsum(tally.parts), math.inf)
    return BestResponse(
        value_upper=upper,
        redemptions=tally.redemptions,
        counts=tally.counts,
        distinct=tally.distinct,
        choice=tally.choice,
    )


def _respond_in_window(tally: _Tally, prices: OfferPrices, c: int, w: int) -> None:
    """Add class ``c`` in window ``w``, whose members decide there independently of the other windows."""
    instance = tally.instance
    first, last = instance.span(c)
    offers = np.flatnonzero(instance.allowed[w, c])
    if first == last or not len(offers):
        return
    group, weight, mass = int(instance.class_group[c]), instance.weight[first:last], instance.class_mass(c)
    price, margin, response = float(prices.count[group, w]), prices.margin[w, offers], instance.response[offers]
    clip = unclipped_until(weight, float(response.max()))
    worth = response * margin
    best = int(np.argmax(worth))
    slope = float(worth[best])
    start, stop = _paying_range(weight[:clip], slope, price)
    given, given_mass = stop - start, float(mass[stop] - mass[start])
    value = slope * given_mass + price * given
    tally.redemptions[w, offers[best]] += response[best] * given_mass
    if tally.choice is not None:
        tally.choice[first + start : first + stop, w] = offers[best]
    for low in range(clip, last - first, _CHUNK):
        part = weight[low : min(low + _CHUNK, last - first)]
        chosen, worths, probability = _dense_best(part, response, margin)
        gain = worths + price
        takes = gain > 0
        value += float(gain[takes].sum())
        given += int(takes.sum())
        tally.redemptions[w] += np.bincount(offers[chosen[takes]], probability[takes], minlength=instance.offers)
        if tally.choice is not None:
            tally.choice[first + low : first + low + len(part), w] = np.where(takes, offers[chosen], NO_OFFER)
    tally.counts[group, w] += given
    magnitude = float(np.abs(worth).max()) * float(mass[clip]) + float(np.abs(margin).max()) * (last - first - clip)
    tally.add_value(value, magnitude + abs(price) * (last - first), last - first)


def _respond_jointly(tally: _Tally, prices: OfferPrices, c: int) -> None:
    """Add class ``c``, whose members a distinct count looks at: windows are decided together, member by member."""
    instance = tally.instance
    first, last = instance.span(c)
    for low in range(first, last, _CHUNK):
        high = min(low + _CHUNK, last)
        worths, chosen, probability = (
            np.full((instance.windows, high - low), -np.inf),
            np.zeros((instance.windows, high - low), dtype=np.int64),
            np.zeros((instance.windows, high - low)),
        )
        for w in range(instance.windows):
            offers = np.flatnonzero(instance.allowed[w, c])
            if len(offers):
                best = member_best(instance.weight[low:high], instance.response[offers], prices.margin[w, offers])
                chosen[w], probability[w] = offers[best[0]], best[2]
                worths[w] = best[1] + prices.count[instance.class_group[c], w]
        _tally_joint(tally, prices, c, (low, high), _JointWorth(worths, chosen, probability))


@dataclass(frozen=True, slots=True, eq=False)
class _JointWorth:
    worth: Floats
    offer: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    probability: Floats


def _tally_joint(tally: _Tally, prices: OfferPrices, c: int, span: tuple[int, int], best: _JointWorth) -> None:
    instance = tally.instance
    group, members = int(instance.class_group[c]), span[1] - span[0]
    counted = np.flatnonzero(instance.distinct_group == group)
    sets = instance.distinct_windows[counted]
    takes, value = choose_windows(best.worth, sets, prices.distinct[counted])
    tally.counts[group] += takes.sum(axis=1)
    for row, q in enumerate(counted):
        tally.distinct[q] += int(takes[sets[row]].any(axis=0).sum())
    magnitude = float(np.abs(prices.distinct[counted]).sum()) * members
    for w in range(instance.windows):
        tally.redemptions[w] += np.bincount(
            best.offer[w][takes[w]], best.probability[w][takes[w]], minlength=instance.offers
        )
        if tally.choice is not None:
            tally.choice[span[0] : span[1], w] = np.where(takes[w], best.offer[w], NO_OFFER)
        magnitude += float(np.abs(prices.count[group, w])) * members
        magnitude += _largest_worth(instance, prices, c, w, span)
    tally.add_value(float(value.sum()), magnitude, members)


def _largest_worth(instance: OfferInstance, prices: OfferPrices, c: int, w: int, span: tuple[int, int]) -> float:
    """Return Σ over members of max_o p·|margin|, enlarged where that is cheaper to compute."""
    offers = np.flatnonzero(instance.allowed[w, c])
    if not len(offers):
        return 0.0
    weight = instance.weight[span[0] : span[1]]
    unclipped = float(weight.sum()) * float(np.abs(instance.response[offers] * prices.margin[w, offers]).max())
    return min(unclipped, float(np.abs(prices.margin[w, offers]).max()) * len(weight))


def choose_windows(worth: Floats, sets: Bools, price: Floats) -> tuple[Bools, Floats]:
    """Choose windows per member: ``Σ_w worth[w]`` of the chosen + ``price[q]`` if a chosen one lies in ``sets[q]``.

    ``worth`` [W, n] may hold -inf (window impossible), ``sets`` is bool [Q, W]. Returns the chosen windows, bool
    [W, n], and the value, [n]. Windows with the same memberships act alike, so only which *kinds* of windows are used
    is enumerated: at most min(2^W, 2^(2^Q - 1)) cases.
    """
    takes = worth > 0
    kinds: dict[tuple[bool, ...], list[int]] = {}
    for w in range(len(worth)):
        signature = tuple(bool(flag) for flag in sets[:, w])
        if any(signature):
            kinds.setdefault(signature, []).append(w)
    free = [w for w in range(len(worth)) if not sets[:, w].any()]
    value = np.where(takes[free], worth[free], 0.0).sum(axis=0)
    signatures = list(kinds)
    used_worth = np.stack([_worth_if_used(worth[kinds[s]]) for s in signatures]) if kinds else np.zeros((0, len(value)))
    best, best_case = np.zeros(worth.shape[1]), np.zeros(worth.shape[1], dtype=np.int64)
    for case in range(1, 1 << len(signatures)):
        used = [k for k in range(len(signatures)) if case >> k & 1]
        reached = np.array([signatures[k] for k in used]).any(axis=0)
        total = used_worth[used].sum(axis=0) + float(price[reached].sum())
        better = total > best
        best[better], best_case[better] = total[better], case
    for k, signature in enumerate(signatures):
        windows = kinds[signature]
        used_here = (best_case >> k & 1).astype(np.bool_)
        forced = used_here & ~takes[windows].any(axis=0)
        takes[windows] &= used_here
        takes[np.array(windows)[np.argmax(worth[windows], axis=0)][forced], np.flatnonzero(forced)] = True
    return takes, value + best


def _worth_if_used(worth: Floats) -> Floats:
    """Return the worth of taking at least one of these windows: all that pay, else the one that costs least."""
    paying = np.where(worth > 0, worth, 0.0).sum(axis=0)
    least: Floats = worth.max(axis=0)
    return np.where(least > 0, paying, least)


def unclipped_until(weight: Floats, response: float) -> int:
    """Return how many of the ascending weights keep ``weight·response`` at or below 1."""
    return bisect.bisect_left(range(len(weight)), True, key=lambda i: bool(weight[i] * response > 1))


def _paying_range(weight: Floats, slope: float, price: float) -> tuple[int, int]:
    """Return the range of ascending weights with ``weight·slope + price > 0`` as computed (monotone in the weight)."""
    places = range(len(weight))
    if slope > 0:
        return bisect.bisect_left(places, True, key=lambda i: bool(weight[i] * slope + price > 0)), len(weight)
    return 0, bisect.bisect_left(places, True, key=lambda i: not weight[i] * slope + price > 0)


def _dense_best(
    weight: Floats, response: Floats, margin: Floats
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], Floats, Floats]:
    """Return per member the best offer, its worth and its probability, evaluated offer by offer."""
    probability = np.minimum(1.0, weight[:, None] * response[None, :])
    worth = probability * margin[None, :]
    chosen = np.argmax(worth, axis=1)
    rows = np.arange(len(weight))
    return chosen, worth[rows, chosen], probability[rows, chosen]


def member_best(
    weight: Floats, response: Floats, margin: Floats
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], Floats, Floats]:
    """Return per member (ascending weights) the best offer, its worth and its probability.

    Members without clipped probabilities share one best offer, the others are evaluated offer by offer.
    """
    clip = unclipped_until(weight, float(response.max()))
    worth = response * margin
    best = int(np.argmax(worth))
    chosen = np.full(len(weight), best, dtype=np.int64)
    worths, probability = weight * worth[best], weight * response[best]
    if clip < len(weight):
        chosen[clip:], worths[clip:], probability[clip:] = _dense_best(weight[clip:], response, margin)
    return chosen, worths, probability
