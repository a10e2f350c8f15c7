"""The clauses of a planning problem as plain data: one entry per application of a clause, its scope worked out.

``clause`` and ``scope`` name the rows a clause makes. ``penalty`` is paid per unit of violation; None makes the clause
hard. ``least`` and ``most`` are bounds on the measure, None where there is none. Periods and windows are 0-based.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """What all applications of clauses share."""

    clause: str
    scope: str
    penalty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(ClauseRow):
    """Expected redemptions that ``partner`` funds in ``windows``."""

    partner: str
    windows: tuple[int, ...]
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume(ClauseRow):
    """Units served of orders of ``partner`` due in ``periods``, late ones included."""

    partner: str
    periods: tuple[int, ...]
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRate(ClauseRow):
    """Units served (on time, if asked) of orders due in ``periods`` ≥ ``share`` × ordered."""

    partner: str
    periods: tuple[int, ...]
    share: float
    on_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation(ClauseRow):
    """Capacity ``families`` use at ``plant`` in ``period`` ≤ (1 − share) · regular + their units for ``partner``."""

    plant: str
    period: int
    families: tuple[str, ...]
    partner: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought(ClauseRow):
    """Quantity bought from ``supplier`` in ``periods``."""

    supplier: str
    periods: tuple[int, ...]
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebate(ClauseRow):
    """``tiers`` of (from quantity, rate), ascending: the rate of the highest one reached pays back purchase cost."""

    supplier: str
    periods: tuple[int, ...]
    tiers: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity(ClauseRow):
    """Fill rates of ``partners``, of orders due in ``periods``, lie within ``gap`` of each other."""

    partners: tuple[str, ...]
    periods: tuple[int, ...]
    gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusivity(ClauseRow):
    """Offers of ``sponsor`` are given in ``markets`` only, during ``windows``."""

    sponsor: str
    markets: tuple[str, ...]
    windows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFloor(ClauseRow):
    """An offer of ``sponsor`` leaves at least ``share`` of what its units are worth, during ``windows``."""

    sponsor: str
    share: float
    windows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardFloor(ClauseRow):
    """Distinct customers of ``tier`` with an offer in ``windows`` ≥ ``share`` × those with any eligible offer."""

    tier: str
    windows: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability(ClauseRow):
    """Σ |production − baseline| over ``periods`` ≤ ``most``."""

    periods: tuple[int, ...]
    most: float
