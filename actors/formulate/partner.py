"""A partner's program: service of its orders, purchases and rebates, release of its budgets, its clauses.

Columns and their unit money in the objective:

- ``served[order,t]`` for t from the due period to the last allowed one: unit_revenue − lateness_cost·(t − due) +
  shortage_penalty; enters the market balance. The constant is −Σ shortage_penalty · quantity.
- ``bought[material,t]`` ∈ [0, max_quantity]: −unit_cost; enters the material balance
- ``tier[clause,scope,j]`` ∈ {0,1}, one of them 1, and ``bought-in-tier[material,t,j]``: rate_j · unit_cost
- ``released[w]``: expected redemptions the partner funds in reward window w; enters the funding row
- ``violation[clause,scope]``: −penalty per unit, also for the clause's linking rows

Rows: Σ_t served ≤ quantity; bounds of budget, volume, service and purchase clauses; for every rebate scope the convex
hull of "tier j and from_quantity_j ≤ quantity" (Balas 1979): Σ_j bought-in-tier_j = bought, bought-in-tier_j ≤
max·tier_j, Σ bought-in-tier_j ≥ from_quantity_j·tier_j. Where a higher tier pays less, tier j also ends where the next
begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from actors.formulate.index import Index
from actors.formulate.links import ClauseLink, LinkMap, clause_key, ordered_in_scope, scope_label
from actors.formulate.potential import last_service
from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ClauseScope,
    ParityClause,
    PurchaseClause,
    RebateClause,
    ReservationClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
    clause_scopes,
)
from planner.domain.scenario import Scenario
from solvers.core.program import Floats, Ints
from solvers.network.block import Block, BlockBuilder


@dataclass(frozen=True, slots=True, eq=False)
class PartnerSurroundings:
    """What a partner must know beyond its own tables.

    ``spend`` bounds the expected redemptions each funding partner could pay, per reward window. ``material_need``
    bounds the use of each bought material over all plants, float64 (materials, T). ``links_most`` bounds the measure
    of the linking rows of clauses, by row.
    """

    scenario: Scenario
    index: Index
    links: LinkMap
    spend: Mapping[str, Floats]
    material_need: Floats
    links_most: Mapping[int, float]


@dataclass(frozen=True, slots=True, eq=False)
class PartnerLayout:
    """Where the columns of a partner's block stand; int32 arrays.

    ``served`` maps an order to its columns from the due period on, ``bought`` a material to its columns per period of
    ``periods``, ``released`` holds one column per reward window (empty for partners that fund nothing).
    """

    partner: str
    served: Mapping[str, Ints]
    bought: Mapping[str, tuple[Ints, Ints]]
    released: Ints


def partner_block(partner: str, around: PartnerSurroundings) -> tuple[Block, PartnerLayout]:
    """Formulate one partner; returns its block and where to find the decisions in it."""
    formulation = _Partner(partner, around)
    formulation.orders()
    formulation.purchases()
    formulation.budgets()
    for clause in around.scenario.clauses:
        for scope in clause_scopes(clause, around.scenario.horizon):
            formulation.clause(clause, scope)
    formulation.linking_clauses()
    layout = PartnerLayout(partner, formulation.served, formulation.bought, formulation.released)
    return formulation.builder.build(len(around.links.links.labels)), layout


class _Partner:
    def __init__(self, partner: str, around: PartnerSurroundings) -> None:
        self.partner, self.around = partner, around
        self.builder = BlockBuilder(f"partner:{partner}")
        orders = around.scenario["orders"].filter(pl.col("partner") == partner)
        self.own_orders = list(orders.iter_rows(named=True))
        self.served: dict[str, Ints] = {}
        self.bought: dict[str, tuple[Ints, Ints]] = {}
        self.most: dict[str, Floats] = {}
        self.cost: dict[str, Floats] = {}
        self.released: Ints = np.zeros(0, dtype=np.int32)

    def orders(self) -> None:
        index, links = self.around.index, self.around.links
        families = dict(self.around.scenario["products"].select("product", "family").iter_rows())
        reserved = [
            link
            for link in links.clauses
            if isinstance(link.clause, ReservationClause) and link.clause.orders_of == self.partner
        ]
        for order in self.own_orders:
            due, quantity = order["period"], order["quantity"]
            periods = np.arange(due, last_service(due, order["max_delay"], index.periods) + 1, dtype=np.int32)
            worth = order["unit_revenue"] + order["shortage_penalty"] - order["lateness_cost"] * (periods - due)
            keys = [order["order"]] * len(periods)
            columns = self.builder.add_columns("served", keys, periods, upper=quantity, objective=worth)
            self.builder.offset -= order["shortage_penalty"] * quantity
            if len(periods) > 1:
                row = self.builder.add_rows("order", [order["order"]], due, upper=quantity)
                self.builder.add_entries(row, columns, 1.0)
            m, k = index.markets[order["market"]], index.products[order["product"]]
            self.builder.add_links([links.market(m, k, int(t)) for t in periods], columns, -1.0)
            self.served[order["order"]] = columns
            for link in reserved:
                inside = periods == link.scope.periods[0]
                if isinstance(link.clause, ReservationClause) and families[order["product"]] in link.clause.families:
                    self.builder.add_links(link.row, columns[inside], -1.0)

    def purchases(self) -> None:
        supplies = self.around.scenario["supplies"].filter(pl.col("partner") == self.partner)
        index, links = self.around.index, self.around.links
        floor = self._largest_purchase_asked()
        for material in supplies["material"].unique(maintain_order=True).to_list():
            rows = supplies.filter(pl.col("material") == material).sort("period")
            periods = rows["period"].to_numpy().astype(np.int32)
            need = np.maximum(self.around.material_need[index.materials[material], periods], floor)
            self.most[material] = np.minimum(rows["max_quantity"].fill_null(np.inf).to_numpy(), need)
            self.cost[material] = rows["unit_cost"].to_numpy()
            columns = self.builder.add_columns(
                "bought", [material] * len(periods), periods, upper=self.most[material], objective=-self.cost[material]
            )
            number = index.materials[material]
            self.builder.add_links([links.material(number, int(t)) for t in periods], columns, 1.0)
            self.bought[material] = (periods, columns)

    def _largest_purchase_asked(self) -> float:
        asked = [0.0]
        for clause in self.around.scenario.clauses:
            if isinstance(clause, PurchaseClause) and clause.supplier == self.partner:
                asked.append(clause.min or 0.0)
            if isinstance(clause, RebateClause) and clause.supplier == self.partner:
                asked.extend(tier.from_quantity for tier in clause.tiers)
        return max(asked)

    def budgets(self) -> None:
        if self.partner not in self.around.spend:
            return
        windows = np.arange(len(self.around.index.windows), dtype=np.int32)
        self.released = self.builder.add_columns(
            "released", [self.partner] * len(windows), windows, upper=self.around.spend[self.partner]
        )
        rows = [self.around.links.funding[self.partner, int(w)] for w in windows]
        self.builder.add_links(rows, self.released, 1.0)

    def clause(self, clause: Clause, scope: ClauseScope) -> None:
        """Add the rows of a clause that concerns this partner's own columns only."""
        if isinstance(clause, BudgetClause) and clause.partner == self.partner:
            columns = self.released[list(scope.reward_windows)] if len(self.released) else self.released
            self._bounded(clause, scope, columns, clause.min, clause.max)
        elif isinstance(clause, VolumeClause) and clause.orders_of == self.partner:
            self._bounded(clause, scope, self._served_in(scope, on_time=False), clause.min, clause.max)
        elif isinstance(clause, ServiceClause) and clause.orders_of == self.partner:
            ordered = ordered_in_scope(self.around.scenario, self.partner, scope)
            columns = self._served_in(scope, on_time=clause.on_time)
            self._bounded(clause, scope, columns, clause.min_fill_rate * ordered, None)
        elif isinstance(clause, PurchaseClause) and clause.supplier == self.partner:
            columns = _join([self._bought_in(material, scope)[0] for material in self.bought])
            self._bounded(clause, scope, columns, clause.min, clause.max)
        elif isinstance(clause, RebateClause) and clause.supplier == self.partner:
            self._rebate(clause, scope)

    def linking_clauses(self) -> None:
        """Add this partner's part of clause rows that couple agents: violation columns and fill rates."""
        violations: dict[tuple[str, int], Ints] = {}
        for link in self.around.links.clauses:
            clause = link.clause
            if isinstance(clause, ParityClause) and link.pair is not None and self.partner in link.pair:
                sign = 1.0 if link.pair[0] == self.partner else -1.0
                ordered = ordered_in_scope(self.around.scenario, self.partner, link.scope)
                self.builder.add_links(link.row, self._served_in(link.scope, on_time=False), sign / ordered)
            if clause.partner == self.partner and clause.penalty is not None:
                self._link_violation(link, violations)

    def _link_violation(self, link: ClauseLink, violations: dict[tuple[str, int], Ints]) -> None:
        place = (link.clause.id, scope_label(link.scope))
        if place not in violations:
            violations[place] = self.builder.add_columns(
                "violation",
                [link.clause.id],
                place[1],
                upper=self.around.links_most[link.row],
                objective=-(link.clause.penalty or 0.0),
            )
        at_most = isinstance(link.clause, ParityClause | ReservationClause | StabilityClause)
        self.builder.add_links(link.row, violations[place], -1.0 if at_most else 1.0)

    def _served_in(self, scope: ClauseScope, *, on_time: bool) -> Ints:
        due = [order for order in self.own_orders if order["period"] in scope.periods]
        return _join([self.served[order["order"]][: 1 if on_time else None] for order in due])

    def _bought_in(self, material: str, scope: ClauseScope) -> tuple[Ints, Ints]:
        periods, columns = self.bought[material]
        inside = np.isin(periods, scope.periods)
        return columns[inside], np.flatnonzero(inside).astype(np.int32)

    def _bounded(
        self, clause: Clause, scope: ClauseScope, columns: Ints, least: float | None, most: float | None
    ) -> None:
        label, builder = scope_label(scope), self.builder
        for bound, sign in ((least, 1.0), (most, -1.0)):
            if bound is None:
                continue
            limits = {"lower": bound} if sign > 0 else {"upper": bound}
            key = clause_key(clause.id, "min" if sign > 0 else "max")
            row = builder.add_rows(clause.kind, [key], label, **limits)
            builder.add_entries(row, columns, 1.0)
            if clause.penalty is not None:
                largest = bound if sign > 0 else max(builder.total_upper(columns) - bound, 0.0)
                violation = builder.add_columns(
                    "violation", [key], label, upper=max(largest, 0.0), objective=-clause.penalty
                )
                builder.add_entries(row, violation, sign)

    def _rebate(self, clause: RebateClause, scope: ClauseScope) -> None:
        label, builder = scope_label(scope), self.builder
        starts = [0.0, *(tier.from_quantity for tier in clause.tiers)]
        rates = [0.0, *(tier.rate for tier in clause.tiers)]
        keys = [f"{clause.id}#{j}" for j in range(len(rates))]
        tier = builder.add_columns("tier", keys, label, upper=1.0, integer=True)
        builder.add_choice(f"{clause.id}@{label}", tier)
        one = builder.add_rows("one-tier", [clause.id], label, lower=1.0, upper=1.0)
        builder.add_entries(one, tier, 1.0)
        parts: list[list[Ints]] = [[] for _ in rates]
        for material in self.bought:
            bought, inside = self._bought_in(material, scope)
            periods, cost, most = (
                a[inside] for a in (self.bought[material][0], self.cost[material], self.most[material])
            )
            split = builder.add_rows("split", [f"{clause.id}/{material}"] * len(periods), periods, lower=0.0, upper=0.0)
            builder.add_entries(split, bought, -1.0)
            for j, rate in enumerate(rates):
                names = [f"{keys[j]}/{material}"] * len(periods)
                part = builder.add_columns("bought-in-tier", names, periods, upper=most, objective=rate * cost)
                builder.add_entries(split, part, 1.0)
                within = builder.add_rows("in-tier", names, periods, upper=0.0)
                builder.add_entries(within, part, 1.0)
                builder.add_entries(within, tier[j], -most)
                parts[j].append(part)
        decreasing = any(later < earlier for earlier, later in pairwise(rates))
        for j, key in enumerate(keys):
            row = builder.add_rows("tier-from", [key], label, lower=0.0)
            builder.add_entries(row, _join(parts[j]), 1.0)
            builder.add_entries(row, tier[j], -starts[j])
            if decreasing and j + 1 < len(starts):
                row = builder.add_rows("tier-below", [key], label, upper=0.0)
                builder.add_entries(row, _join(parts[j]), 1.0)
                builder.add_entries(row, tier[j], -starts[j + 1])


def _join(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int32), *parts]).astype(np.int32)
