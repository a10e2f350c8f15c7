"""A budget problem with given tiers as a problem of tensions: the linear dual of a minimum-cost flow.

Nodes ``0..T``: ``S[0] = 0`` and ``S[t+1]``, what is spent up to the end of period ``t``. Maximise
``constant + Σ_t slope[t]·(S[t+1] - S[t]) - Σ_a price[a]·max(0, S[head[a]] - S[tail[a]] - bound[a])`` over free ``S``,
where an arc of price HARD must not be exceeded at all. Everything a budget knows becomes such an arc: a piece's end
(price: what the worth falls by), a period's most and least, the fund, a row over a span, a tier's threshold.

Dual. ``min constant + Σ_a bound[a]·flow[a]`` over ``0 ≤ flow ≤ price`` with ``pull`` units entering every node net.
So any such flow bounds the optimum, and a cycle of hard arcs with bounds that add up to less than 0 refutes them all.
All numbers are int64; money counts in 1/BASIS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from solvers.core.program import Bools, Floats, Ints
from solvers.incentives.budget import BASIS, BudgetInstance

Wholes = npt.NDArray[np.int64]
HARD = 2**62
LARGEST_SUM = 2**60
"""Of prices and slopes: flows are sums of them, and have to stay below HARD."""


class Source(IntEnum):
    """What an arc comes from; ``Arcs.index`` is its period, row or scope."""

    MOST = 0
    LEAST = 1
    PIECE = 2
    FUND = 3
    ROW_LOWER = 4
    ROW_UPPER = 5
    TIER_FROM = 6
    TIER_BELOW = 7
    TIER_PIECE = 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Arcs:
    """A arcs: ``tail``, ``head`` int32, ``bound``, ``price``, ``own`` int64, ``source``, ``index`` int32, all [A].

    ``own`` is the money of our own, in 1/BASIS, that each unit beyond the bound takes in addition.
    """

    tail: Ints
    head: Ints
    bound: Wholes
    price: Wholes
    own: Wholes
    source: Ints
    index: Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tension:
    """The problem of the module's text; ``slope``, ``own`` int64 [T], ``own`` our money per unit in 1/BASIS."""

    arcs: Arcs
    slope: Wholes
    own: Wholes
    constant: int = 0

    @property
    def pull(self) -> Wholes:
        """What a flow must bring to every node net, int64 [T+1]: the objective's coefficient of its ``S``."""
        pull = np.zeros(len(self.slope) + 1, dtype=np.int64)
        pull[1:] += self.slope
        pull[:-1] -= self.slope
        return pull


def arcs(
    source: Source, index: npt.ArrayLike, span: tuple[npt.ArrayLike, npt.ArrayLike], **value: npt.ArrayLike
) -> Arcs:
    """Return arcs of one source from ``span[0]`` to ``span[1]``; values broadcast, ``own`` is 0 unless given."""
    columns = np.broadcast_arrays(
        np.atleast_1d(np.asarray(index)), *span, value["bound"], value["price"], value.get("own", 0)
    )
    at, tail, head, bound, price, own = columns
    return Arcs(
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        bound=bound.astype(np.int64),
        price=price.astype(np.int64),
        own=own.astype(np.int64),
        source=np.full(len(at), source, dtype=np.int32),
        index=at.astype(np.int32),
    )


def joined(parts: list[Arcs]) -> Arcs:
    """Return the arcs of all parts, in their order."""
    return Arcs(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("tail", "head", "bound", "price", "own", "source", "index")
        }
    )


def tension_without_rebates(instance: BudgetInstance) -> Tension:
    """Return the problem in which every scope is in tier 0; its first 2T arcs are every period's most and least."""
    periods = np.arange(instance.periods)
    slope, own, pieces = _pieces(instance)
    parts = [
        arcs(Source.MOST, periods, (periods, periods + 1), bound=instance.most, price=HARD),
        arcs(Source.LEAST, periods, (periods + 1, periods), bound=0, price=HARD),
        pieces,
        _fund(instance),
        *_rows(instance),
    ]
    return Tension(arcs=joined(parts), slope=slope, own=own)


def _pieces(instance: BudgetInstance) -> tuple[Wholes, Wholes, Arcs]:
    """Return the first slope and own money of every period, and an arc wherever its worth or its match ends.

    A piece of no units is no step of its own, so that the steps of one period add up at the same bound.
    """
    cost, share = instance.cost.astype(np.int64), basis_points(instance.share)
    matching = instance.matched > 0
    bonus = cost * share
    slope = BASIS * (instance.worth[:, 0].astype(np.int64) - cost) + np.where(matching, bonus, 0)
    own = BASIS * cost - np.where(matching, bonus, 0)
    ends = np.cumsum(instance.size, axis=1)[:, :-1]
    fall = BASIS * (instance.worth[:, :-1] - instance.worth[:, 1:]).astype(np.int64)
    t, l = np.nonzero(fall)
    worth_ends = arcs(Source.PIECE, t, (t, t + 1), bound=ends[t, l], price=fall[t, l])
    m = np.flatnonzero(matching & (instance.matched < instance.most) & (bonus > 0))
    match_ends = arcs(Source.PIECE, m, (m, m + 1), bound=instance.matched[m], price=bonus[m], own=bonus[m])
    return slope, own, joined([worth_ends, match_ends])


