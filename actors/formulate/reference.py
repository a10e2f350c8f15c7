"""A scenario as the plain data of the readable reference model, worked out from the tables alone.

Nothing here shares code with the array formulations beyond the eligibility patterns: prices of uplift, scopes of
clauses, lanes and probabilities are derived once more, so that the reference checks those too.
"""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from actors.formulate.reference_clauses import clause_rows
from planner.domain.eligibility import Eligibility
from planner.domain.scenario import Scenario
from solvers.reference.planning_data import Capacity, Customer, Demand, Offer, Order, Planning, Recipe, Storage

Row = dict[str, Any]


def planning_data(scenario: Scenario, eligibility: Eligibility) -> Planning:
    """Return everything the reference model is written over."""
    products = _column(scenario, "products", "product")
    storage = _storage(scenario, products)
    return Planning(
        periods=scenario.horizon.periods,
        windows=tuple(tuple(range(first, last + 1)) for first, last in scenario.horizon.windows),
        families=dict(zip(products, _column(scenario, "products", "family"), strict=True)),
        recipes={(row["plant"], row["product"]): _recipe(row) for row in _rows(scenario, "recipes")},
        routings={
            (row["plant"], row["product"], row["resource"]): (row["capacity_per_unit"], row["setup_capacity"])
            for row in _rows(scenario, "routings")
        },
        capacity={
            (row["plant"], row["resource"], row["period"]): Capacity(
                regular=_unless_empty(row["regular"]),
                overtime_most=_unless_empty(row["overtime_max"]),
                overtime_cost=row["overtime_cost"],
            )
            for row in _rows(scenario, "resources")
        },
        bom=_quantities(scenario, "bom", "plant", "product", "component"),
        storage=storage,
        received=_quantities(scenario, "receipts", "plant", "item", "period"),
        released=_quantities(scenario, "firm", "plant", "product", "period"),
        unmade=frozenset(
            scenario["recipe_closures"]
            .join(scenario["firm"], on=["plant", "product", "period"], how="anti")
            .select("plant", "product", "period")
            .iter_rows()
        ),
        baseline=_quantities(scenario, "baseline", "plant", "product", "period"),
        supplies={
            (row["partner"], row["material"], row["period"]): (row["unit_cost"], _unless_empty(row["max_quantity"]))
            for row in _rows(scenario, "supplies")
        },
        lanes=_lanes(scenario, storage),
        closed=_closed(scenario, storage),
        in_transit=_quantities(scenario, "in_transit", "market", "product", "period"),
        orders={row["order"]: _order(row, scenario.horizon.periods) for row in _rows(scenario, "orders")},
        markets={row["segment"]: row["market"] for row in _rows(scenario, "segments")},
        demand=_demand(scenario, products),
        offers={row["offer"]: _offer(scenario, row) for row in _rows(scenario, "offers")},
        customers=_customers(scenario, eligibility),
        clauses=clause_rows(scenario),
    )


def _rows(scenario: Scenario, table: str) -> list[Row]:
    return scenario[table].to_dicts()


def _column(scenario: Scenario, table: str, column: str) -> list[str]:
    return scenario[table][column].to_list()


def _unless_empty(value: float | None) -> float:
    return math.inf if value is None else value


def _quantities(scenario: Scenario, table: str, *key: str) -> dict[Any, float]:
    return {tuple(row[name] for name in key): row["quantity"] for row in _rows(scenario, table)}


def _recipe(row: Row) -> Recipe:
    return Recipe(
        setup_cost=row["setup_cost"],
        unit_cost=row["unit_cost"],
        min_lot=row["min_lot"],
        max_lot=_unless_empty(row["max_lot"]),
        lead=row["lead_time"],
    )


def _order(row: Row, periods: int) -> Order:
    delay = periods if row["max_delay"] is None else row["max_delay"]
    return Order(
        partner=row["partner"],
        market=row["market"],
        product=row["product"],
        due=row["period"],
        last=min(row["period"] + delay, periods - 1),
        quantity=row["quantity"],
        revenue=row["unit_revenue"],
        lateness=row["lateness_cost"],
        penalty=row["shortage_penalty"],
    )


