"""The tables of a plan that are statements, not decisions: clauses, prices and duals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from planner.domain.plan import DECISION_TABLES, PLAN_KEYS, PLAN_TABLES
from planner.domain.plan_form import canonical_number
from planner.verification.breaches import Breach, listed, tolerance
from planner.verification.table_rows import repeated_keys, row_name

_COMPARED = ("measure", "lower", "upper", "violation", "penalty")


def clause_breaches(expected: pl.DataFrame, stated: pl.DataFrame) -> list[Breach]:
    """Return where the plan's clause table differs from the recomputed one, rows missing or too many included."""
    breaches = repeated_keys("clauses", stated)
    key = ["contract", "clause", "window"]
    marked = {
        side: frame.with_columns(there=True).unique(key, keep="first", maintain_order=True)
        for side, frame in (("expected", expected), ("stated", stated))
    }
    both = marked["expected"].join(
        marked["stated"],
        on=key,
        how="full",
        coalesce=True,
        suffix="_plan",
        nulls_equal=True,
        maintain_order="left_right",
    )

    names = [row_name(both, i, ("clause", "window")) for i in range(both.height)]
    missing, extra = both["there_plan"].is_null().to_numpy(), both["there"].is_null().to_numpy()
    breaches += listed("clauses.row", missing, lambda i: (names[i], "the plan has no row for this clause"))
    breaches += listed("clauses.row", extra, lambda i: (names[i], "no clause of the scenario makes this row"))
    for column in _COMPARED:
        breaches += _differing(both, names, column)
    return breaches


def price_breaches(tables: Mapping[str, pl.DataFrame]) -> list[Breach]:
    """Return prices (clauses, market balances, materials) and multipliers that are missing, infinite or negative.

    Multipliers of the agents' rows may be negative. Keys that stand twice are breaches too.
    """
    breaches = repeated_keys("prices", tables["prices"]) + repeated_keys("duals", tables["duals"])
    for name, column, sign in (("clauses", "price", 0.0), ("prices", "price", 0.0), ("duals", "dual", -np.inf)):
        breaches += _not_numbers(name, tables[name], column, sign)
    return breaches


def form_breaches(tables: Mapping[str, pl.DataFrame]) -> list[Breach]:
    """Return numbers of decision tables with more decimals than a plan has: no hash would cover those."""
    breaches = []
    for name in DECISION_TABLES:
        for column in ("quantity", "expected_spend"):
            if column in PLAN_TABLES[name]:
                breaches += _not_canonical(name, tables[name], column)
    return breaches


def _differing(both: pl.DataFrame, names: Sequence[str], column: str) -> list[Breach]:
    should, says = (both[name].fill_null(np.nan).to_numpy() for name in (column, f"{column}_plan"))
    same = (np.isnan(should) & np.isnan(says)) | (np.abs(should - says) <= tolerance(should))
    there = (both["there"] & both["there_plan"]).fill_null(value=False).to_numpy()
    return listed(
        f"clauses.{column}",
        there & ~same,
        lambda i: (names[i], f"the plan says {column} {says[i]:.9g}, recomputed is {should[i]:.9g}"),
        np.abs(should - says),
    )


def _not_numbers(name: str, frame: pl.DataFrame, column: str, least: float) -> list[Breach]:
    value = frame[column].fill_null(np.nan).to_numpy()
    return listed(
        f"{name}.{column}",
        ~(np.isfinite(value) & (value >= least)),
        lambda i: (row_name(frame, i, PLAN_KEYS[name]), f"{value[i]} is not a finite number of the right sign"),
    )


def _not_canonical(name: str, frame: pl.DataFrame, column: str) -> list[Breach]:
    value = frame[column].fill_null(0.0).to_numpy()
    return listed(
        f"{name}.decimals",
        np.isfinite(value) & (canonical_number(value) != value),
        lambda i: (row_name(frame, i, PLAN_KEYS[name]), f"{value[i]!r} has more decimals than a plan is written with"),
    )
