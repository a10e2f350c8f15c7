"""What one more unit on a market costs at a plan's prices, and of what that cost is made.

A route is a plant, the period in which production starts, and a lane that is open when it leaves. Its cost is freight,
production, keeping, the unit's share of a set-up, and everything scarce it uses at its price: capacity, bought
material, components, room under clauses. By linear programming duality a used route costs what the market pays, and no
route costs less. Where what an item is worth at a plant exceeds the cost of the cheapest way to have it, that way is
limited by itself (the largest lot, a resource that one recipe fills alone, the store): the difference is the price of
that limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum, inf

import polars as pl

from planner.domain.clauses import ReservationClause, StabilityClause, clause_scopes
from planner.domain.scenario import Scenario
from planner.verification.explanation_lots import Lots
from planner.verification.explanation_parts import Part, Route, at_plant
from planner.verification.explanation_prices import RowPrices

_LEAST = 1e-9
"""Money per unit below which a part is left out."""

_RENT = 1e-6
"""An item that is worth more than it costs by at least this share is limited by its way."""

_FULL = 1e-6
"""A lot within this share of the largest one is a full one."""

_Way = tuple[float, tuple[Part, ...]]
_NO_WAY: _Way = (inf, ())


class Routes:
    """Cheapest routes of a scenario at given prices, each computed once; ``production`` is the plan's table."""

    def __init__(self, scenario: Scenario, prices: RowPrices, production: pl.DataFrame) -> None:
        made = production.select("plant", "product", "period", "quantity").iter_rows()
        self._production = {(plant, product, t): quantity for plant, product, t, quantity in made}
        self._prices = prices
        self._recipes = {(row["plant"], row["product"]): row for row in scenario["recipes"].iter_rows(named=True)}
        self._routings = _grouped(scenario["routings"], "resource", "capacity_per_unit")
        self._bom = _grouped(scenario["bom"], "component", "quantity")
        self._lanes = _lanes(scenario)
        self._closures = set(scenario["lane_closures"].select("plant", "market", "product", "period").iter_rows())
        self._holding = {
            (plant, item): cost
            for plant, item, cost in scenario["stock"].select("plant", "item", "holding_cost").iter_rows()
        }
        self._stores = {
            (plant, item)
            for plant, item, most in scenario["stock"].select("plant", "item", "max_stock").iter_rows()
            if most is not None
        }
        self._given = _given(scenario)
        self._purchase = _purchase(scenario)
        self._products = set(scenario["products"]["product"].to_list())
        self._families = dict(scenario["products"].select("product", "family").iter_rows())
        self._reservations = [c for c in scenario.clauses if isinstance(c, ReservationClause)]
        self._inside = {
            c.id: {t for scope in clause_scopes(c, scenario.horizon) for t in scope.periods}
            for c in scenario.clauses
            if isinstance(c, ReservationClause | StabilityClause)
        }
        self._lots = Lots(scenario)
        self._stability = [c.id for c in scenario.clauses if isinstance(c, StabilityClause)]
        self._held: dict[tuple[str, str, int], _Way] = {}
        self._cheapest: dict[tuple[str, str, int], Route | None] = {}
        self._shut: dict[tuple[str, str, int], tuple[tuple[str, int], ...]] = {}

    def cheapest(self, market: str, product: str, period: int) -> Route | None:
        """Return the cheapest route that arrives on a market in a period; None where none can."""
        key = (market, product, period)
        if key not in self._cheapest:
            self._cheapest[key] = self._search(market, product, period)
        return self._cheapest[key]

    def closed(self, market: str, product: str, period: int) -> tuple[tuple[str, int], ...]:
        """Return plant and departure of every cheaper way to that market whose lane is closed then."""
        self.cheapest(market, product, period)
        return self._shut[market, product, period]

    def setup_cost(self, plant: str, product: str) -> float:
        """Return what a set-up costs; 0 where the plant has no such recipe."""
        return float(self._recipes.get((plant, product), {}).get("setup_cost", 0.0))

    def smallest_lot(self, plant: str, product: str) -> float:
        """Return the smallest lot of a recipe; 0 where the plant has none."""
        return float(self._recipes.get((plant, product), {}).get("min_lot", 0.0))

    def _search(self, market: str, product: str, period: int) -> Route | None:
        best: Route | None = None
        closed: list[tuple[float, str, int]] = []
        for plant, (name, transit, freight) in self._lanes_to(market, product).items():
            departure = period - transit
            if departure < 0:
                continue
            cost, parts = self._at_plant(plant, product, departure)
            if (plant, market, name, departure) in self._closures:
                closed.append((cost + freight, plant, departure))
            elif cost + freight < (inf if best is None else best.cost - _LEAST):
                shipped = (*parts, Part("freight", f"from {plant} to {market}", departure, freight))
                best = Route(plant, departure, cost + freight, _listed(shipped))
        least = inf if best is None else best.cost
        self._shut[market, product, period] = tuple((plant, t) for cost, plant, t in sorted(closed) if cost < least)
        if best is None:
            return None
        rent = self._prices.market(market, product, period) - best.cost
        if rent <= _RENT * max(1.0, best.cost):
            return best
        # Everything that this way can bring is shipped already: its source is what is scarce.
        limit = self._source(best.plant, product, rent=rent, parts=best.parts)
        return Route(best.plant, best.departure, best.cost + rent, (*best.parts, limit))

    def _lanes_to(self, market: str, product: str) -> dict[str, tuple[str, int, float]]:
        return {**self._lanes.get((market, "*"), {}), **self._lanes.get((market, product), {})}

    def _at_plant(self, plant: str, item: str, period: int) -> _Way:
        """Return the cheapest way to have a unit of an item at a plant, made then, kept from before, or on hand."""
        key = (plant, item, period)
        if key in self._held:
            return self._held[key]
        self._held[key] = _NO_WAY  # a component that needs itself is not to be had
        lead = self._recipes.get((plant, item), {}).get("lead_time", 0)
        ways = [self._made(plant, item, period - lead)]
        if period > 0:
            cost, parts = self._at_plant(plant, item, period - 1)
            holding = float(self._holding.get((plant, item), 0.0))
            kept = Part("holding", at_plant(item, plant), period - 1, holding)
            ways.append((cost + holding, (*parts, kept)))
        if self._given.get(key, 0.0) > 0:
            price = max(self._prices.item(plant, item, period), 0.0)
            ways.append(
                (price + _LEAST, (Part("stock", at_plant(item, plant), period, price, scarce=True, plant=plant),))
            )
        cheapest = min(ways, key=lambda way: way[0])
        rent = self._prices.item(plant, item, period) - cheapest[0]
        if cheapest[0] < inf and rent > _RENT * max(1.0, cheapest[0]):
            if cheapest is ways[0]:
                limit = self._lots.of_lot(plant, item, period - lead, rent)
            else:
                limit = self._limit(plant, item, period=period - 1, rent=rent, parts=cheapest[1])
            cheapest = (cheapest[0] + rent, (*cheapest[1], limit))
        self._held[key] = cheapest
        return cheapest

    def _limit(self, plant: str, item: str, *, period: int, rent: float, parts: tuple[Part, ...]) -> Part:
        """Return the price of what limits keeping an item over a period: the store, or what there is to be kept."""
        if (plant, item) in self._stores and not _on_hand(plant, item, parts):
            return Part("store", at_plant(item, plant), period, rent, scarce=True, plant=plant)
        return self._source(plant, item, rent=rent, parts=parts)

    def _source(self, plant: str, item: str, *, rent: float, parts: tuple[Part, ...]) -> Part:
        """Return the price of where an item comes from: the stock on hand that is taken, or the lot that is made."""
        taken = _on_hand(plant, item, parts)
        if taken:
            return Part("stock", at_plant(item, plant), taken[0].period, rent, scarce=True, plant=plant)
        made = (part.period for part in parts if part.kind == "production" and part.name == at_plant(item, plant))
        return self._lots.of_lot(plant, item, next(made, None) or 0, rent)

    def _made(self, plant: str, product: str, start: int) -> _Way:
        recipe = self._recipes.get((plant, product))
        if recipe is None or start < 0:
            return _NO_WAY
        parts = [Part("production", at_plant(product, plant), start, recipe["unit_cost"])]
        parts += self._capacity(plant, product, start)
        parts += self._setup(plant, product, start, recipe["setup_cost"])
        for clause in self._stability:
            if start in self._inside[clause]:
                moved = self._prices.moved(plant, clause, product, start)
                parts.append(Part("clause", clause, None, moved, scarce=True))
        for component, quantity in self._bom.get((plant, product), ()):
            if component in self._products:
                cost, inner = self._at_plant(plant, component, start)
                if cost == inf:
                    return _NO_WAY
                parts += [Part(p.kind, p.name, p.period, p.price, p.use * quantity, p.scarce, p.plant) for p in inner]
            else:
                parts += self._material(component, start, quantity)
        return fsum(part.amount for part in parts), tuple(parts)

    def _setup(self, plant: str, product: str, start: int, setup_cost: float) -> list[Part]:
        """Split what a unit pays besides its own capacity into its share of the set-up and the price of a full lot."""
        share = self._prices.setup_share(plant, product, start)
        most, whole = self._lots.most(plant, product, start), setup_cost
        for resource, use in self._lots.setup_use(plant, product):
            whole += self._prices.capacity(plant, resource, start) * use
            # A set-up opens regular time to a long lot.
            whole -= self._long(plant, resource, product, start) * self._lots.beside(plant, resource, start, use)
        if most < inf and self._production.get((plant, product, start), 0.0) >= most * (1 - _FULL):
            full = max(share - whole / most, 0.0)
            rent = [self._lots.of_lot(plant, product, start, full)] if full > 0 else []
            return [Part("setup", at_plant(product, plant), start, share - full, scarce=True, plant=plant), *rent]
        return [Part("setup", at_plant(product, plant), start, share, scarce=True, plant=plant)]

    def _capacity(self, plant: str, product: str, start: int) -> list[Part]:
        parts, use = [], 0.0
        for resource, per_unit in self._routings.get((plant, product), ()):
            price = self._prices.capacity(plant, resource, start) + self._long(plant, resource, product, start)
            parts.append(Part("capacity", resource, start, price, per_unit, scarce=True, plant=plant))
            use += per_unit
        for clause in self._reservations:
            if clause.plant == plant and self._families.get(product) in clause.families:
                price = self._prices.reservation(clause.id, start) if start in self._inside[clause.id] else 0.0
                parts.append(Part("clause", clause.id, start, price, use, scarce=True))
        return parts

    def _long(self, plant: str, resource: str, product: str, start: int) -> float:
        price = self._prices.long_lot(plant, resource, product, start)
        if self._lots.is_long(plant, resource, product, start):
            price += self._prices.long_lots(plant, resource, start)
        return price

    def _material(self, material: str, start: int, quantity: float) -> list[Part]:
        """Split a material's price into what the cheapest supplier asks and what its scarcity adds."""
        price = self._prices.material(material, start)
        asked = self._purchase.get((material, start), 0.0)
        paid = min(price, asked) if price > 0 else asked
        return [
            Part("purchase", material, start, paid, quantity),
            Part("material", material, start, max(price - paid, 0.0), quantity, scarce=True),
        ]


