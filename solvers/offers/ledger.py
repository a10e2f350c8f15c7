"""Choices being built: who holds which offer, what that adds up to, and which free members fit into what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from solvers.core.program import Bools, Floats, Ints
from solvers.offers.instance import NO_OFFER, Choice, Longs, OfferInstance

_MOST_SKIPS = 64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Totals:
    """What choices add up to: ``redemptions`` [W, M], ``counts`` [G, W], ``distinct`` [Q], all float64."""

    redemptions: Floats
    counts: Floats
    distinct: Floats


def totals(instance: OfferInstance, choice: Choice) -> Totals:
    """Add up choices, int16 [N, W] with -1 for no offer."""
    redemptions = np.zeros((instance.windows, instance.offers))
    counts = np.zeros((instance.groups, instance.windows))
    group = instance.class_group[instance.class_of_member()]
    given: Bools = choice >= 0
    for w in range(instance.windows):
        held = np.flatnonzero(given[:, w])
        offer = choice[held, w]
        probability = np.minimum(1.0, instance.weight[held] * instance.response[offer])
        redemptions[w] = np.bincount(offer, probability, minlength=instance.offers)
        counts[:, w] = np.bincount(group[held], minlength=instance.groups)
    distinct = np.array(
        [
            float((given[:, instance.distinct_windows[q]].any(axis=1) & (group == instance.distinct_group[q])).sum())
            for q in range(instance.distinct_counts)
        ]
    )
    return Totals(redemptions=redemptions, counts=counts, distinct=distinct)


@dataclass(slots=True, eq=False)
class Ledger:
    """The mutable choice ``choice`` int16 [N, W] and its ``redemptions`` [W, M], kept in step."""

    instance: OfferInstance
    choice: Choice
    redemptions: Floats = field(init=False)
    by_weight: Longs = field(init=False)
    member_class: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.redemptions = totals(self.instance, self.choice).redemptions
        self.by_weight = np.argsort(self.instance.weight, kind="stable")
        self.member_class = self.instance.class_of_member()

    def free(self, w: int, o: int) -> Longs:
        """Return members without an offer in window ``w`` who may take ``o``, lightest first."""
        may: Bools = self.instance.allowed[w, :, o][self.member_class] & (self.choice[:, w] < 0)
        members: Longs = self.by_weight[may[self.by_weight]]
        return members

    def holders(self, w: int, o: int) -> Longs:
        """Return the members holding offer ``o`` in window ``w``, lightest first."""
        members: Longs = self.by_weight[(self.choice[:, w] == o)[self.by_weight]]
        return members

    def probability(self, members: Longs, o: int) -> Floats:
        """Return the redemption probability of each member for offer ``o``."""
        probability: Floats = np.minimum(1.0, self.instance.weight[members] * self.instance.response[o])
        return probability

    def give(self, members: Longs, w: int, o: int) -> None:
        """Give offer ``o`` in window ``w`` to members who hold none there."""
        self.choice[members, w] = o
        self.redemptions[w, o] += float(self.probability(members, o).sum())

    def take(self, members: Longs, w: int, o: int) -> None:
        """Take offer ``o`` of window ``w`` from members who hold it."""
        self.choice[members, w] = NO_OFFER
        self.redemptions[w, o] -= float(self.probability(members, o).sum())


def fit_within(sizes: Floats, room: float, need: float = math.inf) -> Longs:
    """Return places of ``sizes`` whose total stays within ``room``, first come first served, too large ones skipped.

    It ends as soon as the total reaches ``need``. ``sizes`` are ≥ 0 and monotone, ascending or descending.
    """
    taken: list[Longs] = []
    descending = len(sizes) > 1 and sizes[0] > sizes[-1]
    place, used = 0, 0.0
    for _ in range(_MOST_SKIPS):
        if descending:
            place += int(np.searchsorted(-sizes[place:], -(room - used), side="left"))
        if place >= len(sizes) or used >= need:
            break
        running = used + np.cumsum(sizes[place:])
        many = min(int(np.searchsorted(running, room, side="right")), int(np.searchsorted(running, need)) + 1)
        if many == 0:
            break
        taken.append(np.arange(place, place + many, dtype=np.int64))
        used = float(running[many - 1])
        place += many
    return np.concatenate(taken) if taken else np.zeros(0, dtype=np.int64)
