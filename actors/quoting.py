"""The quoting agent: keeps one accepted plan as a solved program, and says what one more order would make of it.

An answer depends on the plan and the order alone: every question starts from the basis of the plan as it stands. Its
change of value is an interval between two recomputed numbers, a solution that holds every row and weak duality, both
for the problem in which set-ups, rebate tiers and offers stay as they are planned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from actors.formulate.accepted import SUBSCRIPTIONS, AcceptedProgram, accepted_program
from actors.formulate.new_order import OrderPlace, order_change, order_place, promise_released
from actors.scarcity import Scarcity
from planner.domain.errors import PlanUnreadable, QuoteFailed
from planner.domain.hashing import plan_hash
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.quoting import NewOrder, Quote
from planner.verification.recompute import recompute
from solvers.core.backend import Backend
from solvers.core.program import Floats
from solvers.core.termination import Limits, Termination
from solvers.network.standing import Certified, Change, NoOptimum, StandingProgram

WORK = Limits(iterations=200_000)
"""Simplex iterations spent on one quote at most."""
_SAME = 1e-6
"""Relative difference between a plan's value and that of its program that rounding may explain."""
_HOLDS = 1.0
"""The share of its tolerance by which a row may be missed."""
_DECIMALS = 6

_PART_OF: dict[tuple[str, str], str] = {
    ("plant", "production"): "production",
    ("plant", "setup"): "setup",
    ("plant", "overtime"): "overtime",
    ("plant", "stock"): "holding",
    ("plant", "safety"): "safety",
    ("plant", "shipment"): "freight",
    ("plant", "surplus"): "freight",
    ("partner", "bought"): "purchase",
    ("partner", "bought-in-tier"): "rebates",
    ("partner", "violation"): "penalties",
    ("partner", "served"): "displaced_orders",
    (SUBSCRIPTIONS, "served"): "displaced_subscriptions",
}
"""What the money of a column is, by the kind of its block and its own."""


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """What quotes are compared with: the plan's program with, or without, its promises."""

    value: float
    bound: float
    x: Floats


class QuotingAgent:
    """One accepted plan; built from scenario and plan, and from nothing else.

    Raises
    ------
    PlanUnreadable
        If a rule does not hold in the plan, or its program is worth less than the plan: nothing is then promised.
    """

    def __init__(self, scenario: Scenario, plan: Plan, backend: Backend) -> None:
        worth = recompute(scenario, plan.tables)
        if worth.breaches:
            raise PlanUnreadable(f"the plan does not hold, so nothing can be promised on it: {worth.breaches[0]}")
        self._hash = plan_hash(plan.tables)
        self._accepted = accepted_program(scenario, plan, worth)
        self._standing = self._stand(backend)
        base = self._standing.base
        if base.value < worth.value - _SAME * max(1.0, abs(worth.value)) or base.violation > _HOLDS:
            raise PlanUnreadable(
                f"the plan is worth {worth.value:.6f}, its program only {base.value:.6f}: they do not describe the same"
            )
        self._bases = {True: _basis(base)}
        self._parts = _parts_of_columns(self._accepted)
        self._scarcity = Scarcity(self._accepted)

    def quote(self, order: NewOrder) -> Quote:
        """Answer for one order; raises InvalidRequest for orders that cannot be asked about, QuoteFailed otherwise."""
        place = order_place(order, self._accepted)
        base = self._base(keep_promises=order.keep_promises)
        change = order_change(order, place, self._accepted)
        found = self._solved(change)
        return replace(self._told(order, place, base, found), binding=self._scarcity.holding_up(place, change, found.y))

    def interrupt(self) -> None:
        """Ask, from another thread, the quote under way to end."""
        self._standing.interrupt()

    def _stand(self, backend: Backend) -> StandingProgram:
        accepted = self._accepted
        try:
            return StandingProgram(accepted.program, backend, open_columns=accepted.open_columns)
        except NoOptimum as error:
            raise PlanUnreadable(f"the program of the plan has no optimum ({error}): plan anew") from error

    def _base(self, *, keep_promises: bool) -> _Basis:
        if keep_promises not in self._bases:
            self._bases[keep_promises] = _basis(self._solved(promise_released(self._accepted)))
        return self._bases[keep_promises]

    def _solved(self, change: Change) -> Certified:
        try:
            found = self._standing.changed(change, WORK)
        except NoOptimum as error:
            if error.termination is Termination.INFEASIBLE:
                raise QuoteFailed(
                    "with this order a hard clause cannot hold under the set-ups and tiers of the plan: plan anew with "
                    "the order in the scenario"
                ) from error
            raise QuoteFailed(f"no answer was found within the work allowed ({error})") from error
        if found.violation > _HOLDS:
            raise QuoteFailed("the solver's answer does not hold when it is recomputed; ask again after planning anew")
        return found

    def _told(self, order: NewOrder, place: OrderPlace, base: _Basis, found: Certified) -> Quote:
        accepted = self._accepted
        taken = np.round(found.x[accepted.taken[place.periods]], _DECIMALS)
        total = min(float(taken.sum()), order.quantity)
        parts = self._own_parts(order, place, taken) | self._other_parts(base, found)
        others = -sum(amount for name, amount in parts.items() if not name.startswith("order_"))
        last = int(place.periods[np.flatnonzero(taken)[-1]]) if taken.any() else order.period
        row = accepted.first_link + accepted.links.market(place.market, place.product, last)
        return Quote(
            plan_hash=self._hash,
            served=tuple((int(t), float(q)) for t, q in zip(place.periods, taken, strict=True) if q > 0),
            short=round(order.quantity - total, _DECIMALS),
            change_least=min(found.value, found.bound) - max(base.bound, base.value),
            change_most=max(found.value, found.bound) - base.value,
            parts=tuple(parts.items()),
            unit_cost=others / total if total > 0 else None,
            next_unit_cost=max(0.0, -float(found.y[row])),
        )

    def _own_parts(self, order: NewOrder, place: OrderPlace, taken: Floats) -> dict[str, float]:
        total = float(taken.sum())
        late = float(taken @ (place.periods - order.period))
        return {
            "order_revenue": order.unit_revenue * total,
            "order_lateness": -order.lateness_cost * late + 0.0,
            "order_shortage": -order.shortage_penalty * (order.quantity - total) + 0.0,
        }

    def _other_parts(self, base: _Basis, found: Certified) -> dict[str, float]:
        moved = self._accepted.program.objective * (found.x - base.x)
        names, number = self._parts
        sums = np.bincount(number, moved, minlength=len(names))
        return {name: float(np.round(sums[i], _DECIMALS)) + 0.0 for i, name in enumerate(names) if name}


def _basis(found: Certified) -> _Basis:
    return _Basis(found.value, found.bound, found.x)


def _parts_of_columns(accepted: AcceptedProgram) -> tuple[tuple[str, ...], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the names of parts, "" for no part of a value, and the number of its name for every column."""
    names = ("", *dict.fromkeys(_PART_OF.values()))
    place = {name: i for i, name in enumerate(names)}
    numbers = [place[_PART_OF.get((block.partition(":")[0], kind), "")] for block, kind, _, _ in accepted.places]
    return names, np.array(numbers, dtype=np.int64)