def _storage(scenario: Scenario, products: list[str]) -> dict[tuple[str, str], Storage]:
    """Return storage of every product that a plant makes, uses, receives or stores."""
    stored = {
        (row["plant"], row["item"]): Storage(
            on_hand=row["on_hand"],
            holding=row["holding_cost"],
            safety=row["safety_stock"],
            safety_penalty=row["safety_penalty"],
            most=_unless_empty(row["max_stock"]),
        )
        for row in _rows(scenario, "stock")
    }
    places = [
        (row["plant"], row[column])
        for table, column in (("recipes", "product"), ("stock", "item"), ("receipts", "item"), ("bom", "component"))
        for row in _rows(scenario, table)
    ]
    return {place: stored.get(place, Storage()) for place in places if place[1] in products}


def _lanes(
    scenario: Scenario, storage: dict[tuple[str, str], Storage]
) -> dict[tuple[str, str, str], tuple[int, float]]:
    """Return lanes per product a plant holds; an exact lane replaces ``*``."""
    given = {(row["plant"], row["market"], row["product"]): row for row in _rows(scenario, "lanes")}
    lanes = {}
    for plant, product in storage:
        for market in _column(scenario, "markets", "market"):
            row = given.get((plant, market, product)) or given.get((plant, market, "*"))
            if row is not None:
                lanes[plant, market, product] = (row["transit"], row["unit_cost"])
    return lanes


def _closed(scenario: Scenario, storage: dict[tuple[str, str], Storage]) -> frozenset[tuple[str, str, str, int]]:
    """Return when a lane is closed, per product a plant holds; a closure counts for the lane that it names alone."""
    exact = {(row["plant"], row["market"], row["product"]) for row in _rows(scenario, "lanes")}
    closed = set()
    for row in _rows(scenario, "lane_closures"):
        plant, market, name, t = row["plant"], row["market"], row["product"], row["period"]
        if name != "*":
            closed.add((plant, market, name, t))
            continue
        others = {product for owner, product in storage if owner == plant and (plant, market, product) not in exact}
        closed |= {(plant, market, product, t) for product in others}
    return frozenset(closed)


def _demand(scenario: Scenario, products: list[str]) -> dict[tuple[str, str, int], Demand]:
    """Return demand everywhere: without a row it is 0, priced by another row of the segment, of the product if any."""
    rows = _rows(scenario, "demand")
    exact = {(row["segment"], row["product"], row["period"]): row for row in rows}
    of_product: dict[tuple[str, str], Row] = {}
    of_segment: dict[str, Row] = {}
    for row in rows:
        of_product.setdefault((row["segment"], row["product"]), row)
        of_segment.setdefault(row["segment"], row)
    demand = {}
    for s in _column(scenario, "segments", "segment"):
        for k in products:
            for t in range(scenario.horizon.periods):
                price = exact.get((s, k, t)) or of_product.get((s, k)) or of_segment.get(s) or {}
                demand[s, k, t] = Demand(
                    quantity=exact[s, k, t]["quantity"] if (s, k, t) in exact else 0.0,
                    revenue=price.get("unit_revenue", 0.0),
                    penalty=price.get("shortage_penalty", 0.0),
                )
    return demand


def _offer(scenario: Scenario, row: Row) -> Offer:
    funding = scenario["offer_funding"].filter(pl.col("offer") == row["offer"])
    effects = scenario["offer_effects"].filter(pl.col("offer") == row["offer"])
    return Offer(
        sponsor=row["sponsor"],
        face_value=row["face_value"],
        own_share=row["own_share"],
        most_redemptions=_unless_empty(row["max_redemptions"]),
        funding=dict(funding.select("partner", "share").iter_rows()),
        units=dict(effects.select("product", "units_per_redemption").iter_rows()),
    )


def _customers(scenario: Scenario, eligibility: Eligibility) -> dict[str, Customer]:
    offers = _column(scenario, "offers", "offer")
    rate = {(row["segment"], row["offer"]): row["redeem_probability"] for row in _rows(scenario, "responses")}
    return {
        row["customer"]: Customer(
            segment=row["segment"],
            tier=row["tier"],
            redeems={
                offer: min(1.0, row["weight"] * rate.get((row["segment"], offer), 0.0))
                for m, offer in enumerate(offers)
                if eligibility.allowed[pattern, m]
            },
        )
        for row, pattern in zip(_rows(scenario, "customers"), eligibility.pattern.tolist(), strict=True)
    }
