"""What no plan can exceed: the most each market could take, and the most each recipe could usefully make.

These quantities bound columns from above. They cut off no optimal plan: goods beyond them would only be thrown away,
for which plants have a separate column, so that the bounds on useful quantities stay tight and every box is finite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from actors.formulate.index import Index
from planner.domain.demand import DemandCube
from planner.domain.scenario import Scenario
from solvers.core.program import Bools, Floats


@dataclass(frozen=True, slots=True, eq=False)
class MarketPotential:
    """Largest useful arrivals, float64 of shape (markets, products, periods).

    ``at[m, k, t]`` in period t alone, ``since[m, k, t]`` in total from period t to the end.
    """

    at: Floats
    since: Floats


def market_potential(scenario: Scenario, index: Index, cube: DemandCube, uplift: Floats) -> MarketPotential:
    """Bound what each market could take; ``uplift`` bounds rewards' demand per segment, product, period."""
    shape = (len(index.markets), len(index.products), index.periods)
    demand, orders_at, orders_since = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for s, market in enumerate(scenario["segments"]["market"].to_list()):
        demand[index.markets[market]] += cube.base[s] + uplift[s]
    columns = scenario["orders"].select("market", "product", "period", "max_delay", "quantity")
    for market, product, due, delay, quantity in columns.iter_rows():
        last = last_service(due, delay, index.periods)
        orders_at[index.markets[market], index.products[product], due : last + 1] += quantity
        orders_since[index.markets[market], index.products[product], : last + 1] += quantity
    later = np.flip(np.cumsum(np.flip(demand, axis=2), axis=2), axis=2)
    return MarketPotential(orders_at + demand, orders_since + later)


def last_service(due: int, max_delay: int | None, periods: int) -> int:
    """Return the last period in which an order may be served."""
    return periods - 1 if max_delay is None else min(due + max_delay, periods - 1)


def production_limits(scenario: Scenario, index: Index, potential: MarketPotential) -> Floats:
    """Return the largest sensible production per recipe and period, float64 of shape (recipes, T).

    The least of: the largest lot; what regular time and overtime allow beside the set-up; and the greater of smallest
    lot, baseline, and everything that could still be sold, consumed by other recipes or kept as safety stock. Nothing
    where a recipe is closed. What is released is made whatever limits say.
    """
    recipes = scenario["recipes"]
    number = {key: r for r, key in enumerate(recipes.select("plant", "product").iter_rows())}
    limits = np.full((len(number), index.periods), np.inf)
    _limit_by_capacity(scenario, number, limits)
    baseline = np.zeros_like(limits)
    for plant, product, t, quantity in (
        scenario["baseline"].select("plant", "product", "period", "quantity").iter_rows()
    ):
        baseline[number[plant, product], t] = quantity
    for plant, product, t in scenario["recipe_closures"].select("plant", "product", "period").iter_rows():
        limits[number[plant, product], t] = 0.0
    useful = _Useful(scenario, index, potential)
    for r in _parents_first(scenario, number):
        row = recipes.row(r, named=True)
        keep = np.maximum(np.maximum(useful.of(row, number, limits), row["min_lot"]), baseline[r])
        most = np.inf if row["max_lot"] is None else row["max_lot"]
        limits[r] = np.maximum(np.minimum(np.minimum(limits[r], most), keep), 0.0)
    for plant, product, t, quantity in scenario["firm"].select("plant", "product", "period", "quantity").iter_rows():
        limits[number[plant, product], t] = quantity
    return limits


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """A way from a plant to a market: periods under way, freight per unit, and in which periods something may leave.

    ``open`` is bool of shape (T,).
    """

    market: str
    transit: int
    cost: float
    open: Bools


