"""One factor of a grid file: a verb and what it acts on, where, and at which levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.domain.grid import Factor
from planner.domain.patches.agreements import ClauseAmendment, ClausesDropped, ClauseSelection, RuleChange
from planner.domain.patches.change import Change, Level
from planner.domain.patches.outages import LaneOutage, PlantOutage
from planner.domain.patches.rows import NumberChange, RowsDropped
from planner.domain.patches.seed import PlanningSeed
from planner.domain.patches.selection import Condition, Selection

VERBS = ("scale", "set", "drop", "outage")
_OUTAGE_KEYS = ("plant", "periods", "resource")


class FactorRefused(ValueError):
    """A factor that means nothing; ``path`` leads to the wrong key inside it, and begins with a point."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = f".{path}" if path else ""


def parse_factor(name: str, entry: object) -> Factor:
    """Return the factor that an entry of the file means.

    Raises
    ------
    FactorRefused
        If a key is missing, unknown or of the wrong type, or there is no such table, column, clause number or level.
    """
    if not isinstance(entry, dict):
        raise FactorRefused("", f"must map one of {', '.join(VERBS)} and further keys to values")
    verbs = [verb for verb in VERBS if verb in entry]
    if len(verbs) != 1:
        raise FactorRefused("", f"needs exactly one of {', '.join(VERBS)}; it has {' and '.join(verbs) or 'none'}")
    verb = verbs[0]
    for key in entry:
        if key not in {verb, "where", "levels", "range"}:
            raise FactorRefused(str(key), f"is no key of a factor: known are {verb}, where, levels, range")
    try:
        change = _change(verb, entry[verb], entry.get("where"))
    except FactorRefused:
        raise
    except ValueError as error:
        raise FactorRefused(verb, str(error)) from error
    try:
        switch = verb == "drop" or isinstance(change, LaneOutage)
        return Factor(name, change, _levels(entry, switch=switch), _interval(entry))
    except FactorRefused:
        raise
    except ValueError as error:
        raise FactorRefused("levels" if "levels" in entry else "range", str(error)) from error


def parse_level(value: object) -> Level:
    """Return a level as a factor takes it: yes and no become 1 and 0.

    Raises
    ------
    ValueError
        If it is neither a number nor a text, or a number beyond all that can be computed with.
    """
    if isinstance(value, bool | int | float):
        return _float(value)
    if isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is no level: write a number, true or false, or a text")


def _change(verb: str, target: object, where: object) -> Change:
    if verb == "outage":
        if where is not None:
            raise FactorRefused("where", "an outage says itself what stands still, and when: leave this out")
        return _outage(target)
    if not isinstance(target, str):
        raise FactorRefused(verb, "must name what is meant, such as demand.quantity or clause.max")
    table, _, column = target.partition(".")
    conditions = _conditions(where)
    if verb == "drop":
        return _drop(target, conditions)
    if table == "clause":
        return ClauseAmendment(ClauseSelection(conditions), column, scaled=verb == "scale")
    if verb == "set" and target == "seed":
        if conditions:
            raise FactorRefused("where", "the seed of planning is one number: leave this out")
        return PlanningSeed()
    if verb == "set" and target == "eligibility.when":
        return RuleChange(_rule(conditions), dropped=False)
    return NumberChange(Selection(table, conditions), column, scaled=verb == "scale")


def _drop(target: str, conditions: tuple[Condition, ...]) -> Change:
    if target == "clause":
        return ClausesDropped(ClauseSelection(conditions))
    if target == "eligibility":
        return RuleChange(_rule(conditions), dropped=True)
    if not conditions:
        raise FactorRefused("where", f"says which rows of {target} are left out: write at least one condition")
    return RowsDropped(Selection(target, conditions))


def _outage(target: object) -> PlantOutage | LaneOutage:
    known = "must hold plant and periods, and may hold a resource, such as {plant: P1, periods: [3, 4]}"
    lane = isinstance(target, dict) and bool({"lane", "market", "product"} & set(target))
    if lane:
        known = "of a lane must hold lane and periods, such as {lane: {plant: P1, market: M1}, periods: [3, 4]}"
    keys = ({"lane", "periods"},) * 2 if lane else ({"plant", "periods"}, set(_OUTAGE_KEYS))
    if not isinstance(target, dict) or not keys[0] <= set(target) <= keys[1]:
        raise FactorRefused("outage", known)
    periods = target["periods"] if isinstance(target["periods"], list) else [target["periods"]]
    if not all(isinstance(period, int) and not isinstance(period, bool) for period in periods):
        raise FactorRefused("outage.periods", "must be whole numbers; the first period is 0")
    if lane:
        return LaneOutage(_conditions(target["lane"], "outage.lane"), tuple(periods))
    return PlantOutage(str(target["plant"]), tuple(periods), str(target.get("resource", "")))


def _rule(conditions: tuple[Condition, ...]) -> str:
    if len(conditions) != 1 or conditions[0].column != "id" or len(conditions[0].values) != 1:
        raise FactorRefused("where", "must name one rule of eligibility.json, such as {id: consent}")
    return str(conditions[0].values[0])


def _conditions(where: object, key: str = "where") -> tuple[Condition, ...]:
    if where is None:
        return ()
    if not isinstance(where, dict):
        raise FactorRefused(key, "must map columns to the values that are meant, such as {family: soap}")
    conditions = []
    for column, value in where.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(item, str | int) and not isinstance(item, bool) for item in values):
            raise FactorRefused(f"{key}.{column}", "must be a text or whole number, or a list of such")
        conditions.append(Condition(str(column), tuple(values)))
    return tuple(conditions)


def _levels(entry: Mapping[str, Any], *, switch: bool) -> tuple[Level, ...]:
    if "levels" not in entry:
        return (0.0, 1.0) if switch and "range" not in entry else ()
    if not isinstance(entry["levels"], list) or not entry["levels"]:
        raise FactorRefused("levels", "must be a list of at least one level")
    return tuple(parse_level(level) for level in entry["levels"])


def _interval(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    if "range" not in entry:
        return None
    ends = entry["range"]
    if not isinstance(ends, list) or len(ends) != 2 or not all(_number(end) for end in ends):
        raise FactorRefused("range", "must be the smallest and the largest number, such as [0.8, 1.2]")
    return _float(ends[0]), _float(ends[1])


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise ValueError(f"a number of {len(str(number))} digits is too large: write one below 1e308") from error


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
