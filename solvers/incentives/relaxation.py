"""The optimum of a tension problem under one more row: what our own budget can bear.

Without that row one cheapest flow solves it. With it, the row's multiplier is found by Newton's method on the
Lagrangian dual, which is piecewise linear: the line through two points, one within the budget and one beyond it,
proposes the next multiplier, until no point lies above the line. Then the point of the line that uses the budget up is
optimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solvers.incentives.cheapest_flow import Flow, cheapest_flow
from solvers.incentives.leaves import Multipliers
from solvers.incentives.tension import HARD, LARGEST_SUM, Arcs, Tension, Wholes, own_money, priced, worth

_ROUNDS = 200  # far more than multipliers were ever seen to need


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Relaxed:
    """The best ``potential / parts``, None where hard limits clash, and multipliers that prove either."""

    potential: list[int] | None
    parts: int
    multipliers: Multipliers


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    potential: list[int]
    worth: int
    own: int


def relax(tension: Tension, own_budget: int | None) -> Relaxed:
    """Solve the problem with at most ``own_budget`` of our own money, in 1/BASIS (None: no limit)."""
    free = cheapest_flow(tension.arcs, tension.pull)
    if free.unbounded:
        return Relaxed(potential=None, parts=1, multipliers=Multipliers(flow=free.flow, own=0, scale=0))
    potential = free.potential.tolist()
    if own_budget is None or own_money(tension, potential, 1) <= own_budget:
        proof = Multipliers(flow=free.flow, own=0, scale=1)
        return Relaxed(potential=potential, parts=1, multipliers=proof)
    beyond = _point(tension, free)
    thrifty = cheapest_flow(*_problem(tension, 1, 0))
    within = _point(tension, thrifty)
    if within.own > own_budget:
        return Relaxed(potential=None, parts=1, multipliers=Multipliers(flow=thrifty.flow, own=1, scale=0))
    return _search(tension, own_budget, beyond, within)


def _search(tension: Tension, own_budget: int, beyond: _Point, within: _Point) -> Relaxed:
    proof = None
    for _ in range(_ROUNDS):
        ratio = Fraction(max(beyond.worth - within.worth, 0), beyond.own - within.own)
        rounded = ratio.limit_denominator(_largest_scale(tension, ratio))
        own, scale = rounded.numerator, rounded.denominator
        found = cheapest_flow(*_problem(tension, own, scale))
        point = _point(tension, found)
        proof = Multipliers(flow=found.flow, own=own, scale=scale)
        heights = [scale * each.worth - own * each.own for each in (point, beyond, within)]
        if heights[0] <= max(heights[1:]):
            break
        if point.own > own_budget:
            beyond = point
        else:
            within = point
    if proof is None:
        raise AssertionError("a search for a multiplier makes at least one round")
    if beyond.worth <= within.worth:
        return Relaxed(potential=within.potential, parts=1, multipliers=proof)
    share = Fraction(own_budget - within.own, beyond.own - within.own)
    up, parts = share.numerator, share.denominator
    mixed = [(parts - up) * a + up * b for a, b in zip(within.potential, beyond.potential, strict=True)]
    return Relaxed(potential=mixed, parts=parts, multipliers=proof)


def _point(tension: Tension, flow: Flow) -> _Point:
    potential = flow.potential.tolist()
    return _Point(potential, worth(tension, potential, 1), own_money(tension, potential, 1))


def _problem(tension: Tension, own: int, scale: int) -> tuple[Arcs, Wholes]:
    weighed = priced(tension, multiplier=own, scale=scale)
    return weighed.arcs, weighed.pull


def _largest_scale(tension: Tension, ratio: Fraction) -> int:
    """Return how large a scale, and with it the multiplier, may be for sums to stay exact."""
    soft = tension.arcs.price[tension.arcs.price < HARD]
    prices = int(np.abs(tension.slope).sum()) + int(soft.sum())
    own = int(tension.own.sum()) + int(tension.arcs.own.sum())
    return max(1, int(LARGEST_SUM / (prices + (float(ratio) + 1.0) * own + 1.0)))
