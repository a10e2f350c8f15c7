"""The port through which the business asks what one more order would mean for a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order that a plan does not know yet; the fields mean what those of the ``orders`` table mean.

    With ``keep_promises`` every other order is served at least as the plan says, in every period; without it they may
    be displaced at their own lateness and shortage costs. Subscription demand may be displaced in both cases.

    Raises :class:`ValueError` naming the field that is out of range.
    """

    partner: str
    market: str
    product: str
    period: int
    quantity: float
    unit_revenue: float
    lateness_cost: float = 0.0
    shortage_penalty: float = 0.0
    max_delay: int | None = None
    keep_promises: bool = True

    def __post_init__(self) -> None:
        for name in ("partner", "market", "product"):
            if not getattr(self, name):
                raise ValueError(f"{name} must be named")
        for name in ("period", "max_delay"):
            number = getattr(self, name)
            if number is not None and number < 0:
                raise ValueError(f"{name} must not be negative, got {number}")
        for name in ("quantity", "unit_revenue", "lateness_cost", "shortage_penalty"):
            amount = getattr(self, name)
            if not (math.isfinite(amount) and amount >= 0):
                raise ValueError(f"{name} must be a finite number ≥ 0, got {amount}")
        if not self.quantity > 0:
            raise ValueError("quantity must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What one more unit of the order would be held up by.

    ``kind`` is ``resource``, ``material``, ``lot`` (no lot, or no larger one, of a product is planned at a plant),
    ``lane`` (nobody ships there in time) or ``clause``; ``name`` says which one, ``period`` when (None: the horizon).
    ``price`` is the money it adds to the cost of one more unit of the order; 0 for a limit that money does not lift.
    """

    kind: str
    name: str
    period: int | None
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a plan becomes with one more order, set-ups, rebate tiers and offers staying as they are planned.

    ``served`` lists (period, quantity), ``short`` is what is not served at all. Taking the order changes the value of
    the plan by at least ``change_least`` and, as far as set-ups, tiers and offers stay, by at most ``change_most``:
    the one is the recomputed value of a plan that holds, the other weak duality; neither rests on a solver's word.
    ``parts`` says of what the change is made (money; costs negative): ``order_revenue``, ``order_lateness`` and
    ``order_shortage`` are the order's own, ``displaced_orders`` and ``displaced_subscriptions`` what others lose, the
    rest are named as in :data:`planner.domain.plan.VALUE_PARTS`. ``unit_cost`` is all but the order's own per unit
    served (None if nothing is), ``next_unit_cost`` what one more unit would cost in the last period of service.
    """

    plan_hash: str
    served: tuple[tuple[int, float], ...]
    short: float
    change_least: float
    change_most: float
    parts: tuple[tuple[str, float], ...]
    unit_cost: float | None
    next_unit_cost: float
    binding: tuple[Binding, ...] = ()


class QuotingRuntime(Protocol):
    """Whoever keeps plans ready to be asked about new orders; the answers depend on plan and order alone."""

    async def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote:
        """Return what an order would mean for a plan that stands in its folder; the plan itself is not changed.

        Who stops waiting (is cancelled, as a call is that its client broke off or whose deadline passed) ends the
        solve as well; what was made ready to answer about the plan is kept for the next question.

        Raises
        ------
        InvalidRequest
            If the order names what the scenario does not have, or is larger than can be quoted.
        QuoteFailed
            If the plan cannot be recomputed, or no answer could be computed.
        """
        ...
