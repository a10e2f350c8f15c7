"""How amounts of measures are written: shares as per cent, money with separators, the rest as quantities."""

from __future__ import annotations

from planner.console.figures import compact, money, percent, quantity, share
from planner.domain.case_measures import CaseMeasure


def amount(value: float | None, measure: CaseMeasure) -> str:
    """Return an amount of a measure for a column; a dash for None."""
    if measure.unit == "share":
        return share(value)
    return money(value) if measure.unit == "money" else quantity(value)


def tick(value: float, measure: CaseMeasure) -> str:
    """Return an amount of a measure for an axis."""
    return percent(value) if measure.unit == "share" else compact(value)


def between(low: float | None, high: float | None) -> str:
    """Return an interval of money; empty where an end is not known."""
    return "" if low is None or high is None else f"{money(low)} to {money(high)}"
