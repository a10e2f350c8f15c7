"""Pools: neighbouring members of a class taken together, so that a linear program over offers stays small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints
from solvers.offers.instance import Longs, OfferInstance


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pools:
    """P pools in member order; no pool crosses a class.

    ``start`` int64 [P+1], ``of_class`` int32 [P]; ``redemptions`` float64 [P, M] is Σ p(i,o) over the pool, what the
    whole pool would redeem of one offer (computed to nearest).
    """

    start: Longs
    of_class: Ints
    redemptions: Floats

    @property
    def size(self) -> Longs:
        """Members per pool, int64 [P]."""
        return np.diff(self.start)


def pool_members(instance: OfferInstance, *, most: int | Longs) -> Pools:
    """Cut classes into at most ``most`` pools (of each, or int64 [C]) of about equal weight; empty ones give no pool.

    A class of at most ``most`` members gets one pool per member, which makes the linear program over them exact.
    Raises InvalidProgram if ``most`` < 1.
    """
    limit = np.broadcast_to(np.asarray(most, dtype=np.int64), (instance.classes,))
    if (limit < 1).any():
        raise InvalidProgram(f"{limit.min()} pools per class cannot hold its members; give at least 1")
    start, of_class = [0], []
    for c in range(instance.classes):
        first = instance.span(c)[0]
        cuts = _cuts(instance.class_mass(c), int(limit[c]))
        start += [first + int(cut) for cut in cuts]
        of_class += [c] * len(cuts)
    starts = np.array(start, dtype=np.int64)
    redemptions = np.zeros((len(of_class), instance.offers))
    if len(of_class):
        for o in range(instance.offers):
            redemptions[:, o] = np.add.reduceat(np.minimum(1.0, instance.weight * instance.response[o]), starts[:-1])
    return Pools(start=starts, of_class=np.array(of_class, dtype=np.int32), redemptions=redemptions)


def _cuts(mass: Floats, most: int) -> Longs:
    """Return the ends of the pools of a class with these prefix sums, strictly ascending, the last its size."""
    n = len(mass) - 1
    if n <= most:
        return np.arange(1, n + 1, dtype=np.int64)
    cuts = np.searchsorted(mass, mass[-1] * np.arange(1, most) / most).astype(np.int64)
    return np.unique(np.concatenate([cuts[(cuts > 0) & (cuts < n)], [n]])).astype(np.int64)
