"""Clause prices across cases: what leeway in each clause is worth, and where it binds."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from planner.application.clause_spread import ClauseSpread, clause_prices
from planner.console.figures import counted, money, quantity
from planner.console.markup import Markup, element
from planner.console.page import Column, details, scroller, section, table, two_lines
from planner.console.svg import Segment, bar
from planner.console.what_if.amounts import between

_ID, _TITLE = "clauses", "Clause prices across cases"
_MOST_ROWS, _MOST_CLAUSES, _MOST_CASES = 60, 12, 40
_DARK_FROM = 0.58


def clause_section(cases: pl.DataFrame, spreads: Sequence[ClauseSpread]) -> Markup:
    """Return a row per clause, the one whose worth moves most first, and folded its price in every case."""
    bound = [spread for spread in spreads if spread.binding or spread.violated]
    if not bound:
        return section(_ID, _TITLE, "No clause binds in a planned case.")
    lead = (
        "A price is what one more unit of leeway in a clause would add to the value. One per cent of its measure makes "
        "clauses of different units comparable: bars reach from the case where that is worth least to that where it is "
        "worth most, and clauses for which it moves most come first."
    )
    most = max(spread.worth[1] for spread in bound) or 1.0
    columns = (
        Column("Clause"),
        Column("", bar=True),
        Column("1 % is worth", numeric=True, hint="Lowest to highest over the cases, in money"),
        Column("Lowest price", numeric=True),
        Column("Median", numeric=True),
        Column("Highest", numeric=True),
        Column("Binds in", numeric=True),
        Column("Violated in", numeric=True),
    )
    rows = [_row(spread, most) for spread in bound[:_MOST_ROWS]]
    idle = len(spreads) - len(bound)
    notes = [f"Not shown, since they bind nowhere: {counted(idle, 'clause')}."] if idle else []
    notes += [f"The first {_MOST_ROWS} of {len(bound)} are shown."] if len(bound) > _MOST_ROWS else []
    return section(
        _ID,
        _TITLE,
        lead,
        table("Clauses by how far the worth of leeway moves", columns, rows, classes="names"),
        element("p", " ".join(notes), class_="note") if notes else Markup(),
        _prices(cases, bound),
    )


def _row(spread: ClauseSpread, most: float) -> tuple[str, ...]:
    low, high = spread.worth
    moves = spread.moves_by > 1e-9 * most
    return (
        spread.clause,
        bar([Segment(low / most, high / most, "segments")], [(high / most, "max")] if not moves and high > 0 else []),
        between(low, high) if moves else money(high),
        quantity(spread.low),
        quantity(spread.median),
        two_lines(quantity(spread.high), spread.dearest if spread.high > spread.low else ""),
        f"{spread.binding} of {spread.cases}",
        str(spread.violated) if spread.violated else "",
    )


def _prices(cases: pl.DataFrame, bound: Sequence[ClauseSpread]) -> Markup:
    """Return the price of the first clauses in each case, shaded by the highest of the clause."""
    shown = bound[:_MOST_CLAUSES]
    ordered = cases.filter(pl.col("value").is_not_null()).sort("value", "name", descending=[True, False])
    names = ordered["name"].head(_MOST_CASES).to_list()
    prices = {(row["name"], row["clause"]): row["price"] for row in clause_prices(cases).iter_rows(named=True)}
    heads = [element("th", spread.clause, scope="col", class_="n") for spread in shown]
    lines = [
        element(
            "tr",
            element("th", name, scope="row"),
            *(_price(prices.get((name, spread.clause)), spread.high) for spread in shown),
        )
        for name in names
    ]
    caption = "Price of each clause by case, in order of value"
    grid = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", element("th", "Case", scope="col"), *heads)),
        element("tbody", *lines),
        class_="heat",
    )
    size = f"{counted(len(shown), 'clause')} in {counted(len(names), 'case')}"
    of_all = "" if len(names) == ordered.height and len(shown) == len(bound) else ", those that come first"
    return details(f"Every price: {size}{of_all}", scroller(grid, caption))


def _price(price: float | None, high: float) -> Markup:
    if price is None:
        return element("td", "–", title="the case has no such clause", class_="n free")
    depth = min(max(price / high, 0.0), 1.0) if high > 0 else 0.0
    style = "n h dark" if depth >= _DARK_FROM else "n h"
    return element("td", quantity(price), class_=style, style=f"--u:{100 * depth:.0f}%")
