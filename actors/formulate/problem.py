"""The whole problem of a scenario, formulated in one place.

Agents formulate their own parts with the same functions; this module puts the parts together for the verifier, the
export and the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from actors.formulate.index import Index, index_scenario
from actors.formulate.links import LinkMap, link_map
from actors.formulate.members import Members, cut_pools, segment_members
from actors.formulate.partner import PartnerLayout, PartnerSurroundings, partner_block
from actors.formulate.plant import PlantLayout, PlantSurroundings, plant_block
from actors.formulate.potential import MarketPotential, market_potential, production_limits
from actors.formulate.segment import (
    SegmentEconomics,
    SegmentLayout,
    SegmentPotential,
    SegmentSurroundings,
    segment_block,
    segment_economics,
    segment_potential,
)
from planner.domain.clauses import ReservationClause, RewardFloorClause, StabilityClause
from planner.domain.demand import demand_cube, redeem_probability
from planner.domain.eligibility import Eligibility
from planner.domain.offer_bans import offer_bans
from planner.domain.scenario import Scenario
from solvers.core.program import Floats
from solvers.network.block import Block
from solvers.offers.pools import Pools

MOST_INDIVIDUAL = 64
"""Segments up to this size give every customer its own column."""
POOL_BINS = 4
"""Pools per class where a reward floor counts customers."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPart:
    """A segment before the linking rows are known."""

    members: Members
    pools: Pools
    economics: SegmentEconomics
    potential: SegmentPotential


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """What the segments tell everyone else: sums over segments of their potentials.

    ``uplift`` float64 [S, K, T]; ``spend`` partner → float64 [W]; ``eligible`` tier → customers.
    """

    uplift: Floats
    spend: Mapping[str, Floats]
    eligible: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Everything that agents of all kinds formulate against."""

    scenario: Scenario
    index: Index
    links: LinkMap
    plant: PlantSurroundings
    partner: PartnerSurroundings


Around = Callable[[Totals], Surroundings]
"""Derives the surroundings from the totals; hosts share one answer among their agents."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """All blocks of a scenario: plants, partners, segments in table order."""

    around: Surroundings
    parts: tuple[SegmentPart, ...]
    plants: tuple[tuple[Block, PlantLayout], ...]
    partners: tuple[tuple[Block, PartnerLayout], ...]
    segments: tuple[tuple[Block, SegmentLayout], ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in order."""
        return tuple(block for group in (self.plants, self.partners, self.segments) for block, _ in group)


def segment_parts(
    scenario: Scenario, eligibility: Eligibility, names: tuple[str, ...] | None = None
) -> tuple[SegmentPart, ...]:
    """Prepare segments (all, or those named) in table order."""
    index, cube = index_scenario(scenario), demand_cube(scenario)
    response, bans = redeem_probability(scenario), offer_bans(scenario, cube)
    floored = frozenset(c.tier for c in scenario.clauses if isinstance(c, RewardFloorClause))
    parts = []
    for segment, s in index.segments.items():
        if names is not None and segment not in names:
            continue
        members = segment_members(segment, scenario, eligibility=eligibility, response=response[s], bans=bans[:, s, :])
        pools = cut_pools(members, floored=floored, most_individual=MOST_INDIVIDUAL, bins=POOL_BINS)
        economics = segment_economics(scenario, index, cube, s)
        parts.append(SegmentPart(members, pools, economics, segment_potential(members.instance, economics)))
    return tuple(parts)


def totals(potentials: Mapping[str, SegmentPotential], eligible: tuple[Mapping[str, int], ...]) -> Totals:
    """Add up what the segments report; ``potentials`` by segment, in table order."""
    uplift = np.stack([potential.uplift for potential in potentials.values()])
    spend: dict[str, Floats] = {}
    for potential in potentials.values():
        for partner, amount in potential.spend.items():
            spend[partner] = spend.get(partner, np.zeros_like(amount)) + amount
    counts: dict[str, int] = {}
    for tiers in eligible:
        for tier, count in tiers.items():
            counts[tier] = counts.get(tier, 0) + count
    return Totals(uplift, spend, counts)


