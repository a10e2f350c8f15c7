"""A plan with one number changed, by every size above the last written decimal."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from planner.domain.hashing import plan_hash, sealed, table_hash
from planner.domain.plan import DECISION_TABLES, PLAN_TABLES, Plan
from planner.domain.plan_form import canonical_tables
from tests.plan_builder import with_value

SIZES = (1e-8, 1e-5, 1e-2, 1.0)
NOTICED = 0.05
"""A change of a decision far above every tolerance."""


def changes(plan: Plan, draw: random.Random, count: int) -> Iterator[tuple[str, Plan]]:
    """Give ``count`` plans with one number changed, each drawn from another table or from ``plan.json``."""
    places = [name for name in (*PLAN_TABLES, "plan.json") if name == "plan.json" or plan[name].height]
    for place in draw.sample(places, min(count, len(places))):
        yield _change_summary(plan, draw) if place == "plan.json" else change_cell(plan, place, draw)


def decision_changes(plan: Plan, draw: random.Random, count: int) -> Iterator[tuple[str, Plan]]:
    """Give plans with one decision's quantity changed far beyond tolerance and all hashes made to fit again."""
    tables = [
        name
        for name in DECISION_TABLES
        if plan[name].height and {"quantity", "expected_spend"} & set(PLAN_TABLES[name])
    ]
    for table in draw.sample(tables, min(count, len(tables))):
        column = "expected_spend" if table == "funding" else "quantity"
        row = draw.randrange(plan[table].height)
        value = plan[table][column][row]
        yield f"{table}[{row}].{column}", rehashed(plan, with_value(plan.tables, table, row, column, value + NOTICED))


def change_cell(plan: Plan, table: str, draw: random.Random) -> tuple[str, Plan]:
    """Change one number of a table."""
    frame = plan[table]
    cells = [
        (row, column)
        for column, dtype in PLAN_TABLES[table].items()
        if dtype != pl.String
        for row in frame[column].is_not_null().arg_true().to_list()
    ]
    row, column = draw.choice(cells)
    value = frame[column][row]
    new = value + 1 if isinstance(value, int) else value + draw.choice(SIZES) * max(1.0, abs(value))
    return f"{table}[{row}].{column}: {value} → {new}", Plan(
        with_value(plan.tables, table, row, column, new), plan.summary
    )


def rehashed(plan: Plan, tables: Mapping[str, pl.DataFrame]) -> Plan:
    """Return the plan with other tables and hashes that fit them."""
    tables = canonical_tables(tables)
    hashes = {
        "plan_hash": plan_hash(tables),
        "tables_hash": {name: table_hash(name, frame) for name, frame in tables.items()},
    }
    return Plan(tables, sealed({**plan.summary, **hashes}))


def _change_summary(plan: Plan, draw: random.Random) -> tuple[str, Plan]:
    summary = copy.deepcopy(dict(plan.summary))
    holder, key = draw.choice(list(_numbers(summary)))
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = not value
    else:
        holder[key] = value + draw.choice((1e-5, 1e-2, 1.0)) * max(1.0, abs(value))
    return f"plan.json {key}: {value} → {holder[key]}", Plan(plan.tables, summary)


def _numbers(content: Any) -> Iterator[tuple[Any, Any]]:
    """Give every place of `plan.json` that holds a number, as (container, key)."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from _numbers(value)
        elif isinstance(value, int | float):
            yield content, key
