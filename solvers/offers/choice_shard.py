"""One part of the members of a reward choice: it keeps the columns, and tells prices' consequences in small vectors.

A shard holds whole grains of members. What it returns are integer sums (`Sums`, `Totals`), which add over shards
without rounding, and lists of a few hundred near ties. So a solver over many shards, in threads or in processes, finds
what it would find over one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints
from solvers.offers import choice_kernels
from solvers.offers.choice_kernels import FLOAT32_SLIP, Arrays, Longs, Offered, kernel_arrays, no_totals, room_for
from solvers.offers.reward_choice import Columns, RewardChoice
from solvers.offers.smoothed_dual import GRAIN, Items, Sums, Units, drawn_offers, make_items, smoothed_sums, two_best

SAMPLE, CORE = "sample", "core"
_FEW = 16  # of so many members one is expected to be a near tie


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Totals:
    """Sums over chosen offers as int64 multiples of 1/unit: ``count`` (units of 1), ``spend``, ``worth``, each [M].

    ``scores`` is the sum of the best scores of members and windows, rounded up; ``near`` counts near ties.
    """

    count: Longs
    spend: Longs
    worth: Longs
    scores: int
    near: int

    def plus(self, other: Totals) -> Totals:
        """Return the totals of two disjoint sets of members."""
        return Totals(
            count=self.count + other.count,
            spend=self.spend + other.spend,
            worth=self.worth + other.worth,
            scores=self.scores + other.scores,
            near=self.near + other.near,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ties:
    """Near ties, closest first: ``item`` int64 [n], ``value`` (-inf: barred), ``cost`` float64 [n, M] over all offers.

    ``margin`` float64 [n] is what the two best offers of an item differ by, ``pair`` int64 [n] names these two,
    ``offer`` int8 [n] is what it has now.
    """

    item: Longs
    margin: Floats
    pair: Longs
    value: Floats
    cost: Floats
    offer: npt.NDArray[np.int8]

    def first(self, most: int) -> Ties:
        """Return ``most`` of them: the closest of each pair of offers, then the second closest of each, and so on.

        Equally close ones come in an order that scatters them over the members.
        """
        order = _in_turn(self.item, self.margin, self.pair)[:most]
        return Ties(**{name: getattr(self, name)[order] for name in _TIE_FIELDS})


_TIE_FIELDS = ("item", "margin", "pair", "value", "cost", "offer")


def _in_turn(item: Longs, margin: Floats, pair: Longs) -> Longs:
    scattered = (item.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)
    order = np.lexsort((scattered, margin, pair))
    begins = np.concatenate([[True], np.diff(pair[order]) != 0]) if len(order) else np.zeros(0, dtype=np.bool_)
    place = np.arange(len(order))
    rank = place - np.maximum.accumulate(np.where(begins, place, 0))
    return order[np.lexsort((scattered[order], margin[order], rank))]


def join_ties(parts: Sequence[Ties], most: int) -> Ties:
    """Return the closest ``most`` near ties of all shards."""
    return Ties(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _TIE_FIELDS}).first(most)


@dataclass(slots=True, eq=False)
class Shard:
    """Members ``first:last`` of the columns, all of them without ``last``; see the module's text.

    ``choice`` int8 [W, n] is filled by `certify`.
    """

    columns: Columns
    start: Ints
    first: int = 0
    last: int | None = None
    choice: npt.NDArray[np.int8] = field(init=False)
    items: dict[str, Items] = field(init=False, default_factory=dict)
    _arrays: Arrays = field(init=False)
    _near: Longs = field(init=False)

    def __post_init__(self) -> None:
        if self.first % GRAIN:
            raise InvalidProgram(f"a shard begins at a multiple of {GRAIN} members, not at {self.first}; see split")
        self._arrays = kernel_arrays(self.columns, self.first)
        self._near = room_for(0)
        self.choice = np.full((self.windows, self.members), -1, dtype=np.int8)

    @property
    def members(self) -> int:
        """Members held."""
        return (self.columns.members if self.last is None else self.last) - self.first

    @property
    def windows(self) -> int:
        """W."""
        return len(self.start) - 1

    def take_sample(self, stride: int) -> int:
        """Keep every ``stride``-th member of the whole as the sample; returns the number of members kept."""
        begin = -self.first % stride
        members = np.arange(begin, self.members, stride, dtype=np.int64)
        item = (members[:, None] * self.windows + np.arange(self.windows)).ravel()
        self.items[SAMPLE] = self._items(item)
        return len(members)

    def near_sample(self, lam: Floats, mu: Floats, width: float) -> int:
        """Return how many items of the sample differ by less than ``width`` between two offers."""
        return int((two_best(self.items[SAMPLE], lam, mu)[1] < width).sum())

    def take_core(self, lam: Floats, mu: Floats, width: float, unit: float, most: int) -> Totals:
        """Keep near ties as the core, unless more than ``most``, and return the totals of all others."""
        offered = Offered(self.start.astype(np.int64), lam, mu, float(width))
        room = min(most, self.members // _FEW)
        for _ in range(2):
            found = no_totals(self._near_room(room), len(lam))
            near = choice_kernels.collect(self._arrays, self.members, offered, unit, found)
            room = int(near)
            if near <= len(found.near) or near > most:
                break
        self.items[CORE] = self._items(found.near[: near if near <= most else 0])
        return Totals(count=found.counted, spend=found.spent, worth=found.worth, scores=0, near=int(near))

    def sums(self, which: str, lam: Floats, mu: Floats, tau: float, units: Units) -> Sums:
        """Return the smoothed sums over the sample or the core."""
        return smoothed_sums(self.items[which], lam, mu, tau, units)

    def certify(self, lam: Floats, mu: Floats, width: float, units: Units, room: int) -> Totals:
        """Choose everybody's best offer at float64 prices (`choice_kernels.certify`) and list near ties."""
        offered = Offered(self.start.astype(np.int64), lam, mu, float(width))
        scale = np.array([units.use, units.worth, self._slip(lam, mu)])
        for _ in range(2):
            found = no_totals(self._near_room(room), len(lam))
            near, scores = choice_kernels.certify(self._arrays, offered, scale, self.choice, found)
            room = int(near)
            if near <= len(found.near):
                break
        self.items[CORE] = self._items(found.near[:near])
        return Totals(count=found.counted, spend=found.spent, worth=found.worth, scores=int(scores), near=int(near))

    def draw(self, lam: Floats, mu: Floats, tau: float, units: Units) -> Totals:
        """Split the core's ties as the smoothed prices say; returns the change of the totals."""
        items = self.items[CORE]
        member, window = items.item // self.windows - self.first, items.item % self.windows
        before, after = self.choice[window, member], drawn_offers(items, lam, mu, tau)
        moved = np.flatnonzero(before != after)
        self.choice[window[moved], member[moved]] = after[moved]
        totals = [np.zeros(len(lam), dtype=np.int64) for _ in range(3)]
        for sign, offer in ((-1, before[moved]), (1, after[moved])):
            held = offer >= 0
            place, name = moved[held], offer[held].astype(np.int64)
            column = name - items.first[place]
            np.add.at(totals[0], name, sign)
            np.add.at(totals[1], name, sign * np.rint(items.cost[place, column] * units.use).astype(np.int64))
            np.add.at(totals[2], name, sign * np.rint(items.value[place, column] * units.use).astype(np.int64))
        return Totals(count=totals[0], spend=totals[1], worth=totals[2], scores=0, near=0)

    def closest(self, lam: Floats, mu: Floats, most: int) -> Ties:
        """Return ``most`` items of the core whose two best offers (none is worth 0) differ little (`Ties.first`)."""
        items = self.items[CORE]
        pair, margin = two_best(items, lam, mu)
        nearest = _in_turn(items.item, margin, pair)[:most]
        item, margin, pair = items.item[nearest], margin[nearest], pair[nearest]
        member, window = item // self.windows - self.first, item % self.windows
        value, cost, eligible = self.columns.gather(member + self.first)
        of_window = np.searchsorted(self.start, np.arange(len(lam)), side="right") - 1
        return Ties(
            item=item,
            margin=margin,
            pair=pair,
            value=np.where(eligible & (of_window == window[:, None]), value, -np.inf),
            cost=cost,
            offer=self.choice[window, member],
        )

    def give(self, item: Longs, offer: npt.NDArray[np.int8]) -> None:
        """Replace the present offer of those items that are held here."""
        member = item // self.windows - self.first
        here = (member >= 0) & (member < self.members)
        self.choice[item[here] % self.windows, member[here]] = offer[here]

    def _items(self, local: Longs) -> Items:
        local = np.sort(local)
        value, cost, eligible = self.columns.gather(local // self.windows + self.first)
        columns = (np.where(eligible, value, -np.inf), cost)
        return make_items(local + self.first * self.windows, self.windows, self.start, columns)

    def _slip(self, lam: Floats, mu: Floats) -> float:
        """Return what two scores in float32 may differ by from those in float64, together."""
        extremes = self.columns.extremes
        paid = float(np.abs(lam).max(initial=0.0)) * extremes.cost + float(np.abs(mu).max(initial=0.0))
        return FLOAT32_SLIP * (extremes.value + paid)

    def _near_room(self, room: int) -> Longs:
        room += choice_kernels.BLOCK
        if len(self._near) < room:
            self._near = room_for(room)
        return self._near


def split(instance: RewardChoice, shards: int) -> tuple[Shard, ...]:
    """Return up to ``shards`` shards of about equal size, each of whole grains."""
    members = instance.columns.members
    grains = -(-members // GRAIN)
    cuts = np.unique(np.linspace(0, grains, min(shards, grains) + 1).astype(np.int64)) * GRAIN
    cuts[-1] = members
    parts = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    return tuple(Shard(instance.columns, instance.window_start, a, b) for a, b in parts)
