"""The curve of an amended clause: what its number gains for us, proven, and what the plans found mean to partners."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from planner.application.amendment_curve import AmendmentCurve, CurvePoint
from planner.application.partner_spread import MEASURES
from planner.console.figures import compact, money, quantity
from planner.console.markup import Markup, element, join
from planner.console.page import Column, chip, legend, section, table
from planner.console.svg import Axis, column, dot, padded_axis, plot, whisker
from planner.console.what_if.amounts import amount, between, tick
from planner.console.what_if.partners import BY_NAME
from planner.console.what_if_words import outcome_words
from planner.domain.case_measures import CaseMeasure
from planner.domain.comparison import BETTER, UNDECIDED, WORSE

_CHIPS = {BETTER: "good", WORSE: "bad", UNDECIDED: "warn"}
Change = tuple[float | None, float | None]


def gain_section(curve: AmendmentCurve) -> Markup:
    """Return what each number gains over the scenario as it is, as a plot with its intervals and as a table."""
    lead = "What the best plan gains over that of the scenario as it is: an interval that values and bounds prove."
    if curve.looser:
        lead += (
            f" {'More' if curve.looser > 0 else 'Less'} of this number only loosens the clause, so planned numbers "
            "narrow each other, and the shaded curve is proven for all numbers between them."
        )
    key = legend(("dot front", "plan found"), ("band", "proven for the best plan")) if curve.looser else Markup()
    drawn = []
    if any(_ends(point) is not None for point in curve.points):
        axes = f"{curve.field} of {curve.clause} to the right, gain upwards"
        drawn = [_plot(curve), element("p", axes, class_="axis")]
    return section("gain", "What it gains for us", lead, key, *drawn, _table(curve))


def partner_sections(curve: AmendmentCurve) -> list[Markup]:
    """Return what the numbers mean to partners: a panel and a table for each to whom they mean something."""
    partners = curve.partners()
    if not partners:
        words = "The plans found mean the same to every partner at every planned number."
        return [section("partners", "What it means to partners", words)]
    lead = (
        "Exact figures of the plans found, as a verifier recomputes them. They are no bounds: plans worth as much can "
        "favour another partner. Money is what a partner nets from us apart from its orders."
    )
    panels = [_panel(curve, partner, measure) for partner in partners for measure in moving_measures(curve, partner)]
    tables = [_partner_table(curve, partner) for partner in partners]
    shown = element("div", *panels, class_="panels")
    return [section("partners", "What it means to partners", lead, shown, *tables)]


def moving_measures(curve: AmendmentCurve, partner: str) -> tuple[CaseMeasure, ...]:
    """Return the measures of a partner that differ between planned numbers, or from the scenario as it is."""
    told = [point.partners[partner] for point in (curve.as_it_is, *curve.points) if partner in point.partners]
    return tuple(BY_NAME[name] for name in MEASURES if len({f"{each.get(name, 0.0):.6g}" for each in told}) > 1)


def change(curve: AmendmentCurve, point: CurvePoint, partner: str, measure: CaseMeasure) -> Change:
    """Return a partner's amount at a number and its difference to the scenario as it is (None: not known)."""
    own, base = _amount(point.partners, partner, measure), _amount(curve.as_it_is.partners, partner, measure)
    return own, None if own is None or base is None else own - base


def _amount(partners: Mapping[str, Mapping[str, float]], partner: str, measure: CaseMeasure) -> float | None:
    return partners.get(partner, {}).get(measure.name)


def found_gain(curve: AmendmentCurve, point: CurvePoint) -> float | None:
    """Return the difference of the values of the plans found (None: one was not)."""
    base = curve.as_it_is.value
    return None if point.value is None or base is None else point.value - base


def _ends(point: CurvePoint) -> tuple[float, float] | None:
    low, high = point.gain
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return low, high


def _axes(curve: AmendmentCurve) -> tuple[Axis, Axis]:
    numbers = [point.number for point in curve.points]
    ends = [end for point in curve.points for end in (_ends(point) or ())]
    ends += [gain for point in curve.points if (gain := found_gain(curve, point)) is not None]
    x = padded_axis(min(numbers), max(numbers), compact, count=6)
    return x, padded_axis(min(*ends, 0.0), max(*ends, 0.0), compact)


