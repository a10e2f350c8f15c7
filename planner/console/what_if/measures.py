"""Service and incentive measures of every case."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from planner.console.markup import Markup, element
from planner.console.page import Column, section, table
from planner.console.what_if.amounts import amount
from planner.domain.case_measures import INCENTIVE_MEASURES, SERVICE_MEASURES, CaseMeasure

_ID, _TITLE = "measures", "Service and incentives"
_MOST_ROWS = 100


def measure_section(cases: pl.DataFrame, reference: str) -> Markup:
    """Return two tables with a row per planned case: the reference first, then by value; the best amounts are bold."""
    planned = cases.filter(pl.col("value").is_not_null())
    told = {
        title: [measure for measure in measures if _is_told(planned, measure)]
        for title, measures in (
            ("How orders and demand are served", SERVICE_MEASURES),
            ("What offers cost, reach and bring", INCENTIVE_MEASURES),
        )
    }
    if not any(told.values()):
        return section(_ID, _TITLE, "No planned case has measures: results of older versions have none.")
    first = pl.col("name") == reference
    ordered = planned.sort([~first, -pl.col("value"), pl.col("name")])
    lead = (
        "Measures of the plans found, not bounds: another plan of the same value may serve otherwise. "
        "The best amount of each column is bold; point at its heading for what it means."
    )
    tables = [_table(title, measures, ordered) for title, measures in told.items() if measures]
    left = ordered.height - _MOST_ROWS
    note = element("p", f"{left:,} more cases are in results.parquet.", class_="note") if left > 0 else Markup()
    return section(_ID, _TITLE, lead, *tables, note)


def _is_told(planned: pl.DataFrame, measure: CaseMeasure) -> bool:
    return measure.name in planned.columns and planned[measure.name].drop_nulls().len() > 0


def _table(title: str, measures: Sequence[CaseMeasure], ordered: pl.DataFrame) -> Markup:
    best = {measure.name: _best(ordered[measure.name], measure) for measure in measures}
    columns = [Column("Case"), *(Column(each.title, numeric=True, hint=each.meaning) for each in measures)]
    rows = [
        (row["name"], *(_cell(row[each.name], each, best[each.name]) for each in measures))
        for row in ordered.head(_MOST_ROWS).iter_rows(named=True)
    ]
    return table(title, columns, rows, classes="names")


def _best(amounts: pl.Series, measure: CaseMeasure) -> str:
    """Return the best amount as it is shown; empty where all are alike."""
    shown = {amount(each, measure) for each in amounts.drop_nulls()}
    if len(shown) < 2:
        return ""
    at = amounts.arg_max() if measure.best == "max" else amounts.arg_min()
    return "" if at is None else amount(amounts[at], measure)


def _cell(value: float | None, measure: CaseMeasure, best: str) -> str:
    shown = amount(value, measure)
    return element("b", shown) if shown == best else shown
