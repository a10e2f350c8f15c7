"""Rules of time: the horizon, its reward windows, and periods inside it without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import polars as pl

from planner.domain.finding import Finding
from planner.domain.horizon import Horizon
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES
from planner.verification.scenario_rules.rows import row_findings

HEADER = "scenario.json"

_WITHOUT_GAPS = {"resources": ("plant", "resource"), "supplies": ("partner", "material")}


def horizon_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield the findings against the header, and against every period outside the horizon or missing."""
    horizon = scenario.horizon
    yield from _header_findings(scenario)
    outside = ~pl.col("period").is_between(0, horizon.periods - 1)
    message = f"must lie in the horizon, 0 to {horizon.periods - 1}"
    for name, table in TABLES.items():
        if "period" in table.column_names:
            yield from row_findings(scenario[name], name, outside, "period", "period-outside", message)
    for name, series in _WITHOUT_GAPS.items():
        yield from _gaps(scenario[name], name, series, horizon.periods)


def _header_findings(scenario: Scenario) -> Iterator[Finding]:
    horizon = scenario.horizon
    for column in ("periods", "period_days"):
        if getattr(horizon, column) < 1:
            yield Finding(HEADER, None, column, "count", str(getattr(horizon, column)), "must be at least 1")
    for column in ("id", "currency"):
        if not getattr(scenario.header, column):
            yield Finding(HEADER, None, column, "required", "", "must not be empty")
    try:
        horizon.first_day(horizon.periods)
    except OverflowError:
        message = "the horizon must end before the year 10000"
        yield Finding(HEADER, None, "periods", "count", str(horizon.periods), message)
    yield from _window_findings(horizon)


def _window_findings(horizon: Horizon) -> Iterator[Finding]:
    """Windows must follow each other without gap or overlap from period 0 to the last."""
    expected = 0
    for place, (first, last) in enumerate(horizon.windows):
        column, value = f"windows[{place}]", f"[{first}, {last}]"
        if first != expected:
            yield Finding(HEADER, None, column, "windows-partition", value, f"must start at period {expected}")
        if last < first:
            yield Finding(HEADER, None, column, "windows-partition", value, "must not end before it starts")
        expected = max(last, first) + 1
    if expected != horizon.periods:
        message = f"together they must cover the periods 0 to {horizon.periods - 1}, they end at {expected - 1}"
        yield Finding(HEADER, None, "windows", "windows-partition", str([list(w) for w in horizon.windows]), message)


def _gaps(frame: pl.DataFrame, name: str, series: tuple[str, ...], periods: int) -> Iterator[Finding]:
    """Yield a finding for every series of rows that does not cover the horizon, at the row where it starts."""
    inside = frame.with_row_index("#").filter(pl.col("period").is_between(0, periods - 1))
    short = (
        inside.group_by(series, maintain_order=True)
        .agg(pl.col("#").first().cast(pl.Int64), pl.col("period").unique())
        .filter(pl.col("period").list.len() < periods)
    )
    for *key, row, present in short.iter_rows():
        given = set(present)
        missing = ", ".join(str(t) for t in islice((t for t in range(periods) if t not in given), 5))
        count = periods - len(given)
        message = f"{count} of {periods} periods have no row for {', '.join(map(str, key))}; the first are {missing}"
        yield Finding(name, row, "period", "period-gap", missing, message)