def _fund(instance: BudgetInstance) -> Arcs:
    """Return the fund as arcs: after ``s`` at most ``carry[s]`` is left, so ``s+1..t`` spend that and what is released.

    Start ``s = -1`` carries nothing. An arc that its periods cannot exceed, or that passes a period which carries
    nothing over, follows from others.
    """
    enough = float(instance.most.sum())
    until = np.concatenate([[0.0], np.cumsum(np.minimum(instance.release, enough))])
    spent = np.concatenate([[0.0], np.cumsum(instance.most)])
    carried = np.concatenate([[0.0], np.minimum(instance.carry, enough)])[:-1]
    s, t = np.triu_indices(instance.periods)  # from node s to node t + 1
    bound = carried[s] + until[t + 1] - until[s]
    latest = np.maximum.accumulate(np.where(carried == 0, np.arange(instance.periods), 0))
    needed = (bound < spent[t + 1] - spent[s]) & (s >= latest[t])
    s, t = s[needed], t[needed]
    return arcs(Source.FUND, t, (s, t + 1), bound=bound[needed], price=HARD)


def _rows(instance: BudgetInstance) -> list[Arcs]:
    rows = instance.rows
    hard = np.isinf(rows.penalty)
    price = np.where(hard, HARD, BASIS * np.where(hard, 0, rows.penalty).astype(np.int64))
    below, above = np.flatnonzero(np.isfinite(rows.lower)), np.flatnonzero(np.isfinite(rows.upper))
    start, end = rows.first, rows.last + 1
    return [
        arcs(Source.ROW_LOWER, below, (end[below], start[below]), bound=-rows.lower[below], price=price[below]),
        arcs(Source.ROW_UPPER, above, (start[above], end[above]), bound=rows.upper[above], price=price[above]),
    ]


def priced(tension: Tension, *, multiplier: int, scale: int) -> Tension:
    """Return ``scale`` times the problem less ``multiplier`` times our own money, without the constant."""
    whole = tension.arcs
    price = np.where(
        whole.price == HARD, HARD, scale * np.where(whole.price == HARD, 0, whole.price) + multiplier * whole.own
    )
    return Tension(
        arcs=replace(whole, price=price),
        slope=scale * tension.slope - multiplier * tension.own,
        own=tension.own,
    )


def worth(tension: Tension, potential: list[int], parts: int) -> int:
    """Return ``parts`` times the objective at ``S = potential / parts``, which keeps every hard arc."""
    soft = tension.arcs.price < HARD
    steps = zip(potential[1:], potential[:-1], tension.slope.tolist(), strict=True)
    straight: int = sum(slope * (end - start) for end, start, slope in steps)
    return parts * tension.constant + straight - _beyond(tension.arcs, tension.arcs.price, soft, (potential, parts))


def own_money(tension: Tension, potential: list[int], parts: int) -> int:
    """Return ``parts`` times our own money, in 1/BASIS, at ``S = potential / parts``."""
    steps = zip(potential[1:], potential[:-1], tension.own.tolist(), strict=True)
    straight: int = sum(own * (end - start) for end, start, own in steps)
    return straight + _beyond(tension.arcs, tension.arcs.own, tension.arcs.own > 0, (potential, parts))


def _beyond(whole: Arcs, rate: Wholes, chosen: Bools, at: tuple[list[int], int]) -> int:
    """Return the sum of a rate on what the chosen arcs are exceeded by, in exact whole numbers."""
    potential, parts = at
    place = np.array(potential, dtype=np.float64)
    # Arcs that float64 sees well below their bound cannot be beyond it; the others are looked at in whole numbers.
    chosen = chosen & (place[whole.head] - place[whole.tail] > parts * (whole.bound - 1.0))
    columns = (whole.tail[chosen], whole.head[chosen], whole.bound[chosen], rate[chosen])
    return sum(
        each * max(0, potential[head] - potential[tail] - parts * bound)
        for tail, head, bound, each in zip(*(column.tolist() for column in columns), strict=True)
    )


def basis_points(rates: Floats) -> Wholes:
    """Return rates in whole basis points."""
    return np.rint(rates * BASIS).astype(np.int64)


def arc_name(instance: BudgetInstance, source: int, index: int) -> str:
    """Say in words what an arc stands for."""
    if source in (Source.ROW_LOWER, Source.ROW_UPPER):
        return f"{instance.rows.name[index]} ({'at least' if source == Source.ROW_LOWER else 'at most'})"
    if source in (Source.TIER_FROM, Source.TIER_BELOW, Source.TIER_PIECE):
        return f"tier of {instance.rebates[index].name}"
    return {
        Source.MOST: f"what period {index} can spend",
        Source.LEAST: f"spending of at least 0 in period {index}",
        Source.PIECE: f"worth of period {index}",
        Source.FUND: f"fund up to period {index}",
    }[Source(source)]
