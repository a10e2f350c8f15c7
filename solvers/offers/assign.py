"""Whole offers out of shares: give each member at most one offer so that pools come as close as they can from below.

In a pool, members line up on a circle of length 1, each as long as its part of the pool's weight, in an order that
spreads light and heavy members evenly (so that an arc's part of the weight is also about its part of the members). An
offer's arc is as long as its share, the arcs of later windows start where those of the windows before ended: like
McNaughton's wrap-around rule, this gives the most distinct members the shares allow. Who lies wholly inside an arc
gets the offer. What members on the borders leave open is then filled with free members, offer by offer.
"""

from __future__ import annotations

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats
from solvers.offers.instance import NO_OFFER, Choice, Longs, OfferInstance
from solvers.offers.ledger import Ledger, fit_within
from solvers.offers.pools import Pools

_SLACK = 1e-7  # of a pool: what a linear program's shares may miss 0 or 1 by


def assign(instance: OfferInstance, pools: Pools, share: Floats) -> Choice:
    """Return choices int16 [N, W] (-1: none) whose redemptions per window and offer stay at or below the shares'.

    ``share`` float64 [P, W, M] is the part of each pool given each offer, Σ over offers ≤ 1; values outside by rounding
    are moved inside, shares of offers that a class may not have count as 0. A pool of one member with shares 0 or 1 is
    met exactly. Deterministic. Raises InvalidProgram on a share array of another shape.
    """
    expected = (len(pools.of_class), instance.windows, instance.offers)
    if share.shape != expected or np.isnan(share).any():
        raise InvalidProgram(f"share must have shape {expected} without NaN, not {share.shape}")
    wanted = np.clip(share, 0.0, 1.0) * instance.allowed[:, pools.of_class, :].transpose(1, 0, 2)
    wanted /= np.maximum(1.0, wanted.sum(axis=2, keepdims=True))
    choice = np.full((instance.members, instance.windows), NO_OFFER, dtype=np.int16)
    for p in np.flatnonzero(wanted.any(axis=(1, 2))):
        first, last = int(pools.start[p]), int(pools.start[p + 1])
        members = first + _spread(last - first)
        _assign_pool(choice, members, _edges(instance.weight[members]), wanted[p])
    target = np.einsum("pwo,po->wo", wanted, pools.redemptions)
    return _meet_from_below(Ledger(instance, choice), target)


def _assign_pool(choice: Choice, members: Longs, edge: Floats, share: Floats) -> None:
    offset = 0.0
    for w in range(share.shape[0]):
        arcs = offset + np.concatenate([[0.0], np.cumsum(share[w])])
        for turn in (0.0, 1.0):
            offer = np.searchsorted(arcs, edge[:-1] + turn + _SLACK, side="right") - 1
            inside = (offer >= 0) & (offer < share.shape[1])
            inside &= edge[1:] + turn - _SLACK <= arcs[np.minimum(offer + 1, share.shape[1])]
            choice[members[inside], w] = offer[inside]
        offset = float(arcs[-1]) % 1.0


def _meet_from_below(ledger: Ledger, target: Floats) -> Choice:
    for w, o in zip(*np.nonzero(target > 0), strict=True):
        limit = float(target[w, o]) * (1 + _SLACK)
        if ledger.redemptions[w, o] > limit:
            holders = ledger.holders(w, o)
            kept = fit_within(ledger.probability(holders, o)[::-1], limit)
            ledger.take(np.delete(holders[::-1], kept), w, o)
    for w, o in zip(*np.nonzero(target > ledger.redemptions), strict=True):
        free = ledger.free(w, o)[::-1]
        fitting = fit_within(ledger.probability(free, o), float(target[w, o] - ledger.redemptions[w, o]))
        ledger.give(free[fitting], w, o)
    return ledger.choice


def _edges(weight: Floats) -> Floats:
    """Return where members begin and end on the circle; members of a weightless pool are equally long."""
    running = np.concatenate([[0.0], np.cumsum(weight)])
    if running[-1] <= 0:
        running = np.arange(len(weight) + 1, dtype=np.float64)
    scaled: Floats = running / running[-1]
    return scaled


def _spread(count: int) -> Longs:
    """Return 0..count-1 ordered by their bit-reversed values (van der Corput), so that any run of it is spread out."""
    bits = max(1, int(count - 1).bit_length())
    rank = np.arange(count, dtype=np.int64)
    reversed_rank = np.zeros(count, dtype=np.int64)
    for bit in range(bits):
        reversed_rank |= ((rank >> bit) & 1) << (bits - 1 - bit)
    return np.argsort(reversed_rank, kind="stable")
