"""A planning problem as plain data: what the readable model is written over, one entry per thing it is about.

Money is in one currency, quantities in units of their product, periods and windows are 0-based, ``math.inf`` means
"no limit". Mappings keep the order in which they were filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from solvers.reference.clause_data import ClauseRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One product at one plant: production started in t is there in t + ``lead``."""

    setup_cost: float
    unit_cost: float
    min_lot: float
    max_lot: float
    lead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """One resource in one period."""

    regular: float
    overtime_most: float
    overtime_cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One product at one plant, counted at the end of a period."""

    on_hand: float = 0.0
    holding: float = 0.0
    safety: float = 0.0
    safety_penalty: float = 0.0
    most: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A firm order: served in parts from ``due`` to ``last``, ``lateness`` paid per unit and period late."""

    partner: str
    market: str
    product: str
    due: int
    last: int
    quantity: float
    revenue: float
    lateness: float
    penalty: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Base demand of a segment for a product in a period, and what a unit served or lost is worth, rewards' too."""

    quantity: float
    revenue: float
    penalty: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A reward; ``funding`` maps partners to their shares, ``units`` products to units per redemption."""

    sponsor: str
    face_value: float
    own_share: float
    most_redemptions: float
    funding: Mapping[str, float]
    units: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer; ``redeems`` maps every offer that eligibility allows to the probability of redeeming it."""

    segment: str
    tier: str
    redeems: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Planning:
    """Everything known before planning.

    Keys: ``recipes`` (plant, product), ``routings`` (plant, product, resource) → (capacity per unit, per set-up),
    ``capacity`` (plant, resource, period), ``bom`` (plant, product, component), ``storage`` (plant, product) for every
    product a plant may hold, ``received`` (plant, item, period), ``released`` and ``baseline`` (plant, product,
    period), ``unmade`` (plant, product, period) in which no lot may be started, ``supplies`` (partner, material,
    period) → (unit cost, largest quantity), ``lanes`` (plant, market, product) → (transit, unit cost),
    ``closed`` (plant, market, product, period) in which nothing may leave on that lane, ``in_transit`` (market,
    product, period), ``demand`` (segment, product, period) complete.
    ``windows`` holds the periods of every reward window, ``families`` every product's family, ``markets``
    every segment's market.
    """

    periods: int
    windows: tuple[tuple[int, ...], ...]
    families: Mapping[str, str]
    recipes: Mapping[tuple[str, str], Recipe]
    routings: Mapping[tuple[str, str, str], tuple[float, float]]
    capacity: Mapping[tuple[str, str, int], Capacity]
    bom: Mapping[tuple[str, str, str], float]
    storage: Mapping[tuple[str, str], Storage]
    received: Mapping[tuple[str, str, int], float]
    released: Mapping[tuple[str, str, int], float]
    unmade: frozenset[tuple[str, str, int]]
    baseline: Mapping[tuple[str, str, int], float]
    supplies: Mapping[tuple[str, str, int], tuple[float, float]]
    lanes: Mapping[tuple[str, str, str], tuple[int, float]]
    closed: frozenset[tuple[str, str, str, int]]
    in_transit: Mapping[tuple[str, str, int], float]
    orders: Mapping[str, Order]
    markets: Mapping[str, str]
    demand: Mapping[tuple[str, str, int], Demand]
    offers: Mapping[str, Offer]
    customers: Mapping[str, Customer]
    clauses: tuple[ClauseRow, ...]
