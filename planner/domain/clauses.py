"""Contracts and their clauses: what was agreed, in which periods it counts, and nothing of how it is optimised.

The eleven kinds and their measures are those of the planning problem, section Clauses. ``penalty`` is money per unit
of violation; ``None`` makes the clause hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from planner.domain.horizon import Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What all clauses share: identity, the contract it stands in, repetition and softness.

    ``each_window`` is true for ``windows: "each"`` and false for ``"horizon"``; ``partner`` is the contract's partner.
    """

    kind: ClassVar[str] = ""
    id: str
    contract: str
    partner: str
    effective_from: date | None = None
    effective_to: date | None = None
    each_window: bool = False
    penalty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetClause(Clause):
    """Expected redemptions funded by ``partner`` stay between ``min`` and ``max`` (money)."""

    kind: ClassVar[str] = "budget"
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeClause(Clause):
    """Units served of orders due in the window, late ones included, stay between ``min`` and ``max``."""

    kind: ClassVar[str] = "volume"
    orders_of: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClause(Clause):
    """Units served (on time only, if ``on_time``) of orders due in the window ≥ ``min_fill_rate`` × ordered."""

    kind: ClassVar[str] = "service"
    orders_of: str
    min_fill_rate: float
    on_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationClause(Clause):
    """At ``plant`` and per period, ``families`` leave ``share`` of regular capacity to ``orders_of``."""

    kind: ClassVar[str] = "reservation"
    plant: str
    share: float
    families: tuple[str, ...]
    orders_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseClause(Clause):
    """Quantity bought from ``supplier`` stays between ``min`` and ``max``."""

    kind: ClassVar[str] = "purchase"
    supplier: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class RebateTier:
    """From ``from_quantity`` on, ``rate`` of the whole purchase cost of the window is paid back."""

    from_quantity: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RebateClause(Clause):
    """``supplier`` pays back the rate of the highest tier reached; ``tiers`` ascend in ``from_quantity``."""

    kind: ClassVar[str] = "rebate"
    supplier: str
    tiers: tuple[RebateTier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityClause(Clause):
    """Fill rates of the partners in ``orders_of`` differ by at most ``max_fill_gap``."""

    kind: ClassVar[str] = "parity"
    orders_of: tuple[str, ...]
    max_fill_gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusivityClause(Clause):
    """Offers sponsored by ``offers_of`` go only to segments of ``markets``; always hard."""

    kind: ClassVar[str] = "exclusivity"
    offers_of: str
    markets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFloorClause(Clause):
    """Offers of ``offers_of`` leave at least ``min_net_revenue_share`` of the incremental revenue; always hard."""

    kind: ClassVar[str] = "price_floor"
    offers_of: str
    min_net_revenue_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardFloorClause(Clause):
    """Distinct customers of ``tier`` with an offer ≥ ``min_share`` × those whom eligibility allows any offer."""

    kind: ClassVar[str] = "reward_floor"
    tier: str
    min_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityClause(Clause):
    """Σ over ``frozen_periods`` of |production − baseline| ≤ ``max``."""

    kind: ClassVar[str] = "stability"
    frozen_periods: tuple[int, ...]
    max: float


CLAUSE_KINDS: dict[str, type[Clause]] = {
    cls.kind: cls
    for cls in (
        BudgetClause,
        VolumeClause,
        ServiceClause,
        ReservationClause,
        PurchaseClause,
        RebateClause,
        ParityClause,
        ExclusivityClause,
        PriceFloorClause,
        RewardFloorClause,
        StabilityClause,
    )
}
"""The class of every clause kind, by its name in ``contracts.json``."""


@dataclass(frozen=True, slots=True)
class Contract:
    """An agreement with one partner; its clauses count only inside the effective dates (inclusive)."""

    id: str
    partner: str
    version: int
    effective_from: date | None
    effective_to: date | None
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class ClauseScope:
    """One application of a clause: the horizon (``window`` is None), a reward window, or (reservation) a period.

    ``periods`` are those inside the effective dates; ``reward_windows`` those whose first period is.
    """

    window: int | None
    periods: tuple[int, ...]
    reward_windows: tuple[int, ...]


def clause_scopes(clause: Clause, horizon: Horizon) -> tuple[ClauseScope, ...]:
    """Return the scopes a clause applies to, in order; empty where its effective dates miss the horizon.

    A window clause repeats per reward window, a reservation per period. A budget, reward floor, exclusivity or price
    floor counts reward windows whose first period is inside the effective dates, every other kind counts periods.
    """
    inside = horizon.periods_inside(clause.effective_from, clause.effective_to)
    if isinstance(clause, ReservationClause):
        return tuple(ClauseScope(t, (t,), ()) for t in inside)
    if isinstance(clause, StabilityClause):
        inside = tuple(t for t in inside if t in clause.frozen_periods)
        return (ClauseScope(None, inside, ()),) if inside else ()
    windows = tuple(w for w, (first, _) in enumerate(horizon.windows) if first in inside)
    by_window = isinstance(clause, BudgetClause | RewardFloorClause | ExclusivityClause | PriceFloorClause)
    if not clause.each_window:
        return (ClauseScope(None, inside, windows),) if (windows if by_window else inside) else ()
    scopes = []
    for window in range(len(horizon.windows)):
        periods = tuple(t for t in horizon.window_periods(window) if t in inside)
        rewarded = (window,) if window in windows else ()
        if rewarded if by_window else periods:
            scopes.append(ClauseScope(window, periods, rewarded))
    return tuple(scopes)
