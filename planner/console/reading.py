"""Careful reading of ``plan.json``: a plan written by another version must still give a page.

Every function returns an empty value where the content has another shape than expected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from planner.domain.plan import Plan

Record = Mapping[str, object]


def record(value: object) -> Record:
    """Return a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def records(value: object) -> tuple[Record, ...]:
    """Return the objects of a JSON list, in order."""
    return tuple(item for item in items(value) if isinstance(item, Mapping))


def items(value: object) -> Sequence[object]:
    """Return a JSON list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def number(value: object) -> float | None:
    """Return a finite JSON number, else None; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def numbers(value: object) -> tuple[float | None, ...]:
    """Return a JSON list of numbers; whatever is no number is None."""
    return tuple(number(item) for item in items(value))


def amounts(value: object) -> tuple[float, ...]:
    """Return a JSON list of numbers; whatever is no number counts as 0."""
    return tuple(amount or 0.0 for amount in numbers(value))


def text(value: object) -> str:
    """Return a JSON scalar as text; None is the empty text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def facts(plan: Plan) -> Record:
    """Return the facts stored with a plan; empty for plans written without."""
    return record(plan.summary.get("facts"))


def currency(plan: Plan) -> str:
    """Return the currency of a plan, empty if it is not known."""
    return text(facts(plan).get("currency"))


def total(values: Sequence[float | None]) -> float:
    """Return the sum of what is known."""
    return math.fsum(value for value in values if value is not None)
