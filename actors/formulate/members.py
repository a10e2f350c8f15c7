"""A segment's customers as an offer instance: classes of equal eligibility and tier, weights ascending.

Two customers of one class differ in nothing but their weight, so a class answers prices by prefix sums, and a *pool* (a
run of neighbours in a class) stands for its customers in the linear relaxation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.domain.clauses import RewardFloorClause, clause_scopes
from planner.domain.eligibility import Eligibility
from planner.domain.scenario import Scenario
from solvers.core.program import Bools, Floats, Ints
from solvers.offers.instance import OfferInstance


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """The customers of one segment in class order.

    ``rows`` int64 [N] are row numbers of the customers table, ``tiers`` the tier of every count group, ``floors`` the
    (clause id, period label) of every distinct count of ``instance``. ``eligible`` counts, per tier, customers whom
    the eligibility rules allow any offer.
    """

    segment: str
    rows: npt.NDArray[np.int64]
    tiers: tuple[str, ...]
    floors: tuple[str, ...]
    eligible: Mapping[str, int]
    instance: OfferInstance


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Runs of members that the relaxation treats alike: ``first:last`` of class ``member_class``.

    ``redemptions`` float64 [pools, M] is Σ p(c,o) over the pool's members; the others are int [pools].
    """

    member_class: Ints
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    redemptions: Floats

    def __len__(self) -> int:
        return len(self.first)


def segment_members(
    segment: str, scenario: Scenario, *, eligibility: Eligibility, response: Floats, bans: Bools
) -> Members:
    """Sort a segment's customers into classes; ``response`` is float64 [M], ``bans`` bool [W, M]."""
    customers = scenario["customers"]
    rows = np.flatnonzero(customers["segment"].eq(segment).to_numpy())
    tier_names = customers["tier"].gather(rows)
    tiers = tuple(tier_names.unique(maintain_order=True).sort().to_list()) or ("",)
    tier = tier_names.replace_strict(list(tiers), list(range(len(tiers))), return_dtype=pl.Int64).to_numpy()
    pattern = eligibility.pattern[rows].astype(np.int64)
    weight = customers["weight"].gather(rows).to_numpy().astype(np.float64)
    member_class = pattern * len(tiers) + tier
    order = np.lexsort((rows, weight, member_class))
    classes, start = np.unique(member_class[order], return_index=True)
    allowed = eligibility.allowed[classes // len(tiers)]
    any_offer = np.asarray(eligibility.allowed.any(axis=1))[pattern]
    floors, groups, windows = _horizon_floors(scenario, tiers)
    return Members(
        segment=segment,
        rows=rows[order],
        tiers=tiers,
        floors=floors,
        eligible={name: int((any_offer & (tier == g)).sum()) for g, name in enumerate(tiers)},
        instance=OfferInstance(
            weight=weight[order],
            class_start=np.append(start, len(rows)).astype(np.int64),
            class_group=(classes % len(tiers)).astype(np.int32),
            response=response,
            allowed=allowed[None, :, :] & ~bans[:, None, :],
            groups=len(tiers),
            distinct_group=np.array(groups, dtype=np.int32),
            distinct_windows=np.array(windows, dtype=np.bool_).reshape(len(groups), len(bans)),
        ),
    )


def _horizon_floors(scenario: Scenario, tiers: tuple[str, ...]) -> tuple[tuple[str, ...], list[int], list[list[bool]]]:
    """Return the reward floors that count a customer once over several windows."""
    names, groups, windows = [], [], []
    for clause in scenario.clauses:
        if isinstance(clause, RewardFloorClause) and not clause.each_window and clause.tier in tiers:
            for scope in clause_scopes(clause, scenario.horizon):
                names.append(clause.id)
                groups.append(tiers.index(clause.tier))
                windows.append([w in scope.reward_windows for w in range(len(scenario.horizon.windows))])
    return tuple(names), groups, windows


def pool_members(members: Members, *, floored: frozenset[str], most_individual: int, bins: int) -> Pools:
    """Cut classes into pools.

    A segment of at most ``most_individual`` members gives each its own pool, which makes the formulation exact.
    Otherwise a class is cut into ``bins`` runs of equal size if a reward floor counts its tier (light customers are
    then worth more in the count than in redemptions), else one; clipped members (weight·response > 1) stand apart.
    """
    instance = members.instance
    cuts: list[tuple[int, int, int]] = []
    strongest = float(instance.response.max(initial=0.0))
    for c in range(instance.classes):
        first, last = instance.span(c)
        if not instance.allowed[:, c, :].any():
            continue
        if instance.members <= most_individual:
            edges = np.arange(first, last + 1)
        else:
            count = bins if members.tiers[instance.class_group[c]] in floored else 1
            edges = np.linspace(first, last, min(count, last - first) + 1).astype(np.int64)
            clip = first + int(np.searchsorted(instance.weight[first:last] * strongest, 1.0, side="right"))
            edges = np.unique(np.append(edges, clip))
        cuts.extend((c, int(a), int(b)) for a, b in pairwise(edges))
    redemptions = np.array([_redemptions(instance, a, b) for _, a, b in cuts]).reshape(len(cuts), instance.offers)
    return Pools(
        np.array([c for c, _, _ in cuts], dtype=np.int32),
        np.array([a for _, a, _ in cuts], dtype=np.int64),
        np.array([b for _, _, b in cuts], dtype=np.int64),
        redemptions,
    )


def _redemptions(instance: OfferInstance, first: int, last: int) -> Floats:
    weight = instance.weight[first:last]
    if weight[-1] * instance.response.max(initial=0.0) <= 1:
        return np.asarray(weight.sum() * instance.response)
    return np.asarray(np.minimum(1.0, weight[:, None] * instance.response[None, :]).sum(axis=0))
