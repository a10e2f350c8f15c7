"""Why an order is late or short, and why demand is lost: what it is worth against what serving it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import numpy as np

from planner.domain.clauses import ParityClause, ReservationClause, ServiceClause, VolumeClause, clause_scopes
from planner.domain.demand import DemandCube
from planner.domain.scenario import Scenario
from planner.verification.breaches import Floats, tolerance
from planner.verification.decisions import Decisions
from planner.verification.explanation_parts import Part, Route
from planner.verification.explanation_prices import HORIZON, LINKS, RowPrices
from planner.verification.explanation_routes import Routes

_SAME = 1e-4
"""Prices are the same within this share of what they are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What limits an order (or the subscription demand for a product on a market).

    ``kind`` is ``order`` or ``segments``; ``id`` names the order, and is empty for segments. ``late`` and ``short``
    are units of ``ordered``. Looked at is one unit more in ``period``: it is ``worth`` that money (what clauses add or
    take included, see ``terms``), the market's price is ``price``, the cheapest ``route`` costs ``route.cost``. Where
    all of an order is served, but late, that is held against the period ``later`` in which most late units came.

    ``reason`` is one of ``scarcity`` (``binding`` is the dearest scarce thing on the cheapest route), ``clause`` (a
    clause takes away the worth), ``cost`` (not worth its plain cost), ``unreachable`` (no route arrives in time) and
    ``whole`` (no price explains it: the plan's whole set-ups and lots leave it out; each unit would gain ``gain`` at
    these prices).
    """

    kind: str
    id: str
    partner: str
    market: str
    product: str
    due: int
    ordered: float
    late: float
    short: float
    period: int
    worth: float
    terms: tuple[Part, ...]
    price: float
    route: Route | None
    later: int | None = None
    later_worth: float | None = None
    later_price: float | None = None
    reason: str
    binding: Part | None
    gain: float


def shortfalls(
    scenario: Scenario, decisions: Decisions, cube: DemandCube, *, lost: Floats, prices: RowPrices, routes: Routes
) -> tuple[Shortfall, ...]:
    """Explain every late or short order, in table order, then lost demand per market and product.

    ``lost`` is float64 of shape (segments, products, periods).
    """
    found = list(_orders(scenario, decisions, prices, routes))
    found += _segments(scenario, cube, lost, prices=prices, routes=routes)
    return tuple(found)


def _orders(scenario: Scenario, decisions: Decisions, prices: RowPrices, routes: Routes) -> Iterator[Shortfall]:
    rows, orders, periods = decisions.order_service, scenario["orders"], scenario.horizon.periods
    served = np.zeros((orders.height, periods))
    np.add.at(served, (rows["order"], rows["period"]), rows.quantity)
    terms = _Terms(scenario, prices)
    for place, order in enumerate(orders.iter_rows(named=True)):
        due, slack = order["period"], float(tolerance(order["quantity"]))
        late = served[place, due + 1 :].sum()
        short = order["quantity"] - served[place].sum()
        if late > slack or short > slack:
            look = partial(_look, order, terms=terms, prices=prices, routes=routes)
            yield _order(order, served[place], look, late=_above(late, slack), short=_above(short, slack))


def _above(amount: float, slack: float) -> float:
    return float(amount) if amount > slack else 0.0


def _order(
    order: Mapping[str, Any], served: Floats, look: Callable[[int], _Look], *, late: float, short: float
) -> Shortfall:
    """Ask of a short order why it is not served in its best period, of a late one why it was not served when due."""
    due, delay = order["period"], order["max_delay"]
    last = len(served) - 1 if delay is None else min(due + delay, len(served) - 1)
    later = None if short else due + 1 + int(np.argmax(served[due + 1 :]))
    chosen = look(due) if later else min(map(look, range(due, last + 1)), key=lambda seen: seen.dearness)
    rest = None if later is None else look(later)
    gain = chosen.worth - chosen.price - (rest.worth - rest.price if rest else 0.0)
    reason, binding = _verdict(chosen, gain)
    return Shortfall(
        kind="order",
        id=order["order"],
        partner=order["partner"],
        market=order["market"],
        product=order["product"],
        due=due,
        ordered=order["quantity"],
        late=late,
        short=short,
        period=chosen.period,
        worth=chosen.worth,
        terms=chosen.terms,
        price=chosen.price,
        route=chosen.route,
        later=later,
        later_worth=rest.worth if rest else None,
        later_price=rest.price if rest else None,
        reason=reason,
        binding=binding,
        gain=gain if reason == "whole" else 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """One unit more in one period."""

    period: int
    worth: float
    terms: tuple[Part, ...]
    price: float
    route: Route | None

    @property
    def dearness(self) -> float:
        """By how much the unit's cost exceeds its worth."""
        return inf if self.route is None else min(self.route.cost, max(self.price, 0.0) or inf) - self.worth


