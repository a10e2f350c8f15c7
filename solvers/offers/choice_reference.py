"""The passes of `choice_kernels` in plain numpy: what the compiled ones must equal bit for bit.

Members come from the columns' own ``gather``; the reference knows nothing of bit columns, penalties or packed arrays.
It scores in the precision a pass promises (`certify`: float64) and adds up numbers that are already whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.core.program import Bools, Floats, Ints
from solvers.offers.choice_kernels import Longs
from solvers.offers.reward_choice import NOT_CHOSEN, Columns

_BLOCK = 4096
Reals = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Collected:
    """What a pass returns: near ties ``near`` int64, in the order of visits, and totals per offer, int64 [M].

    ``choice`` int8 [W, N]; ``worth`` and ``scores`` are those of `certify`, 0 after `collect`.
    """

    near: Longs
    choice: npt.NDArray[np.int8]
    count: Longs
    spend: Longs
    worth: Longs
    scores: int


def collect(columns: Columns, start: Ints, prices: tuple[Floats, Floats], *, width: float, unit: float) -> Collected:
    """Sort members and windows into clear choices, added up, and near ties, at float32 prices (λ, μ).

    ``start`` int32 [W+1] are the first offers of the windows; money is counted in units of ``1/unit``.
    """
    return _visit(columns, start, prices, np.float32(width), (unit, 0.0))


def certify(
    columns: Columns, start: Ints, prices: tuple[Floats, Floats], *, width: float, units: tuple[float, float]
) -> Collected:
    """Choose everybody's best offer at float64 prices (λ, μ); ``units`` are those of money and of scores."""
    return _visit(columns, start, prices, width, units)


def _visit(
    columns: Columns,
    start: Ints,
    prices: tuple[Floats, Floats],
    width: float | np.float32,
    units: tuple[float, float],
) -> Collected:
    certifying, members, offers = units[1] > 0, columns.members, columns.offers
    real = np.float64 if certifying else np.float32
    lam: Reals = prices[0].astype(real)
    mu: Reals = prices[1].astype(real)
    near, choice = [np.zeros(0, np.int64)], np.full((len(start) - 1, members), NOT_CHOSEN, dtype=np.int8)
    count, spend, worth, scores = (np.zeros(offers, np.int64) for _ in range(4))
    for b in range(0, members, _BLOCK):
        member = np.arange(b, min(b + _BLOCK, members), dtype=np.int64)
        value, cost, eligible = columns.gather(member)
        score = _scores(value.astype(real), cost.astype(real), eligible, lam, mu)
        for w in range(len(start) - 1):
            best, second, arg = _two_best(score[:, start[w] : start[w + 1]], int(start[w]))
            tie = best - second < width
            near.append((member * (len(start) - 1) + w)[tie])
            choice[w, member] = arg
            if certifying:
                scores[0] += (best.astype(np.float64) * units[1]).astype(np.int64).sum() + len(best)
            else:
                arg = np.where(tie, -2, arg)
            for o in range(int(start[w]), int(start[w + 1])):
                count[o] += np.count_nonzero(arg == o)
                spend[o] += _total(cost[arg == o, o], units[0])
                if certifying:
                    worth[o] += _total(value[arg == o, o], units[0])
    return Collected(
        near=np.concatenate(near), choice=choice, count=count, spend=spend, worth=worth, scores=int(scores[0])
    )


def _scores(value: Reals, cost: Reals, eligible: Bools, lam: Reals, mu: Reals) -> Reals:
    return np.where(eligible, value - lam * cost - mu, -np.inf).astype(value.dtype)


def _two_best(score: Reals, first: int) -> tuple[Reals, Reals, npt.NDArray[np.int64]]:
    """Return best and second best score of every member, none counting 0, and the first offer that is best."""
    with_none = np.concatenate([np.zeros((len(score), 1), score.dtype), score], axis=1)
    arg = with_none.argmax(axis=1)
    ordered = np.sort(with_none, axis=1)
    return ordered[:, -1], ordered[:, -2], np.where(arg == 0, np.int64(NOT_CHOSEN), arg - 1 + first)


def _total(money: Floats, unit: float) -> np.int64:
    return np.int64((money * unit).astype(np.int64).sum())
