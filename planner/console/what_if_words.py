"""What-if grids, runs and comparisons in words and plain columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import polars as pl

from planner.application.check_grid import CheckedGrid
from planner.application.estimate_grid import GridCost
from planner.application.run_grid import GridProgress
from planner.domain.comparison import UNDECIDED
from planner.domain.gap import relative_gap
from planner.domain.grid import BASE, Factor, shown

_MOST_ROWS = 50
_MOST_STEPS = 5


def grid_lines(checked: CheckedGrid, cost: GridCost) -> Iterator[str]:
    """Return what a grid asks: every factor with what it touches, the number of cases, what they may cost."""
    for each in checked.factors:
        touched = "; ".join(map(str, each.touched)) or "the seed of planning"
        yield f"{each.factor.name}: {_levels(each.factor)}; changes {touched}"
    yield f"{checked.cases:,} cases"
    if cost.expected is not None:
        yield f"about {duration(cost.expected)}, as measured; at most {duration(cost.most)}, by the seconds of a case"
    else:
        yield f"at most {duration(cost.most)}, by the seconds of a case; --measured tells more once cases were planned"


def progress_line(progress: GridProgress) -> str:
    """Return how far a run is, its rate, the time left, and the latest result."""
    parts = [f"{progress.done}/{progress.total}"]
    if progress.seconds_left is not None:
        rate = 60.0 * progress.here / max(progress.seconds, 1e-9)
        parts.append(f"{rate:,.1f} a minute, {duration(progress.seconds_left)} left")
    latest = progress.latest
    if latest is not None:
        told = outcome_words(latest.outcome) if latest.value is None else f"value {latest.value:,.2f}"
        if latest.value is not None and latest.bound_checked is not None:
            told += f", gap {relative_gap(latest.value, latest.bound_checked):.2%}"
        parts.append(f"{latest.name}: {told} in {latest.seconds:.1f} s")
        if latest.value is None and latest.detail:
            parts.append(latest.detail.splitlines()[0])
    return "  ".join(parts)


def comparison_lines(cases: pl.DataFrame, pairs: pl.DataFrame, bound: str) -> Iterator[str]:
    """Return the cases by value with what is proven against the base (or the best), and the cheapest next steps."""
    ordered = cases.sort("value", descending=True, nulls_last=True)
    if ordered.is_empty():
        yield "no results yet: run the grid first"
        return
    against = reference(ordered)
    yield from plain_table(_rows(ordered.with_columns(bound=pl.col(bound)), pairs, against))
    if ordered.height > _MOST_ROWS:
        yield f"… and {ordered.height - _MOST_ROWS} more"
    counts = dict(pairs["verdict"].value_counts().iter_rows())
    told = ", ".join(f"{number:,} {verdict}" for verdict, number in sorted(counts.items()))
    by = "as recomputed without a solver" if bound == "bound_checked" else "by bounds that solvers claim"
    yield f"{pairs.height:,} pairs, {by}: {told or 'none to compare'}"
    yield from _steps(pairs)


def reference(cases: pl.DataFrame) -> str:
    """Return the name of the case that others are compared with: the base, or the best where it has no result."""
    names = cases.sort("value", descending=True, nulls_last=True)["name"].to_list()
    return BASE if BASE in names or not names else names[0]


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def outcome_words(outcome: str) -> str:
    """Return how a case ended as people say it."""
    return outcome.replace("_", " ")


def _finite(end: float | None) -> bool:
    return end is not None and math.isfinite(end)


def _levels(factor: Factor) -> str:
    if factor.interval is not None:
        return f"{factor.interval[0]:g} to {factor.interval[1]:g}"
    return ", ".join(shown(level) for level in factor.levels)


def _rows(ordered: pl.DataFrame, pairs: pl.DataFrame, against: str) -> list[list[str]]:
    differences = {
        row["first"]: (row["low"], row["high"], row["verdict"])
        for row in seen_from(pairs, against).iter_rows(named=True)
    }
    rows = [["case", "value", "bound", "gap", f"gains over {against}", "verdict"]]
    for row in ordered.head(_MOST_ROWS).iter_rows(named=True):
        value, bound, ended = row["value"], row["bound"], outcome_words(row["outcome"])
        gap = "–" if value is None or bound is None else f"{relative_gap(value, bound):.2%}"
        low, high, verdict = differences.get(row["name"], (None, None, ""))
        gains = f"{low:,.2f} to {high:,.2f}" if _finite(low) and _finite(high) else ""
        rows.append([row["name"], _number(value, ended), _number(bound, "–"), gap, gains, verdict])
    return rows


def seen_from(pairs: pl.DataFrame, against: str) -> pl.DataFrame:
    """Return the pairs with one case, as differences of the other one minus it."""
    columns = ["first", "low", "high", "verdict"]
    turned = pairs.filter(pl.col("first") == against).select(
        pl.col("second").alias("first"),
        (-pl.col("high")).alias("low"),
        (-pl.col("low")).alias("high"),
        pl.col("verdict").replace({"proven better": "proven worse", "proven worse": "proven better"}),
    )
    return pl.concat([pairs.filter(pl.col("second") == against).select(columns), turned])


def _steps(pairs: pl.DataFrame) -> Iterator[str]:
    undecided = pairs.filter((pl.col("verdict") == UNDECIDED) & pl.col("next").is_not_null())
    wanted = undecided.group_by("next").agg(
        pl.len().alias("pairs"), pl.col("next_gap").min(), pl.col("next_seconds").max()
    )
    cheapest = wanted.sort((pl.col("next_seconds") / pl.col("pairs")), "next").head(_MOST_STEPS)
    for name, number, gap, seconds in cheapest.iter_rows():
        yield f"next: plan {name} to a gap of {gap:.4%}, about {duration(seconds)}: decides up to {number} pairs"


def plain_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Return rows as aligned lines, the first column to the left; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def _number(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:,.2f}"
