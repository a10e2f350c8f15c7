"""The clauses of a scenario's contracts as rows of the readable reference model, scopes worked out from the dates.

A period counts if its first day lies inside the effective dates, a reward window if its first period does. Rows that
count nothing are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    RebateClause,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.scenario import Scenario
from solvers.reference.clause_data import (
    Bought,
    Budget,
    ClauseRow,
    Exclusivity,
    FillRate,
    Parity,
    PriceFloor,
    Rebate,
    Reservation,
    RewardFloor,
    Stability,
    Volume,
)

Scope = tuple[str, tuple[int, ...]]
"""A name, and the periods or reward windows inside."""


def clause_rows(scenario: Scenario) -> tuple[ClauseRow, ...]:
    """Return one row per clause and window, period or horizon it applies to."""
    return tuple(row for clause in scenario.clauses for row in _rows(scenario, clause))


def _rows(scenario: Scenario, clause: Clause) -> Iterator[ClauseRow]:
    inside = _effective(scenario, clause)
    if isinstance(clause, ReservationClause):
        for t in inside:
            yield _reservation(clause, t)
    elif isinstance(clause, StabilityClause):
        frozen = tuple(t for t in clause.frozen_periods if t in inside)
        if frozen:
            yield Stability(clause=clause.id, scope="horizon", penalty=clause.penalty, periods=frozen, most=clause.max)
    elif isinstance(clause, BudgetClause | RewardFloorClause | ExclusivityClause | PriceFloorClause):
        windows = tuple(w for w, (first, _) in enumerate(scenario.horizon.windows) if first in inside)
        for scope, chosen in _repeat(clause, windows, {w: (w,) for w in windows}):
            yield _over_windows(clause, scope, chosen)
    else:
        by_window = {
            w: tuple(t for t in range(first, last + 1) if t in inside)
            for w, (first, last) in enumerate(scenario.horizon.windows)
        }
        for scope, chosen in _repeat(clause, inside, by_window):
            yield _over_periods(clause, scope, chosen)


def _effective(scenario: Scenario, clause: Clause) -> tuple[int, ...]:
    horizon = scenario.horizon
    days = {t: horizon.start_date + timedelta(days=t * horizon.period_days) for t in range(horizon.periods)}
    return tuple(
        t
        for t, day in days.items()
        if not (clause.effective_from is not None and day < clause.effective_from)
        and not (clause.effective_to is not None and day > clause.effective_to)
    )


def _repeat(clause: Clause, everything: tuple[int, ...], by_window: dict[int, tuple[int, ...]]) -> list[Scope]:
    scopes = [(f"window {w}", part) for w, part in by_window.items()] if clause.each_window else []
    return [scope for scope in scopes or [("horizon", everything)] if scope[1]]


def _reservation(clause: ReservationClause, period: int) -> ClauseRow:
    return Reservation(
        clause=clause.id,
        scope=f"period {period}",
        penalty=clause.penalty,
        plant=clause.plant,
        period=period,
        families=clause.families,
        partner=clause.orders_of,
        share=clause.share,
    )


def _over_windows(
    clause: BudgetClause | RewardFloorClause | ExclusivityClause | PriceFloorClause,
    scope: str,
    windows: tuple[int, ...],
) -> ClauseRow:
    name = clause.id
    match clause:
        case BudgetClause():
            return Budget(
                clause=name,
                scope=scope,
                penalty=clause.penalty,
                partner=clause.partner,
                windows=windows,
                least=clause.min,
                most=clause.max,
            )
        case RewardFloorClause():
            return RewardFloor(
                clause=name,
                scope=scope,
                penalty=clause.penalty,
                tier=clause.tier,
                windows=windows,
                share=clause.min_share,
            )
        case ExclusivityClause():
            return Exclusivity(
                clause=name, scope=scope, sponsor=clause.offers_of, markets=clause.markets, windows=windows
            )
        case PriceFloorClause():
            return PriceFloor(
                clause=name,
                scope=scope,
                sponsor=clause.offers_of,
                share=clause.min_net_revenue_share,
                windows=windows,
            )


def _over_periods(clause: Clause, scope: str, periods: tuple[int, ...]) -> ClauseRow:
    name, penalty = clause.id, clause.penalty
    match clause:
        case VolumeClause(orders_of=partner, min=least, max=most):
            return Volume(
                clause=name, scope=scope, penalty=penalty, partner=partner, periods=periods, least=least, most=most
            )
        case ServiceClause(orders_of=partner):
            return FillRate(
                clause=name,
                scope=scope,
                penalty=penalty,
                partner=partner,
                periods=periods,
                share=clause.min_fill_rate,
                on_time=clause.on_time,
            )
        case PurchaseClause(supplier=supplier, min=least, max=most):
            return Bought(
                clause=name, scope=scope, penalty=penalty, supplier=supplier, periods=periods, least=least, most=most
            )
        case RebateClause(supplier=supplier):
            tiers = tuple((tier.from_quantity, tier.rate) for tier in clause.tiers)
            return Rebate(clause=name, scope=scope, supplier=supplier, periods=periods, tiers=tiers)
        case ParityClause(orders_of=partners):
            return Parity(
                clause=name, scope=scope, penalty=penalty, partners=partners, periods=periods, gap=clause.max_fill_gap
            )
    raise TypeError(f"clause {clause.id} of kind {clause.kind} has no row in the reference model")
