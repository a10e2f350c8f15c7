"""The worth of the best response, recomputed member by member: what a certificate rests on.

Nothing here is shared with `best_response`: no prefix sums, no kinds of windows; every member meets every allowed
offer, every set of windows a distinct count looks at is tried. Arithmetic is float64 and rounded outward.

Rounding. With ``u = 2⁻⁵³`` a member's value takes a product, a clip and a product per offer, at most W + Q + 1 sums;
array sums of n terms are off by at most n·u/(1 - n·u) of the sum of magnitudes. ``(2·n + 16 + 2·(W + Q))·u·Σ
magnitude`` covers both, plus underflow of 2⁻¹⁰⁷⁰ per member.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.core.program import Floats
from solvers.offers.instance import OfferInstance, OfferPrices

_UNIT = 2.0**-53
_CHUNK = 1 << 14
_MOST_JOINT_WINDOWS = 16


def response_bound(instance: OfferInstance, prices: OfferPrices) -> float:
    """Return a float64 that is at least the exact worth of every member's best response to the prices.

    Raises InvalidProgram where the prices do not fit, and ValueError above 16 windows in distinct counts of a group.
    """
    prices.check(instance)
    parts: list[float] = []
    for c in range(instance.classes):
        first, last = instance.span(c)
        for low in range(first, last, _CHUNK):
            parts += _class_part(instance, prices, c, instance.weight[low : min(low + _CHUNK, last)])
    return math.nextafter(math.fsum(parts), math.inf)


def _class_part(instance: OfferInstance, prices: OfferPrices, c: int, weight: Floats) -> list[float]:
    group = int(instance.class_group[c])
    probability = np.minimum(1.0, weight[:, None] * instance.response[None, :])
    worth = np.full((instance.windows, len(weight)), -np.inf)
    magnitude = float(np.abs(prices.distinct[instance.distinct_group == group]).sum()) * len(weight)
    for w in range(instance.windows):
        offers = np.flatnonzero(instance.allowed[w, c])
        if len(offers):
            redeemed = probability[:, offers] * prices.margin[w, offers]
            worth[w] = redeemed.max(axis=1) + prices.count[group, w]
            magnitude += float(np.abs(redeemed).max(axis=1).sum()) + abs(float(prices.count[group, w])) * len(weight)
    value = _best_sets(instance, prices, group, worth)
    terms = 2 * len(weight) + 16 + 2 * (instance.windows + instance.distinct_counts)
    return [float(value.sum()), terms * _UNIT * magnitude * (1 + 1e-6), len(weight) * 2.0**-1070]


def _best_sets(instance: OfferInstance, prices: OfferPrices, group: int, worth: Floats) -> Floats:
    """Return per member the best over all sets of windows; windows outside every distinct count stand alone."""
    counted = np.flatnonzero(instance.distinct_group == group)
    joint = np.flatnonzero(instance.distinct_windows[counted].any(axis=0)) if len(counted) else counted
    if len(joint) > _MOST_JOINT_WINDOWS:
        raise ValueError(
            f"{len(joint)} windows in distinct counts of one group; at most {_MOST_JOINT_WINDOWS} can be tried"
        )
    alone = np.setdiff1d(np.arange(instance.windows), joint)
    value: Floats = np.maximum(worth[alone], 0.0).sum(axis=0)
    best = np.zeros(worth.shape[1])
    for case in range(1, 1 << len(joint)):
        windows = joint[[k for k in range(len(joint)) if case >> k & 1]]
        reached = instance.distinct_windows[counted][:, windows].any(axis=1)
        best = np.maximum(best, worth[windows].sum(axis=0) + float(prices.distinct[counted][reached].sum()))
    return value + best
