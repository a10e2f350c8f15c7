"""A plant's lot-sizing program: set-ups, production, stocks, overtime, shipments.

Sets: recipes r (products k made here), items i (products stocked here), resources, lanes l = (market, transit, cost),
periods t. Columns and their unit money in the objective (costs enter negatively):

- ``setup[r,t]`` ∈ {0,1} · set-up cost; ``production[r,t]`` ∈ [0, most] · unit cost
- ``overtime[resource,t]`` ∈ [0, max] · overtime cost; ``stock[i,t]`` ∈ [0, max_stock] · holding cost
- ``safety[i,t]`` ≥ safety_stock − stock · safety penalty
- ``shipment[l,k,t]`` ∈ [0, what the market could take on arrival] · freight: enters a market balance
- ``surplus[k,t]`` · cheapest freight: shipped without being served, the only way to get rid of goods
- ``draw[material,t]``: bought material used here, beyond receipts; enters the material balance
- ``deviation[clause,r,t]`` ≥ |production − baseline|

Rows: most·setup ≥ production ≥ min_lot·setup; Σ capacity_per_unit·production + setup_capacity·setup − overtime ≤
regular; stock balance with lead times, receipts and components; material use ≤ draw + receipts.

Valid inequalities: a lot beyond what regular time holds beside its set-up needs overtime, and no overtime means that
much without a set-up. For a set R of recipes with such lots, with weights w = regular − setup_capacity,
Σ_R capacity_per_unit·production ≤ Σ_R w·setup + overtime: with no set-up in R the left side is 0, with one or more it
is the capacity row or weaker. They stand for every single recipe and for all such recipes of a resource and period;
without them a fraction of a set-up brings the same fraction of all overtime free of charge.

Source: multi-item capacitated lot sizing with set-up times (Trigeiro, Thomas, McClain 1989), with the tables of the
planning problem; the inequalities are flow covers (Padberg, Van Roy, Wolsey 1985) of the capacity row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from actors.formulate.index import Index
from actors.formulate.links import LinkMap, family_routings
from actors.formulate.potential import Lane, Lanes, MarketPotential
from planner.domain.clauses import ReservationClause, StabilityClause
from planner.domain.scenario import Scenario
from solvers.core.program import Floats, Ints
from solvers.network.block import Block, BlockBuilder

_ROUNDING = 1e-9
"""Lots that exceed regular time by no more than this share of it do not count as longer."""


@dataclass(frozen=True, slots=True, eq=False)
class PlantSurroundings:
    """What a plant must know beyond its own tables; the same for all plants of a scenario.

    ``limits`` is float64 of shape (recipes of the scenario, T).
    """

    scenario: Scenario
    index: Index
    links: LinkMap
    potential: MarketPotential
    limits: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlantLayout:
    """Where the columns of a plant's block stand, each array int32 of shape (T,).

    Beside the columns of a surplus stands the market that takes it in each period.
    """

    plant: str
    setup: Mapping[str, Ints]
    production: Mapping[str, Ints]
    overtime: Mapping[str, Ints]
    stock: Mapping[str, Ints]
    shipment: Mapping[tuple[str, str], Ints]
    surplus: Mapping[str, tuple[Sequence[str], Ints]]
    lead: Mapping[str, int]


def plant_block(plant: str, around: PlantSurroundings) -> tuple[Block, PlantLayout]:
    """Formulate one plant; returns its block and where to find the decisions in it."""
    formulation = _Plant(plant, around)
    formulation.recipes()
    formulation.resources()
    formulation.items()
    formulation.materials()
    formulation.clauses()
    return formulation.builder.build(len(around.links.links.labels)), formulation.layout()


class _Plant:
    def __init__(self, plant: str, around: PlantSurroundings) -> None:
        self.plant, self.around = plant, around
        self.builder = BlockBuilder(f"plant:{plant}")
        self.t = np.arange(around.index.periods, dtype=np.int32)
        tables = around.scenario
        self.limits = {
            product: around.limits[r]
            for r, (owner, product) in enumerate(tables["recipes"].select("plant", "product").iter_rows())
            if owner == plant
        }
        self.table = {
            name: tables[name].filter(pl.col("plant") == plant)
            for name in ("recipes", "routings", "resources", "stock", "bom", "receipts", "firm", "baseline")
        }
        self.lanes = Lanes(tables, plant)
        self.bom = list(self.table["bom"].select("product", "component", "quantity").iter_rows())
        self.setup: dict[str, Ints] = {}
        self.production: dict[str, Ints] = {}
        self.overtime: dict[str, Ints] = {}
        self.stock: dict[str, Ints] = {}
        self.shipment: dict[tuple[str, str], Ints] = {}
        self.surplus: dict[str, tuple[Sequence[str], Ints]] = {}
        self.lead: dict[str, int] = {}

    def layout(self) -> PlantLayout:
        return PlantLayout(
            self.plant,
            self.setup,
            self.production,
            self.overtime,
            self.stock,
            self.shipment,
            self.surplus,
            self.lead,
        )

    def columns(self, kind: str, key: str, **bounds: object) -> Ints:
        return self.builder.add_columns(kind, [key] * len(self.t), self.t, **bounds)  # type: ignore[arg-type]  # passed on unchanged

    def rows(self, kind: str, key: str, **bounds: object) -> Ints:
        return self.builder.add_rows(kind, [key] * len(self.t), self.t, **bounds)  # type: ignore[arg-type]  # passed on unchanged

    def per_period(self, table: str, key: str) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        for name, t, quantity in self.table[table].select(key, "period", "quantity").iter_rows():
            found.setdefault(name, np.zeros(len(self.t)))[t] += quantity
        return found

    def recipes(self) -> None:
        add = self.builder.add_entries
        firm = {
            (product, t): quantity
            for product, t, quantity in self.table["firm"].select("product", "period", "quantity").iter_rows()
        }
        closures = self.around.scenario["recipe_closures"].filter(pl.col("plant") == self.plant)
        closed = set(closures.select("product", "period").iter_rows())
        for recipe in self.table["recipes"].iter_rows(named=True):
            product, most = recipe["product"], self.limits[recipe["product"]]
            released = np.array([(product, t) in firm for t in self.t])
            open_ = np.array([(product, t) not in closed for t in self.t])
            allowed = released | (open_ & (most >= max(recipe["min_lot"], 0.0)))
            setup = self.columns(
                "setup",
                product,
                lower=released.astype(float),
                upper=allowed.astype(float),
                objective=-recipe["setup_cost"],
                integer=True,
            )
            fixed = np.array([firm.get((product, int(t)), 0.0) for t in self.t])
            upper = np.where(released, fixed, np.where(allowed, most, 0.0))
            production = self.columns(
                "production", product, lower=np.where(released, fixed, 0.0), upper=upper, objective=-recipe["unit_cost"]
            )
            row = self.rows("lot-most", product, lower=np.where(released, -np.inf, 0.0))
            add(row, setup, upper)
            add(row, production, -1.0)
            if recipe["min_lot"] > 0:
                row = self.rows("lot-least", product, lower=np.where(released, -np.inf, 0.0))
                add(row, production, 1.0)
                add(row, setup, -recipe["min_lot"])
            free = ~released & (upper > 0)
            self.builder.add_setups(setup[free], production[free], upper[free])
            self.setup[product], self.production[product] = setup, production
            self.lead[product] = recipe["lead_time"]

    def resources(self) -> None:
        add = self.builder.add_entries
        routings = self.table["routings"].select("product", "resource", "capacity_per_unit", "setup_capacity")
        for resource in self.table["resources"]["resource"].unique(maintain_order=True).to_list():
            rows = self.table["resources"].filter(pl.col("resource") == resource).sort("period")
            regular = rows["regular"].fill_null(np.inf).to_numpy()
            users = [(k, per_unit, setup) for k, r, per_unit, setup in routings.iter_rows() if r == resource]
            needed = sum((c * self.limits[k] + s for k, c, s in users), np.zeros(len(self.t)))
            most = np.minimum(rows["overtime_max"].fill_null(np.inf).to_numpy(), needed)
            self.overtime[resource] = self.columns(
                "overtime", resource, upper=most, objective=-rows["overtime_cost"].to_numpy()
            )
            row = self.rows("capacity", resource, upper=regular)
            add(row, self.overtime[resource], -1.0)
            for product, per_unit, setup in users:
                add(row, self.production[product], per_unit)
                add(row, self.setup[product], setup)
            self._regular_lots(resource, regular, users)

    def _regular_lots(self, resource: str, regular: Floats, users: Sequence[tuple[str, float, float]]) -> None:
        """Tie lots beyond regular time to overtime, recipe by recipe and all of a resource together."""
        longer = {k: c * self.limits[k] > regular - s + _ROUNDING * regular for k, c, s in users}
        rows: dict[tuple[str, int], list[str]] = {}
        for t in range(len(self.t)):
            beyond = [k for k, periods in longer.items() if periods[t]]
            rows |= {(f"{resource}/{k}", t): [k] for k in beyond} | ({(resource, t): beyond} if beyond[1:] else {})
        keys, periods = [key for key, _ in rows], np.array([t for _, t in rows], dtype=np.int32)
        numbers = self.builder.add_rows("regular-lot", keys, periods, upper=0.0)
        weight = {k: (c, regular - s) for k, c, s in users}
        for row, ((_, t), recipes) in zip(numbers, rows.items(), strict=True):
            self.builder.add_entries(row, self.overtime[resource][t], -1.0)
            for k in recipes:
                self.builder.add_entries(row, self.production[k][t], weight[k][0])
                self.builder.add_entries(row, self.setup[k][t], -weight[k][1][t])

    def items(self) -> None:
        products = self.around.index.products
        named = [
            *self.table["recipes"]["product"].to_list(),
            *self.table["stock"]["item"].to_list(),
            *self.table["receipts"]["item"].to_list(),
            *(component for _, component, _ in self.bom),
        ]
        stock = {row["item"]: row for row in self.table["stock"].iter_rows(named=True)}
        receipts = self.per_period("receipts", "item")
        for item in dict.fromkeys(name for name in named if name in products):
            self._item(item, stock.get(item), receipts.get(item, np.zeros(len(self.t))))

    def _item(self, item: str, stock: Mapping[str, float | None] | None, receipts: Floats) -> None:
        add, periods = self.builder.add_entries, len(self.t)
        on_hand = float((stock or {}).get("on_hand") or 0.0)
        most = (stock or {}).get("max_stock")
        inflow = receipts.copy()
        if item in self.production:
            lead = self.lead[item]
            inflow[lead:] += self.limits[item][: max(periods - lead, 0)]
        reachable = on_hand + np.cumsum(inflow)
        upper = np.minimum(np.inf if most is None else most, reachable)
        columns = self.columns("stock", item, upper=upper, objective=-float((stock or {}).get("holding_cost") or 0.0))
        opening = receipts.copy()
        opening[0] += on_hand
        balance = self.rows("balance", item, lower=opening, upper=opening)
        add(balance, columns, 1.0)
        add(balance[1:], columns[:-1], -1.0)
        if item in self.production:
            add(balance[lead:], self.production[item][: max(periods - lead, 0)], -1.0)
        for product, component, quantity in self.bom:
            if component == item:
                add(balance, self.production[product], quantity)
        self._ship(item, balance, reachable)
        self._safety(item, columns, stock)
        self.stock[item] = columns

    def _ship(self, item: str, balance: Ints, reachable: Floats) -> None:
        index, links = self.around.index, self.around.links
        lanes = self.lanes.of(self.plant, item)
        for lane in lanes:
            m, k = index.markets[lane.market], index.products[item]
            useful = np.zeros(len(self.t))
            useful[: max(len(self.t) - lane.transit, 0)] = self.around.potential.at[m, k, lane.transit :]
            most = np.where(lane.open, np.minimum(useful, reachable), 0.0)
            columns = self.columns("shipment", f"{lane.market}/{item}", upper=most, objective=-lane.cost)
            self.builder.add_entries(balance, columns, 1.0)
            arriving = self.t[self.t + lane.transit < len(self.t)]
            self.builder.add_links(
                [links.market(m, k, int(t) + lane.transit) for t in arriving], columns[: len(arriving)], 1.0
            )
            self.shipment[lane.market, item] = columns
        if lanes:
            self._discard(item, balance, reachable, lanes)

    def _discard(self, item: str, balance: Ints, reachable: Floats, lanes: Sequence[Lane]) -> None:
        """Let what nobody wants leave on the cheapest lane that is open; where none is, everything stays."""
        costs = np.array([np.where(lane.open, lane.cost, np.inf) for lane in lanes])
        chosen = costs.argmin(axis=0)
        cost = costs[chosen, self.t]
        leaves = np.isfinite(cost)
        columns = self.columns(
            "surplus", item, upper=np.where(leaves, reachable, 0.0), objective=-np.where(leaves, cost, 0.0)
        )
        self.builder.add_entries(balance, columns, 1.0)
        self.surplus[item] = ([lanes[i].market for i in chosen], columns)

    def _safety(self, item: str, columns: Ints, stock: Mapping[str, float | None] | None) -> None:
        safety, penalty = (float((stock or {}).get(name) or 0.0) for name in ("safety_stock", "safety_penalty"))
        if safety > 0 and penalty > 0:
            short = self.columns("safety", item, upper=safety, objective=-penalty)
            row = self.rows("safety", item, lower=safety)
            self.builder.add_entries(row, columns, 1.0)
            self.builder.add_entries(row, short, 1.0)

    def materials(self) -> None:
        materials = self.around.index.materials
        receipts = self.per_period("receipts", "item")
        for material in dict.fromkeys(component for _, component, _ in self.bom if component in materials):
            users = [(product, quantity) for product, component, quantity in self.bom if component == material]
            most = sum((quantity * self.limits[product] for product, quantity in users), np.zeros(len(self.t)))
            draw = self.columns("draw", material, upper=most)
            row = self.rows("use", material, upper=receipts.get(material, 0.0))
            self.builder.add_entries(row, draw, -1.0)
            for product, quantity in users:
                self.builder.add_entries(row, self.production[product], quantity)
            rows = [self.around.links.material(materials[material], int(t)) for t in self.t]
            self.builder.add_links(rows, draw, -1.0)

    def clauses(self) -> None:
        for link in self.around.links.clauses:
            if isinstance(link.clause, ReservationClause) and link.clause.plant == self.plant:
                self._reserve(link.row, link.clause, link.scope.periods[0])
            elif isinstance(link.clause, StabilityClause):
                self._stabilise(link.row, link.clause, link.scope.periods)

    def _reserve(self, row: int, clause: ReservationClause, period: int) -> None:
        routings = family_routings(self.around.scenario, clause)
        for product, per_unit, setup in routings.select("product", "capacity_per_unit", "setup_capacity").iter_rows():
            self.builder.add_links(row, self.production[product][period], per_unit)
            self.builder.add_links(row, self.setup[product][period], setup)

    def _stabilise(self, row: int, clause: StabilityClause, periods: tuple[int, ...]) -> None:
        baseline = self.per_period("baseline", "product")
        frozen = np.array(periods, dtype=np.int32)
        for product, production in self.production.items():
            planned = baseline.get(product, np.zeros(len(self.t)))[frozen]
            most = np.maximum(self.limits[product][frozen], planned)
            key = f"{clause.id}/{product}"
            columns = self.builder.add_columns("deviation", [key] * len(frozen), frozen, upper=most)
            for sign, kind in ((1.0, "above"), (-1.0, "below")):
                bound = self.builder.add_rows(kind, [key] * len(frozen), frozen, upper=sign * planned)
                self.builder.add_entries(bound, production[frozen], sign)
                self.builder.add_entries(bound, columns, -1.0)
            self.builder.add_links(row, columns, 1.0)
