"""The linking rows: what couples the agents' programs, and nothing else.

==============  ===========================  =========================================================================
kind            key, period                  row
==============  ===========================  =========================================================================
market          market/product, period       Σ arrivals − Σ served to orders and segments ≥ −in transit
material        material, period             Σ bought − Σ drawn by plants ≥ 0
funding         partner, window              spend planned by the partner − Σ expected redemptions it funds = 0
redemptions     offer, horizon               Σ expected redemptions ≤ max_redemptions
reservation     clause, period               capacity used by the families − their units served to the partner ≤ bound
parity          clause, window               fill rate of partner i − fill rate of partner j ≤ max_fill_gap
stability       clause, horizon              Σ |production − baseline| ≤ max
reward_floor    clause, window               Σ customers of the tier with an offer ≥ min_share · eligible ones
==============  ===========================  =========================================================================

Soft rows carry a violation column in the block of the contract's partner. Every agent derives the same rows from the
scenario alone, except for the number of eligible customers, which the segment agents count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import polars as pl

from actors.formulate.index import Index
from planner.domain.clauses import (
    Clause,
    ClauseScope,
    ParityClause,
    ReservationClause,
    RewardFloorClause,
    StabilityClause,
    clause_scopes,
)
from planner.domain.scenario import Scenario
from solvers.core.program import Floats
from solvers.network.block import Labels, Links

HORIZON = -1
"""The period label of rows that cover the whole horizon."""

CLAUSE_ROWS = frozenset(
    {"budget", "volume", "service", "purchase", "reservation", "parity", "stability", "reward_floor"}
)
"""Kinds of rows, linking or a partner's own, that a clause makes; their keys name the clause."""


@dataclass(frozen=True, slots=True, eq=False)
class ClauseLink:
    """A linking row made by a clause; ``pair`` holds the two partners of a parity row."""

    row: int
    clause: Clause
    scope: ClauseScope
    pair: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinkMap:
    """The linking rows of a scenario and where to find them.

    ``market`` rows are numbered ``(market · K + product) · T + period`` and stand first; ``material_start +
    material · T + period`` follows. ``funding`` and ``redemptions`` map (partner, window) and offer to rows.
    """

    links: Links
    periods: int
    products: int
    material_start: int
    funding: Mapping[tuple[str, int], int]
    redemptions: Mapping[str, int]
    clauses: tuple[ClauseLink, ...]

    def market(self, market: int, product: int, period: int) -> int:
        """Return the market balance row."""
        return (market * self.products + product) * self.periods + period

    def material(self, material: int, period: int) -> int:
        """Return the material balance row."""
        return self.material_start + material * self.periods + period


def link_map(scenario: Scenario, index: Index, eligible: Mapping[str, int]) -> LinkMap:
    """Derive the linking rows; ``eligible`` counts, per tier, customers whom eligibility allows any offer."""
    rows = _Rows([], [], [], [], [])
    in_transit = _in_transit(scenario, index)
    for m, market in enumerate(index.markets):
        for k, product in enumerate(index.products):
            for t in range(index.periods):
                rows.add("market", f"{market}/{product}", t, -in_transit[m, k, t], np.inf)
    material_start = len(rows.kind)
    for material in index.materials:
        for t in range(index.periods):
            rows.add("material", material, t, 0.0, np.inf)
    funders = dict.fromkeys(scenario["offer_funding"]["partner"].to_list())
    funding = {
        (partner, w): rows.add("funding", partner, w, 0.0, 0.0)
        for partner in funders
        for w in range(len(index.windows))
    }
    capped = scenario["offers"].filter(pl.col("max_redemptions").is_not_null())
    redemptions = {
        offer: rows.add("redemptions", offer, HORIZON, -np.inf, most)
        for offer, most in capped.select("offer", "max_redemptions").iter_rows()
    }
    clauses = _clause_links(scenario, rows, eligible)
    links = Links(
        Labels(tuple(rows.kind), tuple(rows.key), np.array(rows.period, dtype=np.int32)),
        np.array(rows.lower, dtype=np.float64),
        np.array(rows.upper, dtype=np.float64),
    )
    return LinkMap(links, index.periods, len(index.products), material_start, funding, redemptions, clauses)


