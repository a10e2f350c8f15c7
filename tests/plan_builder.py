"""A valid plan of the small scenario, computed by hand, and ways to change one thing about it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from planner.domain.gap import relative_gap
from planner.domain.hashing import plan_hash, scenario_hash, sealed, table_hash
from planner.domain.plan import PLAN_TABLES, Plan
from planner.domain.plan_form import canonical_tables
from planner.domain.scenario import Scenario
from planner.verification.recompute import recompute

Tables = dict[str, pl.DataFrame]

_ROWS: dict[str, list[tuple[object, ...]]] = {
    "production": [
        ("1901", "soap", 0, 10.0, 1),
        ("1901", "mix", 0, 4.0, 1),
        ("P2", "cream", 0, 5.0, 1),
        ("P2", "cream", 1, 8.0, 1),
    ],
    "overtime": [("1901", "line", 2, 1.0)],
    "purchases": [("oilco", "oil", 0, 9.0)],
    "stock": [
        *(("1901", "soap", t, q) for t, q in enumerate((8.4, 7.4, 7.4, 7.4))),
        *(("1901", "mix", t, q) for t, q in enumerate((2.0, 4.0, 4.0, 1.0))),
        *(("P2", "cream", t, q) for t, q in enumerate((6.0, 8.0, 0.5, 0.5))),
    ],
    "shipments": [
        ("1901", "north", "soap", 0, 6.0),
        ("1901", "north", "soap", 1, 3.0),
        ("1901", "south", "mix", 1, 2.0),
        ("1901", "north", "mix", 3, 3.0),
        ("P2", "south", "cream", 0, 2.0),
        ("P2", "south", "cream", 1, 6.0),
        ("P2", "south", "cream", 2, 5.0),
        ("P2", "north", "cream", 2, 2.5),
    ],
    "service": [
        ("order", "A1", "soap", 0, 3.0),
        ("order", "A1", "soap", 1, 1.0),
        ("order", "A2", "cream", 2, 4.0),
        ("order", "B1", "cream", 1, 6.0),
        ("order", "B2", "mix", 3, 3.0),
        ("segment", "north-gold", "soap", 0, 2.1),
        ("segment", "north-gold", "soap", 1, 2.0),
        ("segment", "north-gold", "cream", 3, 1.0),
        ("segment", "south-silver", "cream", 0, 2.0),
        ("segment", "south-silver", "cream", 2, 1.0),
        ("segment", "south-silver", "mix", 1, 2.0),
    ],
    "rewards": [("1", 0, "O1"), ("2", 0, "O2"), ("1", 1, "O2"), ("4", 1, "O3")],
    "funding": [
        *(("brand", w, q) for w, q in enumerate((0.78, 0.3))),
        *(("dist-a", w, q) for w, q in enumerate((0.4, 0.2))),
        *((partner, w, 0.0) for partner in ("dist-b", "oilco", "program") for w in (0, 1)),
    ],
    "prices": [("market", "north/soap", 0, 1.5), ("material", "oil", 0, 1.0), ("clause", "oil/take", None, 0.5)],
    "duals": [("plant/1901", "stock/soap", 0, -2.5), ("plant/1901", "capacity/line", 0, 0.25)],
}

SMALL_PLAN_PARTS = {
    "revenue": 413.5,
    "production": -64.5,
    "setup": -60.0,
    "overtime": -5.0,
    "holding": -16.58,
    "safety": -0.5,
    "purchase": -9.0,
    "freight": -31.5,
    "lateness": -0.5,
    "shortage": -121.55,
    "rewards": -1.695,
    "penalties": -(30.0 * (1 / 9 - 0.05) + 0.5),
    "rebates": 0.18,
}
"""The value parts of :func:`small_decisions`, by hand."""


def plan_frame(table: str, rows: list[tuple[object, ...]]) -> pl.DataFrame:
    """Return a plan table from rows in the order of its declared columns."""
    return pl.DataFrame(rows, schema=PLAN_TABLES[table], orient="row")


def small_decisions() -> Tables:
    """Return the tables (clauses left out) of a valid plan of ``small_scenario``."""
    return {name: plan_frame(name, rows) for name, rows in _ROWS.items()}


def small_plan(scenario: Scenario) -> Plan:
    """Return a valid plan of ``small_scenario`` with its clause table and its `plan.json`."""
    tables = small_decisions()
    clauses = recompute(scenario, tables).clauses.with_columns(price=pl.lit(0.25))
    tables = canonical_tables({**tables, "clauses": clauses})
    recomputed = recompute(scenario, tables)
    value, proved, checked = recomputed.value, recomputed.value + 10.0, recomputed.value + 20.0
    summary: dict[str, object] = {
        "schema": "concordat.plan/1",
        "scenario_hash": scenario_hash(scenario),
        "plan_hash": plan_hash(tables),
        "tables_hash": {name: table_hash(name, frame) for name, frame in tables.items()},
        "value": value,
        "value_parts": dict(recomputed.parts),
        "bound_proved": proved,
        "bound_checked": checked,
        "gap": relative_gap(value, proved),
        "gap_checked": relative_gap(value, checked),
    }
    return Plan(tables, sealed(summary))


def with_row(tables: Mapping[str, pl.DataFrame], table: str, *row: object) -> Tables:
    """Return the tables with one row more."""
    return {**tables, table: tables[table].vstack(plan_frame(table, [row]))}


def without_row(tables: Mapping[str, pl.DataFrame], table: str, row: int) -> Tables:
    """Return the tables with one row less."""
    kept = [i for i in range(tables[table].height) if i != row]
    return {**tables, table: tables[table][kept]}


def with_value(tables: Mapping[str, pl.DataFrame], table: str, row: int, column: str, value: object) -> Tables:
    """Return the tables with one cell replaced."""
    old = tables[table]
    values = old[column].to_list()
    values[row] = value
    return {**tables, table: old.with_columns(pl.Series(column, values, dtype=old.schema[column]))}


def small_plan_value() -> float:
    """Return the value of the small plan, by hand."""
    return math.fsum(SMALL_PLAN_PARTS.values())
