"""A small valid scenario with every table and every clause kind, and ways to change one thing about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import polars as pl

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    Contract,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    RebateClause,
    RebateTier,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.horizon import Horizon
from planner.domain.scenario import EligibilityRule, Scenario, ScenarioHeader
from planner.domain.schema import POLARS_TYPE, TABLES

PERIODS = 4
PRODUCTS = ("soap", "cream", "mix")
SEGMENTS = ("north-gold", "south-silver")


def frame(table: str, rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    """Return a table of the scenario from rows in the order of its declared columns."""
    schema = {column.name: POLARS_TYPE[column.kind] for column in TABLES[table].columns}
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def small_scenario() -> Scenario:
    """Return 2 plants, 3 products, 4 periods in 2 windows, 6 customers, 3 offers and all eleven clause kinds.

    It is valid and feasible: every clause that could conflict is soft or loose. Plant ``1901`` has a text id that
    looks like a number; ``mix`` is made from ``soap`` of the same plant and bought ``oil``.
    """
    header = ScenarioHeader(
        id="small",
        title="Small scenario for tests",
        currency="EUR",
        horizon=Horizon(PERIODS, 7, date(2025, 1, 6), ((0, 1), (2, 3))),
        provenance="invented for tests",
        assumptions={"everything": "invented", "scale": 1.5},
        seed=3,
    )
    rules = (
        EligibilityRule("consent", "forbid", "NOT customer.consent"),
        EligibilityRule("gold-only", "forbid", "offer.face_value > 1.5 AND customer.tier <> 'gold'"),
    )
    return Scenario(header, _supply() | _market() | _loyalty(), rules, small_contracts())


def with_table(scenario: Scenario, table: str, content: pl.DataFrame) -> Scenario:
    """Return the scenario with one table replaced."""
    return dataclasses.replace(scenario, tables={**scenario.tables, table: content})


def with_cell(scenario: Scenario, table: str, row: int, column: str, value: object) -> Scenario:
    """Return the scenario with one cell replaced (None empties it)."""
    old = scenario[table]
    values = old[column].to_list()
    values[row] = value
    return with_table(scenario, table, old.with_columns(pl.Series(column, values, dtype=old.schema[column])))


def with_closures(scenario: Scenario, seed: int) -> Scenario:
    """Return the scenario with about a third of its lanes and periods closed, drawn from the seed."""
    closed = np.random.default_rng(seed).random((scenario["lanes"].height, scenario.horizon.periods)) < 1 / 3
    lanes = scenario["lanes"].select("plant", "market", "product").rows()
    rows = [(*lanes[i], t) for i, t in np.argwhere(closed).tolist()]
    return with_table(scenario, "lane_closures", frame("lane_closures", rows))


def with_closed_recipes(scenario: Scenario, seed: int) -> Scenario:
    """Return the scenario with about a third of its recipes and periods closed, drawn from the seed."""
    closed = np.random.default_rng(seed).random((scenario["recipes"].height, scenario.horizon.periods)) < 1 / 3
    recipes = scenario["recipes"].select("plant", "product").rows()
    rows = [(*recipes[i], t) for i, t in np.argwhere(closed).tolist()]
    return with_table(scenario, "recipe_closures", frame("recipe_closures", rows))


def with_clauses(scenario: Scenario, *clauses: Clause) -> Scenario:
    """Return the scenario with one contract of partner ``brand`` that holds exactly these clauses."""
    contract = Contract("C", "brand", 1, None, None, clauses)
    return dataclasses.replace(scenario, contracts=(contract,))


def _supply() -> dict[str, pl.DataFrame]:
    periods = range(PERIODS)
    return {
        "products": frame("products", [("soap", "care", "t"), ("cream", "care", "t"), ("mix", "blend", "t")]),
        "plants": frame("plants", [("1901", "north"), ("P2", "south")]),
        "resources": frame(
            "resources",
            [
                (plant, "line", t, regular, extra, 5.0)
                for plant, regular, extra in (("1901", 30.0, 8.0), ("P2", 20.0, None))
                for t in periods
            ],
        ),
        "recipes": frame(
            "recipes",
            [
                ("1901", "soap", 20.0, 2.0, 0.0, 25.0, 0),
                ("1901", "mix", 10.0, 3.0, 1.0, None, 1),
                ("P2", "cream", 15.0, 2.5, 0.0, None, 0),
            ],
        ),
        "routings": frame(
            "routings",
            [("1901", "soap", "line", 1.0, 0.5), ("1901", "mix", "line", 1.2, 0.5), ("P2", "cream", "line", 0.8, 1.0)],
        ),
        "bom": frame("bom", [("1901", "soap", "oil", 0.5), ("1901", "mix", "soap", 0.4), ("1901", "mix", "oil", 0.2)]),
        "supplies": frame("supplies", [("oilco", "oil", t, 1.0 + 0.1 * t, 40.0) for t in periods]),
        "stock": frame(
            "stock",
            [
                ("1901", "soap", 6.0, 0.3, 2.0, 1.0, 60.0),
                ("1901", "mix", 2.0, 0.4, 0.0, 0.0, None),
                ("P2", "cream", 3.0, 0.2, 1.0, 0.5, 50.0),
            ],
        ),
        "receipts": frame("receipts", [("1901", "soap", 1, 2.0), ("1901", "oil", 0, 3.0)]),
        "in_transit": frame("in_transit", [("north", "soap", 0, 1.5)]),
        "firm": frame("firm", [("P2", "cream", 0, 5.0)]),
        "baseline": frame("baseline", [("1901", "soap", 0, 8.0), ("P2", "cream", 0, 5.0)]),
    }


def _market() -> dict[str, pl.DataFrame]:
    return {
        "markets": frame("markets", [("north", "north"), ("south", "south")]),
        "lanes": frame(
            "lanes",
            [
                ("1901", "north", "*", 0, 1.0),
                ("1901", "south", "*", 1, 1.5),
                ("1901", "south", "mix", 0, 4.0),
                ("P2", "north", "*", 1, 2.0),
                ("P2", "south", "*", 0, 0.5),
            ],
        ),
        "partners": frame(
            "partners",
            [
                ("brand", "brand", ""),
                ("dist-a", "distributor", "north"),
                ("dist-b", "distributor", "south"),
                ("oilco", "supplier", ""),
                ("program", "program", ""),
            ],
        ),
        "orders": frame(
            "orders",
            [
                ("A1", "dist-a", "north", "soap", 0, 4.0, 12.0, 0.5, 3.0, 2),
                ("A2", "dist-a", "south", "cream", 2, 5.0, 14.0, 0.5, 3.0, None),
                ("B1", "dist-b", "south", "cream", 1, 6.0, 14.0, 0.5, 3.0, 0),
                ("B2", "dist-b", "north", "mix", 3, 3.0, 20.0, 1.0, 6.0, 1),
            ],
        ),
        "segments": frame(
            "segments", [("north-gold", "north", "gold", "north"), ("south-silver", "south", "silver", "south")]
        ),
        "demand": frame(
            "demand",
            [
                (segment, product, t, 2.0 + 0.5 * t, 15.0 if product != "mix" else 22.0, 2.0)
                for segment in SEGMENTS
                for product in PRODUCTS
                for t in range(PERIODS)
            ],
        ),
    }


def _loyalty() -> dict[str, pl.DataFrame]:
    customers = frame(
        "customers",
        [
            ("1", "north-gold", "gold", True, 400, 1.0),
            ("2", "north-gold", "gold", True, 30, 2.0),
            ("3", "north-gold", "gold", False, 90, 0.5),
            ("4", "south-silver", "silver", True, 800, 1.5),
            ("5", "south-silver", "silver", None, 10, 1.0),
            ("6", "south-silver", "silver", True, None, 0.8),
        ],
    )
    responses = [
        (segment, offer, p)
        for segment, scale in zip(SEGMENTS, (1.0, 0.5), strict=True)
        for offer, p in (("O1", 0.3), ("O2", 0.5), ("O3", 0.2))
        for p in (p * scale,)
    ]
    return {
        "customers": customers.with_columns(household=pl.Series([1, 1, 2, 3, 3, 4])),
        "offers": frame(
            "offers",
            [
                ("O1", "coupon", "brand", 1.0, 0.4, 3.0),
                ("O2", "coupon", "brand", 2.0, 0.5, None),
                ("O3", "gift", "", 0.5, 1.0, None),
            ],
        ),
        "offer_funding": frame("offer_funding", [("O1", "brand", 0.6), ("O2", "brand", 0.3), ("O2", "dist-a", 0.2)]),
        "offer_effects": frame("offer_effects", [("O1", "soap", 1.0), ("O2", "cream", 2.0), ("O3", "mix", 0.5)]),
        "responses": frame("responses", responses),
    }


def small_contracts() -> tuple[Contract, ...]:
    """Return four contracts that together use all eleven clause kinds."""
    start, end = date(2025, 1, 1), date(2025, 12, 31)
    brand = {"contract": "C-brand", "partner": "brand", "effective_from": start, "effective_to": end}
    dist = {"contract": "C-dist", "partner": "dist-a", "effective_from": start, "effective_to": None}
    oil = {"contract": "C-oil", "partner": "oilco", "effective_from": None, "effective_to": None}
    program = {"contract": "C-program", "partner": "program", "effective_from": start, "effective_to": end}
    return (
        Contract(
            "C-brand",
            "brand",
            2,
            start,
            end,
            (
                BudgetClause(id="brand/budget", max=1.2, **brand),
                BudgetClause(id="brand/floor", min=0.2, penalty=0.5, each_window=True, **brand),
                ExclusivityClause(id="brand/territory", offers_of="brand", markets=("north", "south"), **brand),
                PriceFloorClause(id="brand/net", offers_of="brand", min_net_revenue_share=0.1, **brand),
            ),
        ),
        Contract(
            "C-dist",
            "dist-a",
            1,
            start,
            None,
            (
                VolumeClause(id="dist/volume", orders_of="dist-a", min=6.0, penalty=2.0, **dist),
                ServiceClause(
                    id="dist/on-time",
                    orders_of="dist-b",
                    min_fill_rate=0.9,
                    on_time=True,
                    penalty=4.0,
                    each_window=True,
                    **dist,
                ),
                ReservationClause(
                    id="dist/reserve", plant="1901", share=0.2, families=("care",), orders_of="dist-a", **dist
                ),
                ParityClause(id="dist/parity", orders_of=("dist-a", "dist-b"), max_fill_gap=0.05, penalty=30.0, **dist),
            ),
        ),
        Contract(
            "C-oil",
            "oilco",
            1,
            None,
            None,
            (
                PurchaseClause(id="oil/take", supplier="oilco", min=10.0, penalty=0.5, **oil),
                RebateClause(
                    id="oil/rebate", supplier="oilco", tiers=(RebateTier(8.0, 0.02), RebateTier(16.0, 0.05)), **oil
                ),
            ),
        ),
        Contract(
            "C-program",
            "program",
            7,
            start,
            end,
            (
                RewardFloorClause(
                    id="program/gold", tier="gold", min_share=0.5, penalty=0.2, each_window=True, **program
                ),
                StabilityClause(id="program/frozen", frozen_periods=(0,), max=20.0, penalty=1.0, **program),
            ),
        ),
    )
