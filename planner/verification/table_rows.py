"""Rows of plan tables: how messages name them, and keys that stand twice."""

from __future__ import annotations

import polars as pl

from planner.domain.plan import PLAN_KEYS
from planner.verification.breaches import Breach, listed


def row_name(frame: pl.DataFrame, row: int, columns: tuple[str, ...]) -> str:
    """Return a row's name for messages, such as ``plant 1901, product X, period 3``; nulls are left out."""
    named = ((column, frame[column][row]) for column in columns)
    return ", ".join(f"{column} {value}" for column, value in named if value is not None)


def repeated_keys(table: str, frame: pl.DataFrame) -> list[Breach]:
    """Return a breach for every row of a plan table whose key stands in an earlier row."""
    key = PLAN_KEYS[table]
    repeated = ~frame.select(pl.struct(key).is_first_distinct()).to_series().to_numpy()
    return listed(f"{table}.duplicate", repeated, lambda i: (row_name(frame, i, key), "the key stands twice"))