class Lanes:
    """The lanes of a scenario, or of one of its plants: read once, asked for product by product."""

    def __init__(self, scenario: Scenario, plant: str | None = None) -> None:
        lanes, closures = scenario["lanes"], scenario["lane_closures"]
        if plant is not None:
            lanes, closures = (table.filter(pl.col("plant") == plant) for table in (lanes, closures))
        self._markets = scenario["markets"]["market"].to_list()
        self._periods = scenario.horizon.periods
        self._rows: dict[tuple[str, str], list[tuple[str, int, float]]] = {}
        for owner, product, *lane in lanes.select("plant", "product", "market", "transit", "unit_cost").iter_rows():
            self._rows.setdefault((owner, product), []).append((lane[0], lane[1], lane[2]))
        self._closed: dict[tuple[str, str, str], list[int]] = {}
        for owner, product, market, t in closures.select("plant", "product", "market", "period").iter_rows():
            self._closed.setdefault((owner, product, market), []).append(t)

    def of(self, plant: str, product: str) -> list[Lane]:
        """Return the lanes of a product from a plant, by market; an exact lane, open or closed, beats ``*``."""
        found: dict[str, Lane] = {}
        for name in ("*", product):
            for market, transit, cost in self._rows.get((plant, name), ()):
                way = np.ones(self._periods, dtype=np.bool_)
                way[self._closed.get((plant, name, market), [])] = False
                found[market] = Lane(market, transit, cost, way)
        return [found[market] for market in self._markets if market in found]


def _limit_by_capacity(scenario: Scenario, number: dict[tuple[str, str], int], limits: Floats) -> None:
    capacity: dict[tuple[str, str], Floats] = {}
    columns = scenario["resources"].select("plant", "resource", "period", "regular", "overtime_max")
    for plant, resource, t, regular, overtime in columns.iter_rows():
        unlimited = regular is None or overtime is None
        row = capacity.setdefault((plant, resource), np.zeros(limits.shape[1]))
        row[t] = np.inf if unlimited else regular + overtime
    for plant, product, resource, per_unit, setup in (
        scenario["routings"].select("plant", "product", "resource", "capacity_per_unit", "setup_capacity").iter_rows()
    ):
        if per_unit > 0:
            r = number[plant, product]
            limits[r] = np.minimum(limits[r], np.maximum(capacity[plant, resource] - setup, 0.0) / per_unit)


class _Useful:
    """Upper bounds on what could still be used of a recipe's output, per period of production."""

    def __init__(self, scenario: Scenario, index: Index, potential: MarketPotential) -> None:
        self._index, self._potential, self._lanes = index, potential, Lanes(scenario)
        self._safety = {
            (plant, item): safety
            for plant, item, safety in scenario["stock"].select("plant", "item", "safety_stock").iter_rows()
        }
        self._users: dict[tuple[str, str], list[tuple[str, float]]] = {}
        for plant, product, component, quantity in (
            scenario["bom"].select("plant", "product", "component", "quantity").iter_rows()
        ):
            self._users.setdefault((plant, component), []).append((product, quantity))

    def of(self, recipe: dict[str, object], number: dict[tuple[str, str], int], limits: Floats) -> Floats:
        plant, product, lead = str(recipe["plant"]), str(recipe["product"]), int(str(recipe["lead_time"]))
        periods = self._index.periods
        since = np.full(periods + 1, self._safety.get((plant, product), 0.0))
        since[periods] = 0.0
        for lane in self._lanes.of(plant, product):
            taken = self._potential.since[self._index.markets[lane.market], self._index.products[product]]
            since[: max(periods - lane.transit, 0)] += taken[lane.transit :]
        for user, quantity in self._users.get((plant, product), []):
            made = limits[number[plant, user]]
            since[:periods] += quantity * np.flip(np.cumsum(np.flip(made)))
        ready = np.minimum(np.arange(periods) + lead, periods)
        return since[ready]


def _parents_first(scenario: Scenario, number: dict[tuple[str, str], int]) -> list[int]:
    users: dict[int, list[int]] = {r: [] for r in number.values()}
    for plant, product, component in scenario["bom"].select("plant", "product", "component").iter_rows():
        if (plant, component) in number:
            users[number[plant, component]].append(number[plant, product])
    ordered: list[int] = []
    seen: set[int] = set()

    def visit(r: int) -> None:
        if r not in seen:
            seen.add(r)
            for user in users[r]:
                visit(user)
            ordered.append(r)

    for r in users:
        visit(r)
    return ordered
