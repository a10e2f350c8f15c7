"""A plan: the decisions as tables, and what is known about their worth.

The decision tables, their keys and columns are those of the planning problem, section Plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

_TEXT, _INT, _NUM = pl.String(), pl.Int64(), pl.Float64()

PLAN_TABLES: dict[str, dict[str, pl.DataType]] = {
    "production": {"plant": _TEXT, "product": _TEXT, "period": _INT, "quantity": _NUM, "setup": _INT},
    "overtime": {"plant": _TEXT, "resource": _TEXT, "period": _INT, "quantity": _NUM},
    "purchases": {"partner": _TEXT, "material": _TEXT, "period": _INT, "quantity": _NUM},
    "stock": {"plant": _TEXT, "item": _TEXT, "period": _INT, "quantity": _NUM},
    "shipments": {"plant": _TEXT, "market": _TEXT, "product": _TEXT, "period": _INT, "quantity": _NUM},
    "service": {"kind": _TEXT, "id": _TEXT, "product": _TEXT, "period": _INT, "quantity": _NUM},
    "rewards": {"customer": _TEXT, "window": _INT, "offer": _TEXT},
    "funding": {"partner": _TEXT, "window": _INT, "expected_spend": _NUM},
    "clauses": {
        "contract": _TEXT,
        "clause": _TEXT,
        "window": _INT,
        "measure": _NUM,
        "lower": _NUM,
        "upper": _NUM,
        "violation": _NUM,
        "penalty": _NUM,
        "price": _NUM,
    },
    "prices": {"kind": _TEXT, "key": _TEXT, "period": _INT, "price": _NUM},
    "duals": {"block": _TEXT, "row": _TEXT, "period": _INT, "dual": _NUM},
}
"""Columns and types of every plan table, in writing order."""

PLAN_KEYS: dict[str, tuple[str, ...]] = {
    "production": ("plant", "product", "period"),
    "overtime": ("plant", "resource", "period"),
    "purchases": ("partner", "material", "period"),
    "stock": ("plant", "item", "period"),
    "shipments": ("plant", "market", "product", "period"),
    "service": ("kind", "id", "product", "period"),
    "rewards": ("customer", "window"),
    "funding": ("partner", "window"),
    "clauses": ("clause", "window"),
    "prices": ("kind", "key", "period"),
    "duals": ("block", "row", "period"),
}
"""The unique key of every plan table; rows are written in the order of their key."""

DECISION_TABLES = ("production", "overtime", "purchases", "stock", "shipments", "service", "rewards", "funding")
"""The tables that are decisions: value, verification and plan hash rest on these."""

PLAN_PARQUET_TABLES = frozenset({"rewards", "duals"})
"""Tables kept as Parquet; all others are CSV."""

VALUE_PARTS = (
    "revenue",
    "production",
    "setup",
    "overtime",
    "holding",
    "safety",
    "purchase",
    "freight",
    "lateness",
    "shortage",
    "rewards",
    "penalties",
    "rebates",
)
"""Parts of a plan's value; costs are negative, and the parts add up to the value."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Tables of a plan (see :data:`PLAN_TABLES`) and ``summary``, the content of ``plan.json``."""

    tables: Mapping[str, pl.DataFrame]
    summary: Mapping[str, object]

    def __post_init__(self) -> None:
        missing = [name for name in PLAN_TABLES if name not in self.tables]
        if missing:
            raise ValueError(f"a plan needs a frame for every table; missing {missing}")

    def __getitem__(self, table: str) -> pl.DataFrame:
        """Return the frame of a table."""
        return self.tables[table]


def empty_plan_table(name: str) -> pl.DataFrame:
    """Return a plan table without rows, in its declared types."""
    return pl.DataFrame(schema=PLAN_TABLES[name])
