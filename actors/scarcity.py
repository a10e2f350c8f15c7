"""What holds an order up: the scarce things on the cheapest way by which one more unit could be served.

A way is a plant that ships the product to the market and a period in which it makes it. Its cost is freight, holding,
unit cost, and everything it uses at the multipliers of the program's rows: capacity, materials and components, clause
rows. The cheapest way among lots that are planned names its priced rows; where there is none, what is missing is
named: a lane that is open, or a lot that is not planned. Clauses that count the order itself are named beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actors.formulate.accepted import AcceptedProgram
from actors.formulate.links import HORIZON, clause_of
from actors.formulate.new_order import OrderPlace
from actors.formulate.potential import Lanes
from planner.ports.quoting import Binding
from solvers.core.program import Floats
from solvers.network.standing import Change

FEW = 5
"""Most things named."""
_NOTHING = 1e-7
_SCARCE = {"capacity": "resource", "use": "material", "material": "material", "balance": "material"}


@dataclass(frozen=True, slots=True)
class _Way:
    """A plant, the period in which it makes, the column of its production, and freight and holding to the market."""

    plant: str
    period: int
    column: int
    carriage: float


class Scarcity:
    """Looks for what is scarce in one accepted plan."""

    def __init__(self, accepted: AcceptedProgram) -> None:
        matrix = accepted.program.rows
        self._accepted = accepted
        order = np.argsort(matrix.index, kind="stable")
        self._row, self._value = matrix.row_of_entry()[order], matrix.value[order]
        self._start = np.searchsorted(matrix.index[order], np.arange(matrix.columns + 1))
        self._clause_kinds = {clause.kind for clause in accepted.around.scenario.clauses}

    def holding_up(self, place: OrderPlace, change: Change, y: Floats) -> tuple[Binding, ...]:
        """Return what one more unit of an order has to pay for, dearest first, at multipliers ``y`` [rows]."""
        names = list(self._accepted.around.index.products), list(self._accepted.around.index.markets)
        product, market = names[0][place.product], names[1][place.market]
        last = int(place.periods[-1])
        ways = list(self._ways(market, product, last))
        planned = [way for way in ways if self._accepted.program.upper[way.column] > _NOTHING]
        found = list(self._counting(change, y))
        if not ways:
            found.append(Binding(kind="lane", name=f"{market}/{product}", period=last, price=0.0))
        elif not planned:
            for plant in dict.fromkeys(way.plant for way in ways):
                t = max(way.period for way in ways if way.plant == plant)
                found.append(Binding(kind="lot", name=f"{plant}/{product}", period=t, price=0.0))
        else:
            cheapest = min(planned, key=lambda way: (self._cost(way, y), way.plant, way.period))
            found += self._priced(cheapest, product, y)
        return tuple(sorted(found, key=lambda binding: -binding.price)[:FEW])

    def _ways(self, market: str, product: str, last: int) -> Iterator[_Way]:
        accepted = self._accepted
        recipes = accepted.around.scenario["recipes"].select("plant", "product", "lead_time").iter_rows()
        lead = {plant: time for plant, name, time in recipes if name == product}
        lanes = Lanes(accepted.around.scenario)
        for plant, made_in in lead.items():
            stock = accepted.columns[f"plant:{plant}", "stock", product, 0]
            holding = -float(accepted.program.objective[stock])
            for lane in lanes.of(plant, product):
                departure = last - lane.transit
                ready = departure - made_in
                if lane.market == market and departure >= 0 and lane.open[departure]:
                    for t in range(ready + 1):
                        column = accepted.columns[f"plant:{plant}", "production", product, t]
                        yield _Way(plant, t, column, lane.cost + holding * (ready - t))

    def _cost(self, way: _Way, y: Floats) -> float:
        own = way.carriage - float(self._accepted.program.objective[way.column])
        return own + sum(max(price, 0.0) for _, price in self._entries(way.column, y)) + self._larger(way, y)

    def _larger(self, way: _Way, y: Floats) -> float:
        """Return the price of a larger lot: what its column would earn beyond its bound."""
        worth = float(self._accepted.program.objective[way.column])
        return max(worth - sum(price for _, price in self._entries(way.column, y)), 0.0)

    def _priced(self, way: _Way, product: str, y: Floats) -> Iterator[Binding]:
        for row, price in self._entries(way.column, y):
            kind, name, period = self._named(row)
            if price > _NOTHING and kind:
                yield Binding(kind=kind, name=name, period=None if period == HORIZON else period, price=price)
        larger = self._larger(way, y)
        if larger > _NOTHING:
            yield Binding(kind="lot", name=f"{way.plant}/{product}", period=way.period, price=larger)

    def _counting(self, change: Change, y: Floats) -> Iterator[Binding]:
        """Yield the clauses that count the order, at what they make of one unit."""
        taken = set(self._accepted.taken.tolist())
        prices: dict[tuple[str, int], float] = {}
        entries = zip(change.entries.rows.tolist(), change.entries.columns.tolist(), change.entries.values, strict=True)
        for row, column, value in entries:
            _, name, period = self._named(row)
            if column in taken:
                prices[name, period] = max(prices.get((name, period), 0.0), float(value * y[row]))
        for (name, period), price in prices.items():
            if price > _NOTHING:
                yield Binding(kind="clause", name=name, period=None if period == HORIZON else period, price=price)

    def _entries(self, column: int, y: Floats) -> Iterator[tuple[int, float]]:
        for e in range(int(self._start[column]), int(self._start[column + 1])):
            row = int(self._row[e])
            yield row, float(self._value[e] * y[row])

    def _named(self, row: int) -> tuple[str, str, int]:
        """Return kind, name and period of what a row stands for; an empty kind for rows that are no scarce thing."""
        accepted = self._accepted
        if row < accepted.first_link:
            block, kind, key, period = accepted.row_places[row]
            owner = block.partition(":")[2]
        else:
            labels, i = accepted.links.links.labels, row - accepted.first_link
            kind, key, period, owner = labels.kind[i], labels.key[i], int(labels.period[i]), ""
        if kind in self._clause_kinds:
            return "clause", clause_of(key), period
        return _SCARCE.get(kind, ""), f"{owner}/{key}" if owner else key, period
