"""The cases by value, and by how much the best plan of each is proven to differ from that of the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from planner.console.figures import money, percent
from planner.console.markup import Markup
from planner.console.page import Column, chip, section, table
from planner.console.svg import Segment, bar
from planner.console.what_if.amounts import between
from planner.console.what_if_words import outcome_words, seen_from
from planner.domain.comparison import BETTER, UNDECIDED, WORSE
from planner.domain.gap import relative_gap

_MOST_ROWS = 500
_CHIPS = {BETTER: "good", WORSE: "bad", UNDECIDED: "warn"}


def difference_section(cases: pl.DataFrame, pairs: pl.DataFrame, against: str, bound: str) -> Markup:
    """Return a row per case, best first: value, gap, and the interval of its gain over the case ``against``."""
    differences = {row["first"]: row for row in seen_from(pairs, against).iter_rows(named=True)}
    ends = [end for row in differences.values() for end in (row["low"], row["high"]) if _finite(end)] or [0.0]
    low = min(*ends, 0.0)
    width = (max(*ends, 0.0) - low) or 1.0
    ordered = cases.sort("value", "name", descending=[True, False], nulls_last=True)
    rows = [
        _row(row, differences.get(row["name"]), bound, scale=(low, width))
        for row in ordered.head(_MOST_ROWS).iter_rows(named=True)
    ]
    columns = (
        Column("Case"),
        Column("Value", numeric=True),
        Column("Gap", numeric=True),
        Column("", bar=True),
        Column(f"Gains over {against}", numeric=True),
        Column("Verdict"),
    )
    lead = f"By how much the best plan of each case can differ from that of {against}: the mark is no difference."
    if cases.height > _MOST_ROWS:
        lead += f" The best {_MOST_ROWS} of {cases.height:,} are shown; all are in results.parquet."
    return section(
        "cases", "What each case is proven to gain", lead, table("Cases by value", columns, rows, classes="names")
    )


def _row(
    row: Mapping[str, object], told: Mapping[str, object] | None, bound: str, *, scale: tuple[float, float]
) -> tuple[str, ...]:
    low, width = scale
    drawn, gains, verdict = Markup(), "", Markup()
    if told is not None:
        verdict = chip(str(told["verdict"]), _CHIPS.get(str(told["verdict"]), ""))
        start, end = told["low"], told["high"]
        if isinstance(start, float) and isinstance(end, float) and _finite(start) and _finite(end):
            ends = Segment((start - low) / width, (end - low) / width, "segments")
            drawn, gains = bar([ends], [(-low / width, "zero")]), between(start, end)
    value, limit = row["value"], row[bound]
    gap = percent(relative_gap(value, limit)) if isinstance(value, float) and isinstance(limit, float) else ""
    return (
        str(row["name"]),
        money(value) if isinstance(value, float) else outcome_words(str(row["outcome"])),
        gap,
        drawn,
        gains,
        verdict,
    )


def _finite(number: float | None) -> bool:
    return number is not None and math.isfinite(number)
