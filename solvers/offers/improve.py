"""Greedy repair and improvement of whole choices under linear rows over redemptions and floors on members counted.

Three steps, each deterministic: take offers back until no row is above its upper bound, worth least per redemption
first; give offers until rows and counts reach their floors, as far as the rows leave room; then give what still pays,
best per redemption first, and exchange offers for better ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats
from solvers.offers.instance import Choice, Longs, OfferInstance, OfferPrices
from solvers.offers.ledger import Ledger, fit_within

_ROUNDING = 1e-11  # of a bound: what sums taken in another order may differ by, so that an exact fit still fits


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OfferRows:
    """``lower ≤ Σ_{w,o} coefficient[r,w,o]·redemptions[w,o] ≤ upper``, and floors on members counted.

    ``coefficient`` [R, W, M], ``lower``/``upper`` [R] (±inf: none), ``count_floor`` [G, W], ``distinct_floor`` [Q]
    (0: none); all float64.
    """

    coefficient: Floats
    lower: Floats
    upper: Floats
    count_floor: Floats
    distinct_floor: Floats = field(default_factory=lambda: np.zeros(0))

    def check(self, instance: OfferInstance) -> None:
        """Raise InvalidProgram unless the rows fit the instance."""
        rows = len(self.lower)
        for name, shape in (
            ("coefficient", (rows, instance.windows, instance.offers)),
            ("upper", (rows,)),
            ("count_floor", (instance.groups, instance.windows)),
            ("distinct_floor", (instance.distinct_counts,)),
        ):
            array = getattr(self, name)
            if array.shape != shape or np.isnan(array).any():
                raise InvalidProgram(f"{name} must have shape {shape} without NaN, not {array.shape}")


def greedy_improve(instance: OfferInstance, choice: Choice, *, worth: OfferPrices, rows: OfferRows) -> Choice:
    """Return better choices than ``choice`` (left as it is) within ``rows``.

    ``worth`` says what redemptions and counted members are worth. The result is within every upper bound whose
    coefficients are ≥ 0, up to 1e-11 of it; floors, and rows of mixed sign, are met as far as the steps above get.
    """
    worth.check(instance)
    rows.check(instance)
    work = _Work(Ledger(instance, choice.copy()), worth, rows)
    work.take_back()
    work.reach_row_floors()
    work.reach_count_floors()
    work.reach_distinct_floors()
    work.give_what_pays()
    work.exchange()
    return work.ledger.choice


@dataclass(slots=True, eq=False)
class _Work:
    ledger: Ledger
    worth: OfferPrices
    rows: OfferRows

    def activity(self) -> Floats:
        activity: Floats = np.einsum("rwo,wo->r", self.rows.coefficient, self.ledger.redemptions)
        return activity

    def room(self, w: int, o: int) -> float:
        """How many more redemptions of the cell the rows allow."""
        return self.room_for(self.rows.coefficient[:, w, o])

    def room_for(self, change: Floats) -> float:
        """How many steps ``change`` of the row activities the rows allow; 0 where a touched row is violated."""
        touched = change != 0
        if not touched.any():
            return math.inf
        a, activity = change[touched], self.activity()[touched]
        bound = np.where(a > 0, self.rows.upper[touched], self.rows.lower[touched])
        spare = (bound - activity) / a + _ROUNDING * np.abs(np.where(np.isfinite(bound), bound, 0.0) / a)
        return max(0.0, float(spare.min()))

    def cells(self, mask: Bools) -> list[tuple[int, int]]:
        """Cells of the mask [W, M], worth most per redemption first, then window, then offer."""
        w, o = np.nonzero(mask)
        order = np.lexsort((o, w, -self.worth.margin[w, o]))
        return [(int(w[k]), int(o[k])) for k in order]

    def take_back(self) -> None:
        for r in range(len(self.rows.upper)):
            limit = float(self.rows.upper[r])
            if not np.isfinite(limit):
                continue
            limit += _ROUNDING * abs(limit)
            for w, o in reversed(self.cells(self.rows.coefficient[r] > 0)):
                excess = (float(self.activity()[r]) - limit) / float(self.rows.coefficient[r, w, o])
                if excess > 0:
                    self._take_from_cell(w, o, excess)

    def _take_from_cell(self, w: int, o: int, excess: float) -> None:
        """Take back at least ``excess`` redemptions of the cell, or all: a single fitting member, else heavy first."""
        holders = self.ledger.holders(w, o)
        sizes = self.ledger.probability(holders, o)
        useful = int(np.searchsorted(sizes, 0.0, side="right"))
        holders, sizes = holders[useful:], sizes[useful:]
        single = int(np.searchsorted(sizes, excess))
        if single < len(sizes):
            self.ledger.take(holders[single : single + 1], w, o)
            return
        many = int(np.searchsorted(np.cumsum(sizes[::-1]), excess)) + 1
        self.ledger.take(holders[::-1][:many], w, o)

    def reach_row_floors(self) -> None:
        for r in range(len(self.rows.lower)):
            floor = float(self.rows.lower[r])
            if not np.isfinite(floor):
                continue
            for w, o in self.cells(self.rows.coefficient[r] > 0):
                need = (floor - float(self.activity()[r])) / float(self.rows.coefficient[r, w, o])
                if need > 0:
                    self._give(w, o, self.ledger.free(w, o)[::-1], need=need)

    def reach_count_floors(self) -> None:
        instance = self.ledger.instance
        group = instance.class_group[self.ledger.member_class]
        for g, w in zip(*np.nonzero(self.rows.count_floor > 0), strict=True):
            member = group == g
            counted = int((self.ledger.choice[member, w] >= 0).sum())
            self._count_up([int(w)], member, math.ceil(self.rows.count_floor[g, w] - 1e-9) - counted)

    def reach_distinct_floors(self) -> None:
        instance = self.ledger.instance
        group = instance.class_group[self.ledger.member_class]
        for q in np.flatnonzero(self.rows.distinct_floor > 0):
            windows = np.flatnonzero(instance.distinct_windows[q])
            member = group == instance.distinct_group[q]
            reached = member & (self.ledger.choice[:, windows] >= 0).any(axis=1)
            missing = math.ceil(self.rows.distinct_floor[q] - 1e-9) - int(reached.sum())
            self._count_up([int(w) for w in windows], member & ~reached, missing)

    def _count_up(self, windows: list[int], member: Bools, missing: int) -> None:
        """Give an offer to ``missing`` more of the members, where an average one costs least."""
        member = member.copy()
        mask = np.zeros(self.worth.margin.shape, dtype=np.bool_)
        mask[windows] = True
        average = self.worth.margin * self.ledger.instance.response
        for w, o in sorted(self.cells(mask), key=lambda cell: -float(average[cell])):
            if missing <= 0:
                return
            free = self.ledger.free(w, o)
            free = free[member[free]]
            given = self._give(w, o, free[:missing] if average[w, o] <= 0 else free[::-1][:missing])
            member[given] = False
            missing -= len(given)

    def give_what_pays(self) -> None:
        instance = self.ledger.instance
        group = instance.class_group[self.ledger.member_class]
        for w, o in self.cells(np.ones(self.worth.margin.shape, dtype=np.bool_)):
            free = self.ledger.free(w, o)
            price = self.worth.count[group[free], w]
            free = free[self.ledger.probability(free, o) * self.worth.margin[w, o] + price > 0]
            if len(free):
                # A price on members makes light ones worth more per redemption; without it heavy ones fill faster.
                self._give(w, o, free if bool((price > 0).any()) else free[::-1])

    def _give(self, w: int, o: int, candidates: Longs, *, need: float = math.inf) -> Longs:
        """Give the cell to those candidates who fit, in order of ascending or descending weight; return them."""
        room = self.room(w, o)
        chosen = candidates[fit_within(self.ledger.probability(candidates, o), room, need)]
        if len(chosen):
            self.ledger.give(chosen, w, o)
        return chosen

    def exchange(self) -> None:
        """Exchange offers inside a window where the other one is worth more and the rows have room for it."""
        response = self.ledger.instance.response
        average = self.worth.margin * response
        for w, o in self.cells(average > 0):
            for old in np.argsort(average[w], kind="stable"):
                if average[w, old] >= average[w, o] or response[o] <= 0:
                    continue
                change = self.rows.coefficient[:, w, o] - self.rows.coefficient[:, w, old] * response[old] / response[o]
                room = self.room_for(change)
                if room > 0:
                    self._exchange_cell(w, int(old), o, room)

    def _exchange_cell(self, w: int, old: int, new: int, room: float) -> None:
        instance = self.ledger.instance
        holders = self.ledger.holders(w, old)[::-1]
        holders = holders[instance.allowed[w, self.ledger.member_class[holders], new]]
        before, after = self.ledger.probability(holders, old), self.ledger.probability(holders, new)
        # Clipped members change the rows by another ratio than the response rates say.
        plain = (instance.weight[holders] * max(instance.response[old], instance.response[new])) <= 1
        better = plain & (after * self.worth.margin[w, new] > before * self.worth.margin[w, old])
        chosen = holders[better][fit_within(after[better], room)]
        if len(chosen):
            self.ledger.take(chosen, w, old)
            self.ledger.give(chosen, w, new)