def _on_hand(plant: str, item: str, parts: tuple[Part, ...]) -> list[Part]:
    return [part for part in parts if part.kind == "stock" and part.name == at_plant(item, plant)]


def _listed(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if abs(part.amount) > _LEAST)


def _grouped(frame: pl.DataFrame, name: str, value: str) -> dict[tuple[str, str], list[tuple[str, float]]]:
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for plant, product, key, number in frame.select("plant", "product", name, value).iter_rows():
        found.setdefault((plant, product), []).append((key, number))
    return found


def _lanes(scenario: Scenario) -> dict[tuple[str, str], dict[str, tuple[str, int, float]]]:
    """Return by market and product, which may be ``*``, and by plant: the lane's product, transit and freight."""
    found: dict[tuple[str, str], dict[str, tuple[str, int, float]]] = {}
    columns = scenario["lanes"].select("plant", "market", "product", "transit", "unit_cost")
    for plant, market, product, transit, cost in columns.iter_rows():
        found.setdefault((market, product), {})[plant] = (product, transit, cost)
    return found


def _given(scenario: Scenario) -> dict[tuple[str, str, int], float]:
    """Return what is there without being made: stock on hand in period 0, and receipts."""
    found: dict[tuple[str, str, int], float] = {}
    for plant, item, quantity in scenario["stock"].select("plant", "item", "on_hand").iter_rows():
        found[plant, item, 0] = quantity
    for plant, item, t, quantity in scenario["receipts"].select("plant", "item", "period", "quantity").iter_rows():
        found[plant, item, t] = found.get((plant, item, t), 0.0) + quantity
    return found


def _purchase(scenario: Scenario) -> dict[tuple[str, int], float]:
    """Return the lowest price asked for a material in a period."""
    cheapest = scenario["supplies"].group_by("material", "period").agg(pl.col("unit_cost").min())
    return {(material, period): cost for material, period, cost in cheapest.iter_rows()}
