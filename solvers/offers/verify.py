"""The worth of best responses and of choices, recomputed member by member: what a certificate rests on.

Nothing here is shared with `best_response`: no prefix sums, no kinds of windows; every member meets every allowed
offer, every set of windows a distinct count looks at is tried. Arithmetic is float64 and rounded outward.

Rounding. With ``u = 2⁻⁵³`` a member's value takes a product, a clip and a product per offer, at most W + Q + 1 sums;
array sums of n terms are off by at most n·u/(1 - n·u) of the sum of magnitudes. ``(2·n + 16 + 2·(W + Q))·u·Σ
magnitude`` covers both, plus underflow of 2⁻¹⁰⁷⁰ per member.

`choice_value` and `choice_bound` do the same for a reward choice, whose float32 columns count as the numbers they are.
With λ and μ sums of K products each, a score is off by at most ``(K + 5)·u`` of ``|value| + Σ|price·spend|·cost +
Σ|price·count|``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats
from solvers.core.weak_duality import row_part
from solvers.offers.instance import OfferInstance, OfferPrices
from solvers.offers.reward_choice import NOT_CHOSEN, RewardChoice

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


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChoiceCheck:
    """A choice as recomputed: its ``value``, the rows' totals ``use`` float64 [K] and where they miss their bounds.

    ``violation`` float64 [K] ≥ 0 is by how much, ``scale`` float64 [K] the sum of what is added up in each row, which
    rounding is a part of. ``ineligible`` counts offers given to members who may not have them, ``misplaced`` offers
    that stand in a window they do not belong to, or do not exist: these count neither for value nor for use.
    """

    value: float
    use: Floats
    violation: Floats
    scale: Floats
    ineligible: int
    misplaced: int

    @property
    def worst(self) -> float:
        """The largest violation of a row, relative to what it adds up or to its bound, the larger of them."""
        return float((self.violation / np.maximum(self.scale, 1.0)).max(initial=0.0))

    def feasible(self, tolerance: float = 1e-12) -> bool:
        """Whether every row holds to this part of its scale and everybody gets what may be had."""
        return self.worst <= tolerance and self.ineligible == 0 and self.misplaced == 0


def choice_value(instance: RewardChoice, choice: npt.NDArray[np.int8]) -> ChoiceCheck:
    """Recompute a choice, int8 [W, N] (-1: none).

    Raises InvalidProgram for another shape.
    """
    columns, rows, offers = instance.columns, instance.rows, instance.columns.offers
    if choice.shape != (instance.windows, columns.members):
        raise InvalidProgram(f"a choice here has shape {(instance.windows, columns.members)}, not {choice.shape}")
    wrong = {"ineligible": 0, "misplaced": 0}
    value: list[float] = []
    spent: list[list[float]] = [[] for _ in range(offers)]
    counted = np.zeros(offers)
    for first, worth, cost, eligible in _member_parts(instance):
        for w in range(instance.windows):
            given = choice[w, first : first + len(worth)].astype(np.int64)
            place = np.flatnonzero(given != NOT_CHOSEN)
            known = (given[place] >= 0) & (given[place] < offers)
            known[known] = instance.window[given[place[known]]] == w
            wrong["misplaced"] += int((~known).sum())
            place = place[known]
            name = given[place]
            wrong["ineligible"] += int((~eligible[place, name]).sum())
            value.append(float(worth[place, name].sum()))
            counted += np.bincount(name, minlength=offers)
            for o in np.unique(name).tolist():
                spent[o].append(float(cost[place[name == o], o].sum()))
    money = np.array([math.fsum(parts) for parts in spent])
    use = rows.use(spent=money, counted=counted)
    finite = [np.where(np.isfinite(bound), np.abs(bound), 0.0) for bound in (rows.lower, rows.upper)]
    return ChoiceCheck(
        value=math.fsum(value),
        use=use,
        violation=np.maximum(np.maximum(rows.lower - use, use - rows.upper), 0.0),
        scale=np.maximum(np.abs(rows.spend) @ money + np.abs(rows.count) @ counted, np.maximum(*finite)),
        **wrong,
    )


def choice_bound(instance: RewardChoice, price: Floats) -> float:
    """Return a float64 that is at least the value of every choice, from prices of the rows, float64 [K].

    A price above 0 pays the upper bound of its row, one below 0 the lower. ``Σ price·bound + Σ_members Σ_windows max(0,
    max over eligible offers of value - λ·cost - μ)`` (weak duality). Raises InvalidProgram for prices of another shape,
    that are not finite or that pay for a bound the row does not have.
    """
    rows = instance.rows
    if price.shape != (rows.rows,):
        raise InvalidProgram(f"{rows.rows} rows need as many prices, not an array of shape {price.shape}")
    parts = row_part(price, rows.lower, rows.upper)
    lam, mu = price @ rows.spend, price @ rows.count
    lam_size, mu_size = np.abs(price) @ np.abs(rows.spend), np.abs(price) @ np.abs(rows.count)
    starts = instance.window_start
    for _, worth, cost, eligible in _member_parts(instance):
        scores = np.where(eligible, worth - lam * cost - mu, 0.0)
        size = np.abs(worth).max(axis=0) + lam_size * cost.max(axis=0) + mu_size
        for w in range(instance.windows):
            offers = slice(int(starts[w]), int(starts[w + 1]))
            parts.append(math.fsum(np.maximum(scores[:, offers].max(axis=1), 0.0).tolist()))
            parts.append((rows.rows + 8) * _UNIT * float(size[offers].max()) * len(worth) * (1 + 1e-6) + 2.0**-1060)
    return math.nextafter(math.fsum(parts), math.inf)


def _member_parts(instance: RewardChoice) -> Iterator[tuple[int, Floats, Floats, Bools]]:
    """Yield (first member, value, cost, eligibility), arrays [n, M], of some members after the other."""
    members = instance.columns.members
    for first in range(0, members, _CHUNK):
        yield first, *instance.columns.gather(np.arange(first, min(first + _CHUNK, members), dtype=np.int64))
