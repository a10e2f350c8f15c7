"""Capacity use: a heat map of plants and periods, overtime marked, and the same per resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.console.figures import NONE, day, quantity
from planner.console.markup import Markup, element, join
from planner.console.page import details, legend, missing, scroller, section
from planner.console.reading import Record, amounts, facts, items, numbers, records, text, total
from planner.domain.plan import Plan

_ID, _TITLE = "capacity", "Capacity use per plant"
_TOLERANCE = 1e-4
_DARK_FROM = 0.58
"""From this share of use on, a cell is dark enough for light text."""
_DARKEST_BEYOND = 0.25
"""Use this much above regular capacity is shown in the darkest shade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityUse:
    """Capacity of a plant or resource per period; ``regular`` is None where it is unlimited."""

    name: str
    regular: tuple[float | None, ...]
    used: tuple[float, ...]
    overtime: tuple[float, ...]

    def share(self, period: int) -> float | None:
        """Return used ÷ regular of a period; None without a limit, 0 where nothing is available or used."""
        regular = self.regular[period]
        if regular is None:
            return None
        if regular <= 0:
            return 0.0 if self.used[period] <= _TOLERANCE else float("inf")
        return self.used[period] / regular

    @property
    def average(self) -> float | None:
        """Return used ÷ regular over the horizon; None if a period is unlimited or nothing is available."""
        regular = total(self.regular)
        return None if None in self.regular or regular <= 0 else sum(self.used) / regular


def resource_use(plan: Plan) -> tuple[CapacityUse, ...]:
    """Return the use of every resource, named "plant · resource"."""
    return tuple(
        _use(f"{text(fact.get('plant'))} · {text(fact.get('resource'))}", [fact])
        for fact in records(facts(plan).get("capacity"))
    )


def plant_use(plan: Plan) -> tuple[CapacityUse, ...]:
    """Return the use of every plant, summed over its resources."""
    plants: dict[str, list[Record]] = {}
    for fact in records(facts(plan).get("capacity")):
        plants.setdefault(text(fact.get("plant")), []).append(fact)
    return tuple(_use(plant, resources) for plant, resources in plants.items())


def _use(name: str, resources: Sequence[Record]) -> CapacityUse:
    regular = [numbers(fact.get("regular")) for fact in resources]
    used = [amounts(fact.get("used")) for fact in resources]
    overtime = [amounts(fact.get("overtime")) for fact in resources]
    periods = range(min(len(row) for row in (*regular, *used, *overtime)))
    limits = [[row[period] for row in regular] for period in periods]
    return CapacityUse(
        name=name,
        regular=tuple(None if None in limit else total(limit) for limit in limits),
        used=tuple(sum(row[period] for row in used) for period in periods),
        overtime=tuple(sum(row[period] for row in overtime) for period in periods),
    )


def capacity_section(plan: Plan) -> Markup:
    """Return the heat map of plants × periods and, folded, of resources × periods."""
    plants, resources = plant_use(plan), resource_use(plan)
    if not plants or not plants[0].used:
        return missing(_ID, _TITLE)
    starts = [text(start) for start in items(facts(plan).get("period_starts"))]
    overtime = sum(sum(use.overtime) for use in plants)
    lead = (
        "Capacity used as a share of regular capacity, set-ups included, summed over a plant's resources; above 100 % "
        f"it is overtime. Overtime in all: {quantity(overtime)}."
    )
    content = [_scale(), _heat_map("Capacity use per plant and period, in %", plants, starts)]
    if len(resources) > len(plants):
        shown = _heat_map("Capacity use per resource and period, in %", resources, starts)
        content.append(details(f"Every resource ({len(resources)})", shown))
    return section(_ID, _TITLE, lead, *content)


def _scale() -> Markup:
    steps = [element("span", f"{step}", class_=_cell_class(step / 100), style=_shade(step / 100)) for step in _STEPS]
    ramp = element("div", *steps, class_="ramp", aria_hidden="true")
    return element("div", ramp, legend(("corner", "overtime in use")), class_="ramprow")


_STEPS = (0, 25, 50, 75, 100, 125)


def _heat_map(caption: str, uses: Sequence[CapacityUse], starts: Sequence[str]) -> Markup:
    periods = range(len(uses[0].used))
    heads = [
        element("th", str(t), element("small", day(starts[t])) if t < len(starts) else "", scope="col", class_="n")
        for t in periods
    ]
    lines = [
        element(
            "tr",
            element("th", use.name, scope="row"),
            *(_cell(use, t) for t in range(min(len(periods), len(use.used)))),
            element("td", f"{100 * use.average:.0f} %" if use.average is not None else NONE, class_="n mean"),
        )
        for use in uses
    ]
    corner = element("th", "Period", scope="col")
    return scroller(
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", corner, *heads, element("th", "all", scope="col", class_="n"))),
            element("tbody", *lines),
            class_="heat",
        ),
        caption,
    )


def _cell(use: CapacityUse, period: int) -> Markup:
    share, overtime = use.share(period), use.overtime[period]
    over = overtime > _TOLERANCE
    words = f"{use.name}, period {period}: used {quantity(use.used[period])} of {_limit(use.regular[period])}"
    words += f", overtime {quantity(overtime)}" if over else ""
    if share is None:
        return element("td", "∞", title=words, class_="n free" + (" over" if over else ""))
    shown = f"{100 * share:.0f}" if share < float("inf") else "∞"
    spoken = element("span", " with overtime", class_="sr") if over else Markup()
    return element(
        "td",
        join(shown, spoken),
        title=words,
        class_="n " + _cell_class(share) + (" over" if over else ""),
        style=_shade(share),
    )


def _limit(regular: float | None) -> str:
    return "unlimited" if regular is None else quantity(regular)


def _cell_class(share: float) -> str:
    return "h dark" if share >= _DARK_FROM else "h"


def _shade(share: float) -> str:
    shade = f"--u:{100 * min(max(share, 0.0), 1.0):.0f}%"
    beyond = min((share - 1.0) / _DARKEST_BEYOND, 1.0)
    return f"{shade};--x:{100 * beyond:.0f}%" if beyond > 0 else shade
