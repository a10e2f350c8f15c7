"""One more order as a change of an accepted plan's program, clauses of its partner included.

The order joins the clauses that count its partner's orders of its due period: units served enter volume and
reservation rows, what is ordered raises what a service clause asks for, and both enter the fill rates of parity rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from actors.formulate.accepted import AcceptedProgram
from actors.formulate.links import ClauseLink, clause_key, ordered_in_scope, scope_label
from actors.formulate.potential import last_service
from planner.domain.clauses import (
    ClauseScope,
    ParityClause,
    ReservationClause,
    ServiceClause,
    VolumeClause,
    clause_scopes,
)
from planner.domain.errors import InvalidRequest
from planner.ports.quoting import NewOrder
from solvers.core.program import Floats, Ints
from solvers.network.standing import Change, ColumnChange, EntryChange, RowChange


@dataclass(frozen=True, slots=True, eq=False)
class OrderPlace:
    """Where an order stands: market and product numbers, the periods it may be served in, and a unit's worth then."""

    market: int
    product: int
    periods: Ints
    worth: Floats


def order_place(order: NewOrder, accepted: AcceptedProgram) -> OrderPlace:
    """Find an order's market, product and periods.

    Raises
    ------
    InvalidRequest
        If the scenario has no such partner, market, product or period, or the order is too large to be quoted.
    """
    index = accepted.around.index
    for name, known in (("partner", index.partners), ("market", index.markets), ("product", index.products)):
        if getattr(order, name) not in known:
            raise InvalidRequest(f"the scenario of this plan has no {name} {getattr(order, name)!r}", name)
    if order.period >= index.periods:
        raise InvalidRequest(f"period must be below {index.periods}, the plan's horizon; got {order.period}", "period")
    if order.quantity > accepted.room:
        raise InvalidRequest(
            f"an order of {order.quantity:g} units is larger than all the demand for any product ({accepted.room:g}): "
            "add it to the scenario and plan anew",
            "quantity",
        )
    last = last_service(order.period, order.max_delay, index.periods)
    periods = np.arange(order.period, last + 1, dtype=np.int32)
    late = (periods - order.period).astype(np.float64)
    worth = order.unit_revenue + order.shortage_penalty - order.lateness_cost * late
    return OrderPlace(index.markets[order.market], index.products[order.product], periods, worth)


def promise_released(accepted: AcceptedProgram) -> Change:
    """Return the change that lets every other order be served less than the plan says."""
    changes = _Changes(accepted)
    changes.release_promises()
    return changes.freeze(0.0)


def order_change(order: NewOrder, place: OrderPlace, accepted: AcceptedProgram) -> Change:
    """Return what the order changes.

    Raises
    ------
    InvalidRequest
        If the order is the first of its partner that a parity clause would count: that takes a new plan.
    """
    changes = _Changes(accepted)
    if not order.keep_promises:
        changes.release_promises()
    taken = accepted.taken[place.periods]
    changes.columns(accepted.slot[place.market, place.product, place.periods], upper=order.quantity)
    changes.columns(taken, upper=order.quantity, objective=place.worth)
    changes.row(accepted.order_row, upper=order.quantity)
    for clause in accepted.around.scenario.clauses:
        if isinstance(clause, VolumeClause | ServiceClause) and clause.orders_of == order.partner:
            for scope in clause_scopes(clause, accepted.around.scenario.horizon):
                if order.period in scope.periods:
                    changes.join(clause, scope, taken, order.quantity)
    families = dict(accepted.around.scenario["products"].select("product", "family").iter_rows())
    for link in accepted.links.clauses:
        clause = link.clause
        if isinstance(clause, ReservationClause):
            inside = place.periods == link.scope.periods[0]
            if clause.orders_of == order.partner and families[order.product] in clause.families and inside.any():
                changes.entries(accepted.first_link + link.row, taken[inside], -1.0)
        elif (
            isinstance(clause, ParityClause)
            and order.partner in clause.orders_of
            and order.period in link.scope.periods
        ):
            changes.join_parity(link, order, taken)
    _refuse_first_order(order, accepted)
    return changes.freeze(-order.shortage_penalty * order.quantity)


def _refuse_first_order(order: NewOrder, accepted: AcceptedProgram) -> None:
    scenario = accepted.around.scenario
    for clause in scenario.clauses:
        if isinstance(clause, ParityClause) and order.partner in clause.orders_of:
            for scope in clause_scopes(clause, scenario.horizon):
                if order.period in scope.periods and not ordered_in_scope(scenario, order.partner, scope):
                    raise InvalidRequest(
                        f"this would be the first order of {order.partner} that parity clause {clause.id} counts: "
                        "add it to the scenario and plan anew",
                        "partner",
                    )


