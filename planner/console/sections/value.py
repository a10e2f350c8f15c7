"""The parts a plan's value is made of, as a waterfall."""

from __future__ import annotations

from planner.console.figures import money, share
from planner.console.markup import Markup, element
from planner.console.page import Column, missing, section, table
from planner.console.reading import currency, number, record
from planner.console.svg import Segment, bar
from planner.domain.plan import VALUE_PARTS, Plan

_ID, _TITLE = "value", "What the value is made of"
PART_NAMES = {
    "revenue": "Revenue",
    "production": "Production cost",
    "setup": "Set-ups",
    "overtime": "Overtime",
    "holding": "Holding stock",
    "safety": "Below safety stock",
    "purchase": "Bought material",
    "freight": "Freight",
    "lateness": "Late orders",
    "shortage": "Orders short, demand lost",
    "rewards": "Own share of rewards",
    "penalties": "Clause penalties",
    "rebates": "Rebates received",
}
"""Names of the value parts for people."""


def value_parts(plan: Plan) -> tuple[tuple[str, float], ...]:
    """Return the value parts of a plan in their order; empty if the plan tells none."""
    parts = record(plan.summary.get("value_parts"))
    return tuple((part, number(parts[part]) or 0.0) for part in VALUE_PARTS if part in parts)


def value_section(plan: Plan) -> Markup:
    """Return the waterfall from revenue over the costs to the value."""
    parts = value_parts(plan)
    if not parts:
        return missing(_ID, _TITLE)
    levels = [0.0]
    for _, amount in parts:
        levels.append(levels[-1] + amount)
    low, high = min(levels), max(levels)
    scale = (high - low) or 1.0
    revenue = dict(parts).get("revenue", 0.0)

    def line(name: str, amount: float, start: float, style: str) -> tuple[str, ...]:
        drawn = bar([Segment((start - low) / scale, (start + amount - low) / scale, style)], [(-low / scale, "zero")])
        return name, drawn, money(amount), share(amount / revenue) if revenue else ""

    rows = [
        line(PART_NAMES[part], amount, start, "gain" if amount > 0 else "cost")
        for (part, amount), start in zip(parts, levels, strict=False)
    ]
    rows.append(line("Value", levels[-1], 0.0, "value"))
    unit = currency(plan)
    columns = (
        Column("Part"),
        Column("", bar=True),
        Column(f"Amount, {unit}" if unit else "Amount", numeric=True),
        Column("Of revenue", numeric=True),
    )
    lead = "Each bar starts where the one above ends: revenue, then every cost, down to the value of the plan."
    return section(_ID, _TITLE, lead, element("div", table("Value parts", columns, rows, classes="waterfall")))
