"""A segment's customers as an offer instance: classes of equal eligibility and tier, weights ascending.

Two customers of one class differ in nothing but their weight, so a class answers prices by prefix sums, and a *pool* (a
run of neighbours in a class) stands for its customers in the linear relaxation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.domain.clauses import RewardFloorClause, clause_scopes
from planner.domain.eligibility import Eligibility
from planner.domain.scenario import Scenario
from solvers.core.program import Bools, Floats
from solvers.offers.instance import OfferInstance
from solvers.offers.pools import Pools, pool_members


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


def cut_pools(members: Members, *, floored: frozenset[str], most_individual: int, bins: int) -> Pools:
    """Cut classes into pools.

    A segment of at most ``most_individual`` members gives each its own pool, which makes the formulation exact.
    Otherwise a class is cut into ``bins`` runs if a reward floor counts its tier (light customers are then worth more
    in the count than in redemptions), else it is one pool.
    """
    instance = members.instance
    if instance.members <= most_individual:
        return pool_members(instance, most=max(instance.members, 1))
    counted = np.array([tier in floored for tier in members.tiers])[instance.class_group]
    return pool_members(instance, most=np.where(counted, bins, 1))