def _look(order: Mapping[str, Any], period: int, *, terms: _Terms, prices: RowPrices, routes: Routes) -> _Look:
    market, product = order["market"], order["product"]
    parts = terms.of(order, period)
    plain = order["unit_revenue"] + order["shortage_penalty"] - (period - order["period"]) * order["lateness_cost"]
    worth = plain - sum(part.amount for part in parts)
    return _Look(period, worth, parts, prices.market(market, product, period), routes.cheapest(market, product, period))


def _verdict(look: _Look, gain: float) -> tuple[str, Part | None]:
    if look.route is None:
        return "unreachable", None
    if gain > _SAME * max(abs(look.worth), 1.0):
        return "whole", _dearest([part for part in look.route.parts if part.kind == "setup"])
    hinder = _dearest([part for part in look.terms if part.amount > 0])
    scarce = _dearest([part for part in look.route.parts if part.scarce])
    if hinder is not None and (scarce is None or hinder.amount > scarce.amount):
        return "clause", hinder
    return ("cost", None) if scarce is None else ("scarcity", scarce)


def _dearest(parts: list[Part]) -> Part | None:
    dear = [part for part in parts if part.amount > 0]
    return max(dear, key=lambda part: part.amount) if dear else None


class _Terms:
    """What clauses take from (or, negative, add to) the worth of a unit served of an order."""

    def __init__(self, scenario: Scenario, prices: RowPrices) -> None:
        self._prices = prices
        self._families = dict(scenario["products"].select("product", "family").iter_rows())
        kinds = VolumeClause | ServiceClause | ParityClause | ReservationClause
        self._clauses = [
            (clause, scope)
            for clause in scenario.clauses
            if isinstance(clause, kinds)
            for scope in clause_scopes(clause, scenario.horizon)
        ]
        orders = scenario["orders"].select("partner", "period", "quantity")
        self._ordered: dict[tuple[str, int], float] = {}
        for partner, period, quantity in orders.iter_rows():
            self._ordered[partner, period] = self._ordered.get((partner, period), 0.0) + quantity

    def of(self, order: Mapping[str, Any], period: int) -> tuple[Part, ...]:
        partner, due = order["partner"], order["period"]
        parts = []
        for clause, scope in self._clauses:
            label = HORIZON if scope.window is None else scope.window
            price = 0.0
            if isinstance(clause, ReservationClause):
                if (
                    clause.orders_of == partner
                    and label == period
                    and self._families[order["product"]] in clause.families
                ):
                    price = -self._prices.reservation(clause.id, period)
            elif due in scope.periods:
                price = self._windowed(clause, partner, label, periods=scope.periods, on_time=period == due)
            if abs(price) > _SAME:
                parts.append(Part("clause", clause.id, scope.window, price, scarce=True))
        return tuple(parts)

    def _windowed(
        self,
        clause: VolumeClause | ServiceClause | ParityClause,
        partner: str,
        label: int,
        *,
        periods: tuple[int, ...],
        on_time: bool,
    ) -> float:
        if isinstance(clause, ParityClause):
            if partner not in clause.orders_of:
                return 0.0
            total = sum(self._ordered.get((partner, t), 0.0) for t in periods)
            others = [other for other in clause.orders_of if other != partner]
            ahead = sum(self._prices.at(LINKS, f"parity/{clause.id}@{partner}~{o}", label) for o in others)
            behind = sum(self._prices.at(LINKS, f"parity/{clause.id}@{o}~{partner}", label) for o in others)
            return (ahead - behind) / total if total else 0.0
        if clause.orders_of != partner or (isinstance(clause, ServiceClause) and clause.on_time and not on_time):
            return 0.0
        sides = (f"{clause.kind}/{clause.id}@{side}" for side in ("min", "max"))
        return sum(self._prices.at(f"partner:{partner}", row, label) for row in sides)


def _segments(
    scenario: Scenario, cube: DemandCube, lost: Floats, *, prices: RowPrices, routes: Routes
) -> Iterator[Shortfall]:
    products = scenario["products"]["product"].to_list()
    of_market = scenario["segments"]["market"]
    worth = cube.revenue + cube.penalty
    for market in scenario["markets"]["market"].to_list():
        here = np.flatnonzero((of_market == market).to_numpy())
        for k, product in enumerate(products):
            missing = lost[here, k]
            wanted = missing.sum(axis=0)
            if not len(here) or wanted.sum() <= float(tolerance(wanted.sum())) * max(len(here), 1):
                continue
            period = int(np.argmax(wanted))
            # The best of what is lost: if that is priced out, all of it is.
            best = float(np.where(missing[:, period] > 0, worth[here, k, period], -inf).max())
            price = prices.market(market, product, period)
            look = _Look(period, best, (), price, routes.cheapest(market, product, period))
            reason, binding = _verdict(look, best - price)
            yield Shortfall(
                kind="segments",
                id="",
                partner="",
                market=market,
                product=product,
                due=period,
                ordered=float(cube.base[here, k].sum()),
                late=0.0,
                short=float(wanted.sum()),
                period=period,
                worth=best,
                terms=(),
                price=price,
                route=look.route,
                reason=reason,
                binding=binding,
                gain=best - price if reason == "whole" else 0.0,
            )
