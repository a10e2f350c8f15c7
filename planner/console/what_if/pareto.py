"""The Pareto front of two measures: which cases nobody beats in both."""

from __future__ import annotations

from itertools import pairwise

from planner.application.pareto_front import ParetoFront, PlacedCase
from planner.console.figures import counted
from planner.console.markup import Markup, element
from planner.console.page import Column, chip, legend, section, table
from planner.console.svg import Axis, dot, padded_axis, plot, staircase, whisker
from planner.console.what_if.amounts import amount, tick
from planner.domain.case_measures import VALUE, CaseMeasure

_ID, _TITLE = "pareto", "What can be had together"
_MOST_DOTS, _MOST_ROWS = 2000, 100


def pareto_section(front: ParetoFront) -> Markup:
    """Return the plot of all cases by two measures, those that others beat in both faded, and the front as a table."""
    first, second = front.first, front.second
    if not front.cases:
        words = (
            f"No planned case tells {first.title.lower()} and {second.title.lower()}: results of older versions do not."
        )
        return section(_ID, _TITLE, words)
    lead = (
        f"{first.title} ({_good(first)}) and {second.title.lower()} ({_good(second)}) of every planned case. On the "
        "front are the cases that no other one beats: at least as good in both and better in one. Measures are "
        "those of the plans found."
    )
    key = [("dot front", "on the front"), ("dot faded", "beaten in both")]
    if front.has_gaps:
        lead += (
            " The value has a bound: a line reaches from the value found to it, and decides who may still be beaten."
        )
        key.append(("dot open", "beaten as found, undecided within its gap"))
    shown = front.cases
    left = len(shown) - _MOST_DOTS
    more = f"{counted(left, 'beaten case')} are not drawn." if left > 0 else ""
    missing = f"{counted(front.left_out, 'case')} without a plan or a measure not shown." if front.left_out else ""
    note = " ".join(words for words in (more, missing) if words)
    return section(
        _ID,
        _TITLE,
        lead,
        legend(*key),
        _plot(front),
        element("p", f"{first.title} to the right, {second.title.lower()} upwards", class_="axis"),
        _table(front),
        element("p", note, class_="note") if note else Markup(),
    )


def standing(case: PlacedCase, *, has_gaps: bool) -> str:
    """Return in words whether a case of the front stays there whatever is within the gaps."""
    if not has_gaps:
        return "as found"
    return "whatever the gaps hold" if case.settled else "undecided within the gaps"


def _good(measure: CaseMeasure) -> str:
    return "more is better" if measure.best == "max" else "less is better"


def _plot(front: ParetoFront) -> Markup:
    drawn = sorted(front.cases, key=lambda case: not case.on_front)[:_MOST_DOTS]
    of_value = [case.bound for case in drawn if case.bound is not None]
    xs, ys = [case.first for case in drawn], [case.second for case in drawn]
    if front.first is VALUE:
        xs += of_value
    elif front.second is VALUE:
        ys += of_value
    x = padded_axis(min(xs), max(xs), lambda at: tick(at, front.first), count=6)
    y = padded_axis(min(ys), max(ys), lambda at: tick(at, front.second))
    lines = [
        whisker((case.first, case.second), _reach(case, front), (x, y)) for case in drawn if case.bound is not None
    ]
    dots = [
        dot((case.first, case.second), (x, y), _style(case), _words(case, front))
        for case in sorted(drawn, key=lambda case: case.on_front)
    ]
    edge = _edge(front, x, y)
    label = f"{front.second.title} over {front.first.title.lower()} of {counted(len(drawn), 'case')}"
    return plot(label, x, y, [*lines, edge, *dots])


def _edge(front: ParetoFront, x: Axis, y: Axis) -> Markup:
    """Return the staircase along the front, where both measures are better upwards; the dots tell it elsewhere."""
    if front.first.best != "max" or front.second.best != "max":
        return Markup()
    ordered = sorted({(case.first, case.second) for case in front.front})
    # Up to each case's first measure its second one can be had: the stairs go down behind it.
    points = [(x.low, ordered[0][1])]
    points += [(at, following) for (at, _), (_, following) in pairwise(ordered)]
    points.append((ordered[-1][0], y.low))
    return staircase(points, x, y, "front")


def _reach(case: PlacedCase, front: ParetoFront) -> tuple[float, float]:
    limit = case.first if case.bound is None else case.bound
    return (limit, case.second) if front.first is VALUE else (case.first, limit)


def _style(case: PlacedCase) -> str:
    if case.on_front:
        return "front"
    return "faded" if case.settled else "open"


def _words(case: PlacedCase, front: ParetoFront) -> str:
    first, second = amount(case.first, front.first), amount(case.second, front.second)
    return f"{case.name}: {front.first.title.lower()} {first}, {front.second.title.lower()} {second}"


def _table(front: ParetoFront) -> Markup:
    cases = front.front
    columns = (
        Column("Case"),
        Column(front.first.title, numeric=True, hint=front.first.meaning),
        Column(front.second.title, numeric=True, hint=front.second.meaning),
        Column("On the front"),
    )
    rows = [
        (
            case.name,
            amount(case.first, front.first),
            amount(case.second, front.second),
            chip(standing(case, has_gaps=front.has_gaps), "good" if case.settled else "warn"),
        )
        for case in cases[:_MOST_ROWS]
    ]
    more = f", the first {_MOST_ROWS}" if len(cases) > _MOST_ROWS else ""
    return table(f"{counted(len(cases), 'case')} on the front{more}", columns, rows, classes="names")
