"""A plan with one number changed, by every size above the last written decimal."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from planner.domain.hashing import plan_hash, sealed, table_hash
from planner.domain.plan import DECISION_TABLES, PLAN_TABLES, Plan
from planner.domain.plan_form import canonical_table
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


def cell_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with one number changed by every size: two rows of every numeric column of every table, old hashes."""
    for table, types in PLAN_TABLES.items():
        for column, dtype in types.items():
            filled = plan[table][column].is_not_null().arg_true().to_list() if dtype != pl.String else []
            for row, size in zip(filled[:: max(1, len(filled) // 4)], SIZES, strict=False):
                value = plan[table][column][row]
                new = value + 1 if isinstance(value, int) else value + size * max(1.0, abs(value))
                changed = Plan(with_value(plan.tables, table, row, column, new), plan.summary)
                yield f"{table}[{row}].{column}: {value} → {new}", changed


def row_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with a row left out or standing twice, and hashes that fit, where that changes what the plan says."""
    for table in PLAN_TABLES:
        frame = plan[table]
        twice = {**plan.tables, table: pl.concat([frame, frame[:1]])}
        yield f"{table}: a row twice", rehashed(plan, twice)
        if table != "duals":  # what is left out there is 0, another bound than the stated one only where it counts
            yield f"{table}: a row less", rehashed(plan, {**plan.tables, table: frame[1:]})


def quantity_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with one decision changed far beyond tolerance and hashes that fit: several rows of every table."""
    for table in DECISION_TABLES:
        column = {"rewards": "offer", "funding": "expected_spend"}.get(table, "quantity")
        frame = plan[table]
        for row in range(0, frame.height, max(1, frame.height // 4)):
            value = frame[column][row]
            new = value + NOTICED if isinstance(value, float) else "no such offer"
            changed = rehashed(plan, with_value(plan.tables, table, row, column, new))
            yield f"{table}[{row}].{column}: {value} → {new}, with new hashes", changed


def price_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with one price changed and hashes that fit: of balances, materials and clauses."""
    for table in ("prices", "clauses"):
        frame = plan[table]
        for row in range(0, frame.height, max(1, frame.height // 8)):
            new = frame["price"][row] + 0.01
            changed = rehashed(plan, with_value(plan.tables, table, row, "price", new))
            yield f"{table}[{row}].price: {new}, with new hashes", changed


def sealed_cell_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with one other cell changed and hashes that fit: names, periods, set-ups, what clauses came to."""
    for table, types in PLAN_TABLES.items():
        frame = plan[table]
        for column, dtype in types.items():
            if table == "duals" or column in {"quantity", "expected_spend", "price"}:
                continue  # these have changes of their own
            filled = frame[column].is_not_null().arg_true().to_list()
            for row in filled[:: max(1, len(filled) // 2)][:2]:
                value = frame[column][row]
                new = f"{value}x" if dtype == pl.String else 1 - value if column == "setup" else value + 1
                changed = rehashed(plan, with_value(plan.tables, table, row, column, new))
                yield f"{table}[{row}].{column}: {value} → {new}, sealed", changed


def summary_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with one number of `plan.json` changed: bounds, gaps, value and parts under a new seal, others not."""
    content = dict(plan.summary)
    for name in ("value", "bound_proved", "bound_checked", "gap", "gap_checked"):
        value = content[name]
        assert isinstance(value, float)
        for size in (-1e-2, -2e-6, 2e-6, 1e-2):
            new = value + size * max(1.0, abs(value))
            yield f"plan.json {name}: {value} → {new}, sealed", Plan(plan.tables, sealed({**content, name: new}))
    parts = content["value_parts"]
    assert isinstance(parts, dict)
    for name, value in parts.items():
        new = {**parts, name: value + 0.01}
        yield f"plan.json value_parts.{name}, sealed", Plan(plan.tables, sealed({**content, "value_parts": new}))
    for name in ("plan_hash", "scenario_hash", "tables_hash"):
        yield f"plan.json {name}, sealed", Plan(plan.tables, sealed({**content, name: "0" * 64}))
    for name, value in content.items():
        other = 1.0 if value is None else [value]
        yield f"plan.json {name}: another form, old seal", Plan(plan.tables, {**content, name: other})


def certificate_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans whose certificate has one thing changed, under a new seal: leaves, choices, who prices the plan."""
    certificate = plan.summary["certificate"]
    assert isinstance(certificate, dict)
    leaves = certificate["leaves"]
    for place, leaf in enumerate(leaves):
        less = [*leaves[:place], *leaves[place + 1 :]]
        yield f"leaf {place} left out", _certified(plan, {**certificate, "leaves": less})
        yield f"leaf {place} twice", _certified(plan, {**certificate, "leaves": [*leaves, leaf]})
        others = {
            "another name": {**leaf, "id": "leaf-99"},
            "another bound": {**leaf, "bound_checked": leaf["bound_checked"] * (1 + 1e-6)},
            "no choices": {**leaf, "allowed": {}},
        }
        for name, options in leaf["allowed"].items():
            others[f"an option more of {name}"] = {**leaf, "allowed": {**leaf["allowed"], name: [*options, 7]}}
            others[f"no option of {name}"] = {**leaf, "allowed": {**leaf["allowed"], name: []}}
        for what, other in others.items():
            changed = {**certificate, "leaves": [*leaves[:place], other, *leaves[place + 1 :]]}
            yield f"leaf {place}: {what}", _certified(plan, changed)
    for other in ("leaf-99", None, *(leaf["id"] for leaf in leaves if leaf["id"] != certificate["priced_leaf"])):
        yield f"priced by {other}", _certified(plan, {**certificate, "priced_leaf": other})
    swapped = [{**leaves[1 - place], "id": leaf["id"]} if place < 2 else leaf for place, leaf in enumerate(leaves)]
    yield "two leaves swapped", _certified(plan, {**certificate, "leaves": swapped})


def dual_changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Give plans with a block's multipliers scaled or turned round, and hashes that fit."""
    duals = plan["duals"]
    for block in duals["block"].unique(maintain_order=True).to_list():
        here = pl.col("block") == block
        for factor in (-1.0, 1.01):
            other = duals.with_columns(dual=pl.when(here).then(pl.col("dual") * factor).otherwise(pl.col("dual")))
            yield f"multipliers of {block} times {factor}", rehashed(plan, {**plan.tables, "duals": other})
        yield f"multipliers of {block} forgotten", rehashed(plan, {**plan.tables, "duals": duals.filter(~here)})
        renamed = duals.with_columns(block=pl.when(here).then(pl.lit(f"{block}x")).otherwise(pl.col("block")))
        yield f"multipliers of {block} under another name", rehashed(plan, {**plan.tables, "duals": renamed})


def _certified(plan: Plan, certificate: Mapping[str, object]) -> Plan:
    return Plan(plan.tables, sealed({**plan.summary, "certificate": certificate}))


def rehashed(plan: Plan, tables: Mapping[str, pl.DataFrame]) -> Plan:
    """Return the plan with other tables and hashes that fit them; the hashes of tables that stay are kept."""
    hashes = plan.summary["tables_hash"]
    assert isinstance(hashes, dict)
    others = {name for name, frame in tables.items() if frame is not plan[name]}
    tables = {name: canonical_table(name, frame) if name in others else frame for name, frame in tables.items()}
    new: dict[str, object] = {"tables_hash": hashes | {name: table_hash(name, tables[name]) for name in others}}
    if others & set(DECISION_TABLES):
        new["plan_hash"] = plan_hash(tables)
    return Plan(tables, sealed({**plan.summary, **new}))


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