def clause_key(clause: str, part: str = "") -> str:
    """Return the key of a clause's row; ``part`` tells rows of one clause and scope apart."""
    return f"{clause}@{part}"


def clause_of(key: str) -> str:
    """Return the clause id in the key of a clause's row."""
    return key.rpartition("@")[0]


def scope_label(scope: ClauseScope) -> int:
    """Return the period label of a clause row: its window or period, or the horizon."""
    return HORIZON if scope.window is None else scope.window


@dataclass(slots=True)
class _Rows:
    kind: list[str]
    key: list[str]
    period: list[int]
    lower: list[float]
    upper: list[float]

    def add(self, kind: str, key: str, period: int, lower: float, upper: float) -> int:
        self.kind.append(kind)
        self.key.append(key)
        self.period.append(period)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.kind) - 1


def _clause_links(scenario: Scenario, rows: _Rows, eligible: Mapping[str, int]) -> tuple[ClauseLink, ...]:
    found: list[ClauseLink] = []
    for clause in scenario.clauses:
        for scope in clause_scopes(clause, scenario.horizon):
            label = scope_label(scope)
            if isinstance(clause, ReservationClause):
                regular = _regular(scenario, clause, scope.periods[0])
                upper = np.inf if regular == np.inf else (1 - clause.share) * regular
                row = rows.add("reservation", clause_key(clause.id), label, -np.inf, upper)
                found.append(ClauseLink(row, clause, scope))
            elif isinstance(clause, StabilityClause):
                found.append(
                    ClauseLink(rows.add("stability", clause_key(clause.id), label, -np.inf, clause.max), clause, scope)
                )
            elif isinstance(clause, RewardFloorClause):
                lower = clause.min_share * eligible.get(clause.tier, 0)
                found.append(
                    ClauseLink(rows.add("reward_floor", clause_key(clause.id), label, lower, np.inf), clause, scope)
                )
            elif isinstance(clause, ParityClause):
                ordering = [p for p in clause.orders_of if ordered_in_scope(scenario, p, scope) > 0]
                for i, j in permutations(ordering, 2):
                    row = rows.add("parity", clause_key(clause.id, f"{i}~{j}"), label, -np.inf, clause.max_fill_gap)
                    found.append(ClauseLink(row, clause, scope, (i, j)))
    return tuple(found)


def ordered_in_scope(scenario: Scenario, partner: str, scope: ClauseScope) -> float:
    """Return the units a partner ordered with due periods inside a scope."""
    orders = scenario["orders"].filter((pl.col("partner") == partner) & pl.col("period").is_in(list(scope.periods)))
    return float(orders["quantity"].sum())


def family_routings(scenario: Scenario, clause: ReservationClause) -> pl.DataFrame:
    """Return the routings, at the clause's plant, of products in its families."""
    products = scenario["products"].filter(pl.col("family").is_in(list(clause.families)))["product"]
    return scenario["routings"].filter((pl.col("plant") == clause.plant) & pl.col("product").is_in(products.to_list()))


def _regular(scenario: Scenario, clause: ReservationClause, period: int) -> float:
    used = family_routings(scenario, clause)["resource"].unique().to_list()
    resources = scenario["resources"].filter(
        (pl.col("plant") == clause.plant) & (pl.col("period") == period) & pl.col("resource").is_in(used)
    )
    return float(resources["regular"].fill_null(np.inf).sum())


def _in_transit(scenario: Scenario, index: Index) -> Floats:
    cube = np.zeros((len(index.markets), len(index.products), index.periods))
    for market, product, t, quantity in (
        scenario["in_transit"].select("market", "product", "period", "quantity").iter_rows()
    ):
        cube[index.markets[market], index.products[product], t] += quantity
    return cube
