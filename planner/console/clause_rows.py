"""The clauses of a plan as rows for people: measures and prices of the plan, kinds and terms of its facts."""

from __future__ import annotations

from dataclasses import dataclass

from planner.console.figures import day
from planner.console.reading import Record, facts, items, number, record, records, text
from planner.domain.plan import Plan

_BOUND_TOLERANCE, _RELATIVE_TOLERANCE = 1e-4, 1e-7
"""A row holds within these (planning problem, Definitions: tolerance)."""

_AT_BOUND = 1e-3
"""A measure this close to its bound, as a share of it, is called binding: whole rewards seldom meet a bound exactly."""

_STATES = ("violated", "binding", "priced", "kept", "measured")
"""States of a row, those that ask for attention first."""

_SMALLEST_PRICE = 1e-6
"""Money per unit below which a price is taken for a rounding of zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """One application of a clause; ``window`` is a reward window, a reservation's period, or None (horizon).

    ``price`` is the change of value per unit by which the bound is loosened; ``kind`` and ``terms`` are empty if the
    plan carries no facts. Measures are in the unit of the clause, penalty and price in money.
    """

    contract: str
    clause: str
    kind: str
    terms: str
    window: int | None
    measure: float | None
    lower: float | None
    upper: float | None
    violation: float
    penalty: float
    price: float | None

    @property
    def state(self) -> str:
        """``violated``, ``binding`` (at a bound), ``priced`` (loosening would pay), ``kept``, or ``measured``."""
        bounds = [bound for bound in (self.lower, self.upper) if bound is not None]
        if any(self.violation > _tolerance(bound) for bound in bounds):
            return "violated"
        if not bounds:
            return "measured"
        near = [_tolerance(bound) + _AT_BOUND * abs(bound) for bound in bounds]
        if self.measure is not None and any(
            abs(self.measure - bound) <= room for bound, room in zip(bounds, near, strict=True)
        ):
            return "binding"
        return "priced" if (self.price or 0.0) > _SMALLEST_PRICE else "kept"


def clause_rows(plan: Plan) -> tuple[ClauseRow, ...]:
    """Return every clause row of a plan: the costliest penalties first, then the highest prices, then by state."""
    known = {text(clause.get("clause")): clause for clause in records(facts(plan).get("clauses"))}
    rows = [_row(row, known.get(row["clause"], {})) for row in plan["clauses"].iter_rows(named=True)]
    return tuple(sorted(rows, key=_costliest))


def _row(row: Record, fact: Record) -> ClauseRow:
    window = row["window"]
    return ClauseRow(
        contract=text(row["contract"]),
        clause=text(row["clause"]),
        kind=text(fact.get("kind")),
        terms=text(fact.get("terms")),
        window=window if isinstance(window, int) else None,
        measure=number(row["measure"]),
        lower=number(row["lower"]),
        upper=number(row["upper"]),
        violation=number(row["violation"]) or 0.0,
        penalty=number(row["penalty"]) or 0.0,
        price=number(row["price"]),
    )


def scope_label(row: ClauseRow) -> str:
    """Return where a row applies: the horizon, a reward window, or a period."""
    if row.window is None:
        return "horizon"
    return f"period {row.window}" if row.kind == "reservation" else f"window {row.window}"


def window_label(fact: Record, window: int) -> str:
    """Return a reward window with its days, as far as the facts know them."""
    spans, starts = items(fact.get("windows")), items(fact.get("period_starts"))
    span = items(spans[window]) if window < len(spans) else ()
    places = [place for place in span if isinstance(place, int) and 0 <= place < len(starts)]
    if len(places) != 2:
        return f"window {window}"
    first, last = (day(text(starts[place])) for place in places)
    return f"window {window} (periods from {first} to {last})"


def rebate_tier(fact: Record, bought: float) -> tuple[float, float | None]:
    """Return the rebate rate a quantity reaches and how much is missing to the next tier (None: at the top)."""
    tiers = [tuple(number(cell) or 0.0 for cell in items(tier)) for tier in items(record(fact).get("tiers"))]
    known = [tier for tier in tiers if len(tier) == 2]
    reached = [rate for start, rate in known if start <= bought + _tolerance(start)]
    missing = [start - bought for start, _ in known if start > bought + _tolerance(start)]
    return (reached[-1] if reached else 0.0), (missing[0] if missing else None)


def _costliest(row: ClauseRow) -> tuple[float, float, int, str, int]:
    place = -1 if row.window is None else row.window
    return (-row.penalty, -(row.price or 0.0), _STATES.index(row.state), row.clause, place)


def _tolerance(bound: float) -> float:
    return _BOUND_TOLERANCE + _RELATIVE_TOLERANCE * abs(bound)
