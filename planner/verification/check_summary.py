"""What `plan.json` says of a plan, held against the recomputation and against itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from planner.domain.gap import relative_gap
from planner.domain.hashing import SEAL, plan_hash, scenario_hash, summary_hash, table_hash
from planner.domain.plan import PLAN_TABLES, VALUE_PARTS, Plan
from planner.domain.scenario import Scenario
from planner.verification.breaches import Breach
from planner.verification.recompute import Recomputation

_SAME = 1e-9
"""Relative difference of numbers that were made from one another, so that only the order of a sum may differ."""


def worth_breaches(summary: Mapping[str, object], recomputation: Recomputation) -> list[Breach]:
    """Return where value, parts, bounds and gaps differ from the recomputation or contradict one another."""
    stated = {name: _number(summary.get(name)) for name in _NUMBERS}
    breaches = [
        Breach("plan.number", name, f"plan.json needs a finite number, it has {summary.get(name)!r}")
        for name, number in stated.items()
        if number is None
    ]
    numbers = {name: number for name, number in stated.items() if number is not None}
    if "value" in numbers:
        breaches += _value(numbers["value"], summary.get("value_parts"), recomputation)
        breaches += _bounds(numbers)
    return breaches


def scenario_breaches(scenario: Scenario, plan: Plan) -> list[Breach]:
    """Tell whether `plan.json` names another scenario: whatever else does not hold may follow from that."""
    stated, value = plan.summary.get("scenario_hash"), scenario_hash(scenario)
    if stated == value:
        return []
    made_for = f"{plan.summary.get('scenario_id')!r} ({stated!r})"
    return [
        Breach("hash", "scenario_hash", f"the plan was made for {made_for}, this is {scenario.header.id!r} ({value!r})")
    ]


def hash_breaches(plan: Plan) -> list[Breach]:
    """Return the hashes of `plan.json` that are not those of the plan's tables, and its seal if that is broken."""
    stated_hash, value = plan.summary.get("plan_hash"), plan_hash(plan.tables)
    breaches = []
    if stated_hash != value:
        breaches.append(Breach("hash", "plan_hash", f"plan.json says {stated_hash!r}, recomputed is {value!r}"))
    stated = plan.summary.get("tables_hash")
    tables = stated if isinstance(stated, Mapping) else {}
    for name in PLAN_TABLES:
        value = table_hash(name, plan[name])
        if tables.get(name) != value:
            breaches.append(
                Breach("hash", f"table {name}", f"plan.json says {tables.get(name)!r}, recomputed is {value!r}")
            )
    seal, value = plan.summary.get(SEAL), summary_hash(plan.summary)
    if seal != value:
        breaches.append(Breach("hash", SEAL, f"plan.json says {seal!r}, recomputed is {value!r}"))
    return breaches


_GAPS = {"gap": "bound_proved", "gap_checked": "bound_checked"}
_NUMBERS = ("value", *_GAPS.values(), *_GAPS)


def _value(value: float, stated: object, recomputation: Recomputation) -> Iterator[Breach]:
    # Of parts that nearly cancel, rounding alone may exceed a millionth of what is left.
    rounding = _SAME * sum(abs(part) for part in recomputation.parts.values())
    allowed = 1e-6 * abs(recomputation.value) + rounding
    off = abs(value - recomputation.value)
    if off > allowed:
        yield Breach("value", "value", f"plan.json says {value!r}, recomputed is {recomputation.value!r}", off)
    parts = stated if isinstance(stated, Mapping) else {}
    numbers = {str(name): _number(part) for name, part in parts.items()}
    for name in sorted(set(numbers) - set(VALUE_PARTS)):
        yield Breach("value.part", name, "no part of a plan's value has this name")
    for name in VALUE_PARTS:
        part = numbers.get(name)
        if part is None:
            yield Breach("value.part", name, f"plan.json needs a finite number, it has {parts.get(name)!r}")
        elif abs(part - recomputation.parts[name]) > allowed:
            off = abs(part - recomputation.parts[name])
            yield Breach(
                "value.part", name, f"plan.json says {part!r}, recomputed is {recomputation.parts[name]!r}", off
            )
    total = math.fsum(part for part in numbers.values() if part is not None)
    if abs(total - value) > rounding + _SAME * abs(value):
        yield Breach(
            "value.sum", "value_parts", f"the parts add up to {total!r}, the value is {value!r}", total - value
        )


def _bounds(numbers: Mapping[str, float]) -> Iterator[Breach]:
    value = numbers["value"]
    for gap_name, bound_name in _GAPS.items():
        bound, gap = numbers.get(bound_name), numbers.get(gap_name)
        if bound is None or gap is None:
            continue
        if bound < value - 1e-6 * abs(value):
            message = f"the bound {bound!r} is less than the value {value!r}: it bounds nothing"
            yield Breach("bound", bound_name, message, value - bound)
        expected = relative_gap(value, bound)
        if abs(gap - expected) > _SAME * max(abs(expected), _SAME):
            yield Breach("gap", gap_name, f"plan.json says {gap!r}, value and {bound_name} give {expected!r}", gap)


def _number(value: object) -> float | None:
    """Return a finite number as float, None for anything else (true and false are no numbers)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
