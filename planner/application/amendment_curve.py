"""What a number of a clause is worth, as a curve: proven for us, and for partners as the plans found have it.

Where more of a number can only loosen its clause, every plan at a tighter number is one at a looser number too. So the
best plan at a number is worth at least the value found at any tighter one, and at most the bound at any looser one:
planned numbers narrow each other, and the curve is proven between them as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import polars as pl

from planner.domain.comparison import BETTER, INFEASIBLE, NEITHER, UNDECIDED, WORSE
from planner.domain.grid import BASE

NOT_WORSE, NOT_BETTER, THE_SAME = "proven not worse", "proven not better", "the same"
_TOLERANCE = 1e-6

Amounts = Mapping[str, Mapping[str, float]]
Interval = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A number and what came of it.

    ``outcome`` is empty where it was not planned yet. ``value`` is that of the plan found. ``worth`` bounds that of the
    best plan, ``gain`` its difference to the best plan of the scenario as it is (None: not known). ``price`` is that of
    the clause in the plan found, summed over windows. ``partners`` are the measures of that plan. ``hopeless`` says
    that neither at this number nor as the scenario is there can be any plan, so that nothing is gained or lost.
    """

    number: float
    outcome: str
    value: float | None
    worth: Interval
    gain: Interval
    price: float | None
    partners: Amounts
    hopeless: bool = False

    @property
    def verdict(self) -> str:
        """What is proven of the gain."""
        if not self.outcome:
            return "not planned yet"
        if self.hopeless:
            return NEITHER
        low, high = self.gain
        if low == 0 and high == 0:
            return THE_SAME
        if low is not None and low >= 0:
            return BETTER if low > 0 else NOT_WORSE
        if high is not None and high <= 0:
            return WORSE if high < 0 else NOT_BETTER
        return UNDECIDED


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentCurve:
    """A number of a clause at several values, ascending, beside the scenario as it is.

    ``present`` is the number as it is (None: open, or several). ``looser`` is 1 where more loosens the clause, −1 where
    less does, 0 where neither is certain.
    """

    clause: str
    field: str
    present: float | None
    looser: int
    as_it_is: CurvePoint
    points: tuple[CurvePoint, ...]

    def partners(self) -> tuple[str, ...]:
        """Return the partners to whom some planned number means something else than the scenario as it is."""
        planned = [self.as_it_is, *(point for point in self.points if point.partners)]
        names = dict.fromkeys(name for point in planned for name in point.partners)
        return tuple(name for name in names if _moves([point.partners.get(name, {}) for point in planned]))


def amendment_curve(
    cases: pl.DataFrame, amended: Mapping[str, float], named: tuple[str, str], *, present: float | None, looser: int
) -> AmendmentCurve:
    """Return the curve of a clause's number from results; ``amended`` are the numbers by the key of their case.

    ``named`` are clause and field, ``present`` and ``looser`` as in :class:`AmendmentCurve`.
    """
    clause, field = named
    rows = {row["key"]: row for row in cases.iter_rows(named=True)}
    base = next((row for row in rows.values() if row["name"] == BASE), None)
    known = [(number, row) for key, number in amended.items() if (row := rows.get(key)) is not None]
    if base is not None and present is not None:
        known.append((present, base))
    own = (present, base) if present is not None else (None, base)
    as_it_is = _point(clause, present or 0.0, base, worth=_worth(own, known, looser), gain=(0.0, 0.0))
    points = []
    for key, number in sorted(amended.items(), key=lambda item: item[1]):
        worth = _worth((number, rows.get(key)), known, looser)
        if worth[1] == as_it_is.worth[1] == -inf:
            points.append(replace(_point(clause, number, rows.get(key), worth=worth, gain=(None, None)), hopeless=True))
            continue
        gain = _gain(worth, as_it_is.worth)
        if present is not None and looser:
            gain = _by_order(gain, looser * (number - present))
        points.append(_point(clause, number, rows.get(key), worth=worth, gain=gain))
    return AmendmentCurve(
        clause=clause, field=field, present=present, looser=looser, as_it_is=as_it_is, points=tuple(points)
    )


_Row = Mapping[str, object]


def _point(clause: str, number: float, row: _Row | None, *, worth: Interval, gain: Interval) -> CurvePoint:
    if row is None:
        return CurvePoint(number=number, outcome="", value=None, worth=worth, gain=gain, price=None, partners={})
    value, clauses, partners = row["value"], row["clauses"], row.get("partners")
    told = clauses if isinstance(clauses, list) else []
    amounts = partners if isinstance(partners, list) else []
    return CurvePoint(
        number=number,
        outcome=str(row["outcome"]),
        value=value if isinstance(value, float) else None,
        worth=worth,
        gain=gain,
        price=sum(each["price"] for each in told if each["clause"] == clause) if value is not None else None,
        partners={each["partner"]: {name: of for name, of in each.items() if name != "partner"} for each in amounts},
    )


def _worth(own: tuple[float | None, _Row | None], known: Sequence[tuple[float, _Row]], looser: int) -> Interval:
    """Return what the best plan at a number is worth, by its own case and those that must be worth less or more."""
    number, row = own
    tighter = [row] if row is not None else []
    wider = list(tighter)
    if looser and number is not None:
        tighter += [other for at, other in known if looser * (at - number) <= 0]
        wider += [other for at, other in known if looser * (at - number) >= 0]
    values = [value for each in tighter if isinstance(value := each["value"], float)]
    bounds = [bound for each in wider if (bound := _bound(each)) is not None]
    return max(values, default=None), min(bounds, default=None)


def _bound(row: _Row) -> float | None:
    if row["outcome"] == INFEASIBLE:
        return -inf
    bound = row["bound_checked"]
    return bound if isinstance(bound, float) else None


def _gain(worth: Interval, base: Interval) -> Interval:
    low = None if worth[0] is None or base[1] is None else worth[0] - base[1]
    high = None if worth[1] is None or base[0] is None else worth[1] - base[0]
    slack = _TOLERANCE * sum(abs(end) for end in (worth[0], base[0]) if end is not None)
    return None if low is None else low - slack, None if high is None else high + slack


def _by_order(gain: Interval, loosened: float) -> Interval:
    """Return a gain that loosening cannot make a loss of, nor tightening a gain."""
    low, high = gain
    if loosened >= 0:
        low = max(0.0, low if low is not None else 0.0)
        high = None if high is None else max(high, 0.0)
    if loosened <= 0:
        high = min(0.0, high if high is not None else 0.0)
        low = None if low is None else min(low, 0.0)
    return low, high


def _moves(amounts: Sequence[Mapping[str, float]]) -> bool:
    """Tell whether any measure differs by more than rounding between plans."""
    names = dict.fromkeys(name for each in amounts for name in each)
    for name in names:
        told = [each.get(name, 0.0) for each in amounts]
        if max(told) - min(told) > _TOLERANCE * max(1.0, *(abs(one) for one in told)):
            return True
    return False
