"""A comparison of what-if cases as one HTML page that needs nothing but itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

import polars as pl

from planner.console.figures import money, percent
from planner.console.markup import Markup, element
from planner.console.page import Column, section, table
from planner.console.svg import Segment, bar
from planner.console.what_if_words import reference, seen_from
from planner.domain.gap import relative_gap

_MOST_ROWS = 500


def render_comparison(cases: pl.DataFrame, pairs: pl.DataFrame, bound: str) -> str:
    """Return the page: what each factor moves, and what each case is proven to gain over the base (or the best).

    ``cases`` are results with the column ``bound`` to compare by, ``pairs`` what they prove about each other. The same
    results give the same bytes.
    """
    against = reference(cases)
    by = "recomputed without a solver" if bound == "bound_checked" else "claimed by solvers"
    body = element(
        "body",
        element("header", element("h1", "What if"), element("p", f"{cases.height:,} cases, by bounds {by}")),
        element("main", _tornado(cases), _cases(cases, pairs, against, bound)),
        element("footer", "Concordat comparison of what-if cases"),
    )
    style = files("planner.console").joinpath("report.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", "What-if comparison"),
        element("style", Markup(style)),
    )
    return "<!DOCTYPE html>\n" + element("html", head, body, lang="en") + "\n"


def _tornado(cases: pl.DataFrame) -> Markup:
    """Return for each factor the mean value of its worst and best group of levels, widest first."""
    spans = sorted(_spans(cases), key=lambda span: (span[1][1] - span[2][1], span[0]))
    if not spans:
        return section("tornado", "What moves the value", "No factor has planned cases at two levels yet.")
    low = min(worst[1] for _, worst, _ in spans)
    width = (max(best[1] for _, _, best in spans) - low) or 1.0
    rows = [
        (
            name,
            bar([Segment((worst[1] - low) / width, (best[1] - low) / width, "gain")]),
            f"{worst[0]}: {money(worst[1])}",
            f"{best[0]}: {money(best[1])}",
            money(best[1] - worst[1]),
        )
        for name, worst, best in spans
    ]
    columns = (
        Column("Factor"),
        Column("", bar=True),
        Column("Worst", numeric=True),
        Column("Best", numeric=True),
        Column("Moves by", numeric=True),
    )
    lead = "Mean value of the planned cases at the worst and the best level of each factor; ranges are cut in thirds."
    return section("tornado", "What moves the value", lead, table("Factors by what they move", columns, rows))


_Group = tuple[str, float]


def _spans(cases: pl.DataFrame) -> Iterator[tuple[str, _Group, _Group]]:
    """Give factor, worst group and best group, each with its mean value."""
    planned = cases.filter(pl.col("value").is_not_null()).select("value", "levels").explode("levels").unnest("levels")
    for (factor,), rows in planned.drop_nulls("factor").partition_by("factor", as_dict=True).items():
        groups = _means(list(zip(rows["level"].to_list(), rows["value"].to_list(), strict=True)))
        if len(groups) > 1:
            ordered = sorted(groups.items(), key=lambda group: (group[1], group[0]))
            yield str(factor), ordered[0], ordered[-1]


def _means(points: Sequence[tuple[str, float]]) -> Mapping[str, float]:
    """Return the mean value by level, or by third of the range where levels are many numbers."""
    levels = sorted({level for level, _ in points})
    numbers = [_number(level) for level in levels]
    grouped: dict[str, list[float]] = {}
    if len(levels) <= 6 or any(number is None for number in numbers):
        for level, value in points:
            grouped.setdefault(level, []).append(value)
    else:
        known = [number for number in numbers if number is not None]
        low, third = min(known), (max(known) - min(known)) / 3
        for level, value in points:
            place = min(math.floor((float(level) - low) / third), 2)
            name = f"{low + place * third:.4g} to {low + (place + 1) * third:.4g}"
            grouped.setdefault(name, []).append(value)
    return {name: math.fsum(values) / len(values) for name, values in grouped.items()}


def _number(level: str) -> float | None:
    try:
        return float(level)
    except ValueError:
        return None


def _cases(cases: pl.DataFrame, pairs: pl.DataFrame, against: str, bound: str) -> Markup:
    differences = {row["first"]: row for row in seen_from(pairs, against).iter_rows(named=True)}
    ends = [end for row in differences.values() for end in (row["low"], row["high"]) if _finite(end)] or [0.0]
    low = min(*ends, 0.0)
    width = (max(*ends, 0.0) - low) or 1.0
    rows = []
    for row in cases.sort("value", descending=True, nulls_last=True).head(_MOST_ROWS).iter_rows(named=True):
        told = differences.get(row["name"])
        drawn, gains, verdict = Markup(), "", ""
        if told is not None:
            verdict = told["verdict"]
            if _finite(told["low"]) and _finite(told["high"]):
                ends_of = Segment((told["low"] - low) / width, (told["high"] - low) / width, "segments")
                drawn = bar([ends_of], [(-low / width, "zero")])
                gains = f"{money(told['low'])} to {money(told['high'])}"
        value, limit = row["value"], row[bound]
        gap = "" if value is None or limit is None else percent(relative_gap(value, limit))
        rows.append((row["name"], row["outcome"] if value is None else money(value), gap, drawn, gains, verdict))
    columns = (
        Column("Case"),
        Column("Value", numeric=True),
        Column("Gap", numeric=True),
        Column("", bar=True),
        Column(f"Gains over {against}", numeric=True),
        Column("Verdict"),
    )
    lead = f"By how much the best plan of each case can differ from that of {against}: the mark is no difference."
    return section("cases", "What each case is proven to gain", lead, table("Cases by value", columns, rows))


def _finite(number: float | None) -> bool:
    return number is not None and math.isfinite(number)
