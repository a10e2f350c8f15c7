"""A scenario so small that its optimum is computed by hand, with and without each clause.

One plant makes soap (1 a unit) from oil (0.5 a unit), 10 units in each of 2 periods, for one market. `shop` orders 6 in
each period at 3, `rival` 6 in period 0 at 2, to be served at once. Two customers, if given the offer in a period,
redeem it with probability 0.5 and then take one more unit at 5; we bear 0.4 of the face value of 1, `brand` 0.6.

Margins: shop 1.5, rival 0.5, uplift 3.5 less 0.4. Best: 6 + 6 for shop, one unit of uplift in each period, and 3 for
rival, since period 0 has no room for more: 9 + 9 + 3.1 + 3.1 + 1.5 = 25.7.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from planner.domain.clauses import Clause
from planner.domain.horizon import Horizon
from planner.domain.scenario import Scenario, ScenarioHeader
from planner.domain.schema import TABLES
from tests.scenario_builder import frame, with_cell, with_clauses, with_table

FREE = 25.7
"""The optimum without clauses."""


def micro(*clauses: Clause) -> Scenario:
    """Return the scenario with these clauses, all of one contract with partner ``brand``."""
    horizon = Horizon(2, 7, date(2025, 1, 6), ((0, 0), (1, 1)))
    header = ScenarioHeader("micro", "By hand", "EUR", horizon, "invented for tests", {}, 0)
    tables = {name: table.empty() for name, table in TABLES.items()} | _tables()
    scenario = Scenario(header, tables)
    return with_clauses(scenario, *clauses) if clauses else scenario


def dear_offer(scenario: Scenario) -> Scenario:
    """Return the scenario with an offer of face value 10, which nobody gives without being made to."""
    return with_cell(scenario, "offers", 0, "face_value", 10.0)


def patient_rival(scenario: Scenario) -> Scenario:
    """Return the scenario in which rival's order may come one period late, at 0.1 a unit."""
    late = with_cell(scenario, "orders", 2, "max_delay", 1)
    return with_cell(late, "orders", 2, "lateness_cost", 0.1)


def with_baseline(scenario: Scenario, quantity: float) -> Scenario:
    """Return the scenario whose earlier plan made this much in period 0."""
    return with_table(scenario, "baseline", frame("baseline", [("A", "soap", 0, quantity)]))


def unlimited(scenario: Scenario) -> Scenario:
    """Return the scenario without any limit on capacity."""
    return with_table(scenario, "resources", scenario["resources"].with_columns(regular=pl.lit(None, dtype=pl.Float64)))


def _tables() -> dict[str, pl.DataFrame]:
    rows: dict[str, list[tuple[object, ...]]] = {
        "products": [("soap", "care", "t")],
        "plants": [("A", "")],
        "markets": [("m", "")],
        "resources": [("A", "line", t, 10.0, 0.0, 0.0) for t in (0, 1)],
        "recipes": [("A", "soap", 0.0, 1.0, 0.0, None, 0)],
        "routings": [("A", "soap", "line", 1.0, 0.0)],
        "bom": [("A", "soap", "oil", 1.0)],
        "supplies": [("mill", "oil", t, 0.5, None) for t in (0, 1)],
        "lanes": [("A", "m", "*", 0, 0.0)],
        "partners": [(name, "", "") for name in ("brand", "shop", "rival", "mill")],
        "orders": [
            ("o1", "shop", "m", "soap", 0, 6.0, 3.0, 0.0, 0.0, 0),
            ("o2", "shop", "m", "soap", 1, 6.0, 3.0, 0.0, 0.0, 0),
            ("o3", "rival", "m", "soap", 0, 6.0, 2.0, 0.0, 0.0, 0),
        ],
        "segments": [("s", "m", "gold", "")],
        "demand": [("s", "soap", t, 0.0, 5.0, 0.0) for t in (0, 1)],
        "customers": [(name, "s", "gold", True, 100, 1.0) for name in ("c1", "c2")],
        "offers": [("O", "", "brand", 1.0, 0.4, None)],
        "offer_funding": [("O", "brand", 0.6)],
        "offer_effects": [("O", "soap", 1.0)],
        "responses": [("s", "O", 0.5)],
    }
    return {name: frame(name, content) for name, content in rows.items()}
