"""Gap over time: how value and bound came together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.console.figures import compact, counted, money, percent
from planner.console.markup import Markup, element
from planner.console.page import Column, details, legend, missing, section, table
from planner.console.reading import items, numbers
from planner.console.svg import Axis, band, plot, round_ticks, staircase
from planner.domain.plan import Plan

_ID, _TITLE = "progress", "Gap over time"
_SMALLEST_GAP, _LARGEST_GAP = 1e-6, 10.0
_ROWS = 200
_SHOWN_GAP = 0.5
"""Values further than this share below the bound are drawn at the lower edge: the end is what one looks at."""

Points = list[tuple[float, float]]
Moment = tuple[float, float | None, float | None]
"""Seconds, value of the best plan and proved bound by then."""


def progress_section(plan: Plan) -> Markup:
    """Return value and bound over the seconds, the gap between them on a logarithmic scale, and their table."""
    moments = history(plan)
    values: Points = [(seconds, value) for seconds, value, _ in moments if value is not None]
    bounds: Points = [(seconds, bound) for seconds, _, bound in moments if bound is not None]
    if not values and not bounds:
        return missing(_ID, _TITLE)
    gaps = _gaps(moments)
    time = _time_axis([moment[0] for moment in moments])
    drawings = [
        legend(("value", "value of the best plan so far"), ("bound", "bound no plan can exceed"), ("band", "gap")),
        element("h3", "Value and bound"),
        _curves(values, bounds, time),
    ]
    if gaps:
        drawings += [element("h3", "Gap, logarithmic"), _gap_curve(gaps, time)]
    lead = "Value of the best plan and proved bound, by seconds since planning began."
    return section(_ID, _TITLE, lead, element("figure", *drawings), _table(moments))


def history(plan: Plan) -> list[Moment]:
    """Return the moments at which value or bound changed, in order."""
    return [cells for item in items(plan.summary.get("history")) if (cells := _moment(item)) is not None]


def _moment(item: object) -> Moment | None:
    cells = numbers(item)
    if len(cells) != 3 or cells[0] is None:
        return None
    return cells[0], cells[1], cells[2]


def _gaps(moments: Sequence[Moment]) -> Points:
    gaps, value, bound = [], None, None
    for seconds, new_value, new_bound in moments:
        value = new_value if new_value is not None else value
        bound = new_bound if new_bound is not None else bound
        if value and bound is not None:
            gaps.append((seconds, max(bound - value, 0.0) / abs(value)))
    return gaps


def _time_axis(seconds: Sequence[float]) -> Axis:
    end = max(*seconds, 0.0, 1e-3)
    return Axis(0.0, end, tuple((tick, f"{tick:.4g} s") for tick in round_ticks(0.0, end, 6)))


def _curves(values: Points, bounds: Points, time: Axis) -> Markup:
    shown = [level for _, level in values + bounds]
    if values and bounds:
        floor = bounds[-1][1] - max(_SHOWN_GAP * abs(bounds[-1][1]), 1.5 * (bounds[-1][1] - values[-1][1]))
        shown = [level for level in shown if level >= floor] or shown
        ceiling = bounds[-1][1] + (bounds[-1][1] - min(shown))
        shown = [level for level in shown if level <= ceiling] or shown
    low, high = min(shown), max(shown)
    room = 0.06 * (high - low) or max(1e-3 * abs(high), 1.0)
    low, high = low - room, high + room
    level = Axis(low, high, tuple((tick, compact(tick)) for tick in round_ticks(low, high, 5)))
    last_value = f"value ends at {money(values[-1][1])}" if values else "no value"
    last_bound = f"bound ends at {money(bounds[-1][1])}" if bounds else "no bound"
    shapes = [
        band(values, bounds, (time, level)),
        staircase(values, time, level, "value"),
        staircase(bounds, time, level, "bound"),
    ]
    chart = plot(f"Value and bound over time: {last_value}, {last_bound}", time, level, shapes, style="tall")
    hidden = sum(value < low for _, value in values)
    if not hidden:
        return chart
    note = f"{counted(hidden, 'early plan')} below {compact(low)} at the lower edge; the table has the true values."
    return element("div", chart, element("p", note, class_="note"))


def _gap_curve(gaps: Points, time: Axis) -> Markup:
    shown = [min(max(gap, _SMALLEST_GAP), _LARGEST_GAP) for _, gap in gaps]
    low = 10.0 ** math.floor(math.log10(min(shown)) - 1e-9)
    high = 10.0 ** math.ceil(math.log10(max(shown)) + 1e-9)
    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    scale = Axis(low, high, tuple((10.0**decade, percent(10.0**decade)) for decade in decades), logarithmic=True)
    words = f"Gap over time on a logarithmic scale: from {percent(gaps[0][1])} to {percent(gaps[-1][1])}"
    return plot(words, time, scale, [staircase(gaps, time, scale, "gap")], style="low")


def _table(moments: Sequence[Moment]) -> Markup:
    columns = (Column("Seconds", numeric=True), Column("Value", numeric=True), Column("Bound", numeric=True))
    rows = [(f"{seconds:,.2f}", money(value), money(bound)) for seconds, value, bound in moments[-_ROWS:]]
    left_out = len(moments) - len(rows)
    caption = "Value and bound by second" + (f" (the last {_ROWS}; {left_out} before them)" if left_out else "")
    return details("History as a table", table(caption, columns, rows))