@dataclass(slots=True)
class _Changes:
    """Collects changes; the last word on a column or row counts, entries must not repeat."""

    accepted: AcceptedProgram
    bounds: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    sides: dict[int, tuple[float, float]] = field(default_factory=dict)
    values: dict[tuple[int, int], float] = field(default_factory=dict)

    def columns(self, columns: Ints, *, upper: float, objective: Floats | None = None) -> None:
        program = self.accepted.program
        for i, j in enumerate(columns.tolist()):
            lower, _, worth = self._column(j)
            self.bounds[j] = (lower, max(upper, program.upper[j]), worth if objective is None else float(objective[i]))

    def row(self, row: int, *, lower: float | None = None, upper: float | None = None) -> None:
        program = self.accepted.program
        old = self.sides.get(row, (float(program.row_lower[row]), float(program.row_upper[row])))
        self.sides[row] = (old[0] if lower is None else lower, old[1] if upper is None else upper)

    def entries(self, row: int, columns: Ints, value: float) -> None:
        self.values.update({(row, j): value for j in columns.tolist()})

    def release_promises(self) -> None:
        for j in self.accepted.promised.tolist():
            self.bounds[j] = (0.0, *self._column(j)[1:])

    def join(self, clause: VolumeClause | ServiceClause, scope: ClauseScope, taken: Ints, quantity: float) -> None:
        """Let the order count in the rows of a volume or service clause."""
        accepted, label = self.accepted, scope_label(scope)
        on_time = isinstance(clause, ServiceClause) and clause.on_time
        for side in ("min", "max"):
            place = (f"partner:{clause.orders_of}", clause.kind, clause_key(clause.id, side), label)
            row = accepted.rows.get(place)
            if row is None:
                continue
            self.entries(row, taken[:1] if on_time else taken, 1.0)
            if isinstance(clause, ServiceClause):
                asked = float(accepted.program.row_lower[row]) + clause.min_fill_rate * quantity
                self.row(row, lower=asked)
            self._loosen_violation((place[0], "violation", place[2], label), quantity)

    def join_parity(self, link: ClauseLink, order: NewOrder, taken: Ints) -> None:
        """Let the order count in one fill rate of a parity row: all shares of its partner become smaller."""
        if link.pair is None or order.partner not in link.pair:
            return
        accepted = self.accepted
        row, ordered = (
            accepted.first_link + link.row,
            ordered_in_scope(accepted.around.scenario, order.partner, link.scope),
        )
        share = (1.0 if link.pair[0] == order.partner else -1.0) / (ordered + order.quantity)
        due = accepted.around.scenario["orders"].select("order", "partner", "period").iter_rows()
        counted = {name for name, partner, t in due if partner == order.partner and t in link.scope.periods}
        block = f"partner:{order.partner}"
        for j in accepted.promised.tolist():
            if accepted.places[j][0] == block and accepted.places[j][2] in counted:
                self.values[row, j] = share
        self.entries(row, taken, share)

    def _loosen_violation(self, place: tuple[str, str, str, int], quantity: float) -> None:
        column = self.accepted.columns.get(place)
        if column is not None:
            lower, upper, worth = self._column(column)
            self.bounds[column] = (lower, upper + quantity, worth)

    def _column(self, j: int) -> tuple[float, float, float]:
        program = self.accepted.program
        known = (float(program.lower[j]), float(program.upper[j]), float(program.objective[j]))
        return self.bounds.get(j, known)

    def freeze(self, offset: float) -> Change:
        columns, rows = list(self.bounds), list(self.sides)
        lower, upper, worth = (np.array([self.bounds[j][i] for j in columns]) for i in range(3))
        row_lower, row_upper = (np.array([self.sides[i][side] for i in rows]) for side in range(2))
        places = list(self.values)
        return Change(
            ColumnChange(_ints(columns), lower, upper, worth),
            RowChange(_ints(rows), row_lower, row_upper),
            EntryChange(_ints(r for r, _ in places), _ints(j for _, j in places), np.array(list(self.values.values()))),
            offset,
        )


def _ints(numbers: Iterable[int]) -> Ints:
    return np.array(list(numbers), dtype=np.int32)