def _plot(curve: AmendmentCurve) -> Markup:
    x, y = axes = _axes(curve)
    shapes = [whisker((x.low, 0.0), (x.high, 0.0), axes, "zero")]
    shapes += [_between(before, after, curve.looser, axes) for before, after in pairwise(_with_present(curve))]
    for point in curve.points:
        ends, gain = _ends(point), found_gain(curve, point)
        if ends is not None:
            style = "open" if point.verdict == UNDECIDED else "proven"
            shapes.append(whisker((point.number, ends[0]), (point.number, ends[1]), axes, style))
        if gain is not None:
            words = f"{quantity(point.number)}: {money(gain)} as found, {between(*point.gain)}, {point.verdict}"
            shapes.append(dot((point.number, gain), axes, "front", words))
    return plot(f"Gain over {curve.field} of {curve.clause}", x, y, shapes)


def _with_present(curve: AmendmentCurve) -> list[CurvePoint]:
    """Return the points and the number as it is, where nothing is gained for certain, if it lies between them."""
    numbers = [point.number for point in curve.points]
    inside = curve.present is not None and min(numbers) < curve.present < max(numbers) and curve.present not in numbers
    return sorted([*curve.points, *([curve.as_it_is] if inside else [])], key=lambda point: point.number)


def _between(before: CurvePoint, after: CurvePoint, looser: int, axes: tuple[Axis, Axis]) -> Markup:
    """Return the area in which the gain lies at all numbers between two planned ones."""
    tight, loose = (before, after) if looser > 0 else (after, before)
    low, high = tight.gain[0], loose.gain[1]
    if not looser or low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return Markup()
    x, y = axes
    start = x.share(before.number)
    return column(start, x.share(after.number) - start, (y.share(low), y.share(high)), "band")


def _table(curve: AmendmentCurve) -> Markup:
    columns = (
        Column(curve.field),
        Column("Value found", numeric=True),
        Column("Best plan gains", numeric=True),
        Column("Verdict"),
        Column("Price", numeric=True, hint="What one more unit of leeway there would be worth, summed over windows"),
    )
    base = curve.as_it_is
    first = "as it is" if curve.present is None else f"as it is: {quantity(curve.present)}"
    rows = [(first, money(base.value), "", "", quantity(base.price))]
    rows += [
        (
            quantity(point.number),
            money(point.value) if point.value is not None else outcome_words(point.outcome),
            between(*point.gain) if _ends(point) else "",
            chip(point.verdict, _CHIPS.get(point.verdict, "")),
            quantity(point.price),
        )
        for point in curve.points
    ]
    return table(f"Numbers of {curve.clause}", columns, rows)


def _panel(curve: AmendmentCurve, partner: str, measure: CaseMeasure) -> Markup:
    points = [
        (point.number, own) for point in curve.points if (own := change(curve, point, partner, measure)[0]) is not None
    ]
    base = _amount(curve.as_it_is.partners, partner, measure)
    level = [base] if base is not None else []
    amounts = [*(own for _, own in points), *level]
    x = padded_axis(min(point.number for point in curve.points), max(point.number for point in curve.points), compact)
    y = padded_axis(min(amounts), max(amounts), lambda at: tick(at, measure), count=3)
    shapes = [whisker((x.low, each), (x.high, each), (x, y), "zero") for each in level]
    shapes += [whisker(a, b, (x, y), "front") for a, b in pairwise(points)]
    shapes += [dot(at, (x, y), "front", f"{quantity(at[0])}: {amount(at[1], measure)}") for at in points]
    label = f"{measure.title} of {partner} over {curve.field}"
    caption = element("figcaption", element("b", partner), element("span", measure.title, class_="right"))
    return element("figure", caption, plot(label, x, y, shapes, style="small"), class_="panel")


def _partner_table(curve: AmendmentCurve, partner: str) -> Markup:
    measures = moving_measures(curve, partner)
    columns = [Column(curve.field)]
    for measure in measures:
        columns += [Column(measure.title, numeric=True, hint=measure.meaning), Column("Change", numeric=True)]
    rows = [["as it is", *(cell for each in measures for cell in (_shown(curve, partner, each), ""))]]
    for point in curve.points:
        told = [change(curve, point, partner, measure) for measure in measures]
        cells = [
            cell
            for measure, pair in zip(measures, told, strict=True)
            for cell in (amount(pair[0], measure), amount(pair[1], measure))
        ]
        rows.append([join(quantity(point.number)), *cells])
    return table(f"Plans found, to {partner}", columns, rows)


def _shown(curve: AmendmentCurve, partner: str, measure: CaseMeasure) -> str:
    return amount(_amount(curve.as_it_is.partners, partner, measure), measure)