def surroundings(scenario: Scenario, total: Totals, *, room: float = 0.0) -> Surroundings:
    """Derive what plants and partners formulate against; the customers table is not needed here.

    ``room`` units more than the scenario asks for could be taken by every market, of every product and at any time.
    """
    index, cube = index_scenario(scenario), demand_cube(scenario)
    links = link_map(scenario, index, total.eligible)
    potential = market_potential(scenario, index, cube, total.uplift)
    potential = MarketPotential(potential.at + room, potential.since + room)
    limits = production_limits(scenario, index, potential)
    plant = PlantSurroundings(scenario, index, links, potential, limits)
    partner = PartnerSurroundings(
        scenario,
        index,
        links,
        total.spend,
        _material_need(scenario, index, limits),
        _links_most(scenario, links, limits),
    )
    return Surroundings(scenario, index, links, plant, partner)


def formulate(scenario: Scenario, eligibility: Eligibility) -> Problem:
    """Formulate the whole problem."""
    parts = segment_parts(scenario, eligibility)
    potentials = {part.members.segment: part.potential for part in parts}
    total = totals(potentials, tuple(part.members.eligible for part in parts))
    around = surroundings(scenario, total)
    return Problem(
        around=around,
        parts=parts,
        plants=tuple(plant_block(plant, around.plant) for plant in around.index.plants),
        partners=tuple(partner_block(partner, around.partner) for partner in around.index.partners),
        segments=tuple(formulate_segment(part, around) for part in parts),
    )


def formulate_segment(part: SegmentPart, around: Surroundings) -> tuple[Block, SegmentLayout]:
    """Formulate one prepared segment."""
    return segment_block(part.members, part.pools, segment_surroundings(part, around))


def segment_surroundings(part: SegmentPart, around: Surroundings) -> SegmentSurroundings:
    """Return what a prepared segment formulates against."""
    return SegmentSurroundings(around.index, around.links, part.economics, part.potential)


def _material_need(scenario: Scenario, index: Index, limits: Floats) -> Floats:
    number = {key: r for r, key in enumerate(scenario["recipes"].select("plant", "product").iter_rows())}
    need = np.zeros((len(index.materials), index.periods))
    for plant, product, component, quantity in (
        scenario["bom"].select("plant", "product", "component", "quantity").iter_rows()
    ):
        if component in index.materials:
            need[index.materials[component]] += quantity * limits[number[plant, product]]
    return need


def _links_most(scenario: Scenario, links: LinkMap, limits: Floats) -> dict[int, float]:
    """Bound the violation of every soft linking row."""
    recipes = list(scenario["recipes"].select("plant", "product").iter_rows())
    baseline = {
        (plant, product, t): quantity
        for plant, product, t, quantity in scenario["baseline"]
        .select("plant", "product", "period", "quantity")
        .iter_rows()
    }
    most: dict[int, float] = {}
    for link in links.clauses:
        if isinstance(link.clause, StabilityClause):
            most[link.row] = sum(
                max(float(limits[r, t]), baseline.get((plant, product, t), 0.0))
                for r, (plant, product) in enumerate(recipes)
                for t in link.scope.periods
            )
        elif isinstance(link.clause, ReservationClause):
            clause, t = link.clause, link.scope.periods[0]
            routings = (
                scenario["routings"].select("plant", "product", "capacity_per_unit", "setup_capacity").iter_rows()
            )
            most[link.row] = sum(
                per_unit * float(limits[recipes.index((plant, product)), t]) + setup
                for plant, product, per_unit, setup in routings
                if plant == clause.plant
            )
        elif isinstance(link.clause, RewardFloorClause):
            most[link.row] = float(links.links.lower[link.row])
        else:
            most[link.row] = 1.0
    return most
