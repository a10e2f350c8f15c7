"""The curve of an amended clause in plain columns, and as a page that needs nothing but itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

from planner.application.amendment_curve import AmendmentCurve, CurvePoint
from planner.console.figures import quantity
from planner.console.markup import element
from planner.console.what_if.amounts import amount
from planner.console.what_if.curve import change, gain_section, moving_measures, partner_sections
from planner.console.what_if_page import document
from planner.console.what_if_words import outcome_words, plain_table


def curve_lines(curve: AmendmentCurve) -> Iterator[str]:
    """Return what each number gains over the scenario as it is, in their order, then what it means to partners.

    The price is that of the clause as the case's plan tells it, summed over its windows: what one more unit of leeway
    there would be worth.
    """
    base = curve.as_it_is
    if base.outcome:
        present = "" if curve.present is None else f", {curve.field} {curve.present:,.6g}"
        yield f"as it is: value {_value(base)}{present}"
    rows = [["number", "value", "gains", "verdict", "price"]]
    for point in curve.points:
        price = "" if point.price is None else f"{point.price:,.4g}"
        rows.append([f"{point.number:,.6g}", _value(point), _interval(point), point.verdict, price])
    yield from plain_table(rows)
    if curve.looser:
        more = "more" if curve.looser > 0 else "less"
        yield f"{more} of it only loosens the clause: planned numbers bound those between"
    for partner in curve.partners():
        yield from _partner_lines(curve, partner)


def render_curve(curve: AmendmentCurve) -> str:
    """Return the page of a curve; the same results give the same bytes."""
    now = "" if curve.present is None else f", {quantity(curve.present)} as it is"
    header = element(
        "header",
        element("p", "Concordat · amendment of a clause", class_="eyebrow"),
        element("h1", curve.clause),
        element("p", f"{curve.field}{now}; by bounds recomputed without a solver", class_="sub"),
    )
    main = element("main", gain_section(curve), *partner_sections(curve))
    return document(f"Amendment of {curve.clause}", [header, main])


def _partner_lines(curve: AmendmentCurve, partner: str) -> Iterator[str]:
    measures = moving_measures(curve, partner)
    yield f"{partner}, exact in the plans found and no bound:"
    rows = [["number", *(name for measure in measures for name in (measure.title.lower(), "change"))]]
    for point in curve.points:
        told = [(measure, change(curve, point, partner, measure)) for measure in measures]
        cells = [amount(each, measure) for measure, pair in told for each in pair]
        rows.append([f"{point.number:,.6g}", *cells])
    yield from plain_table(rows)


def _value(point: CurvePoint) -> str:
    return f"{point.value:,.2f}" if point.value is not None else outcome_words(point.outcome) or "–"


def _interval(point: CurvePoint) -> str:
    low, high = point.gain
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{low:,.2f} to {high:,.2f}"
