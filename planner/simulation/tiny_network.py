"""The supply side of a tiny scenario: two or three plants, three products, two markets."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from planner.simulation.draw import Draw
from planner.simulation.frames import Cell, frame_of_rows
from planner.simulation.parameters import TinyParameters

PRODUCTS = {"P0": "F0", "P1": "F1", "P2": "F1"}
"""Family of each product; P0 may be a component of P1."""
MARKETS = ("north", "south")
DISTRIBUTORS = ("DST-A", "DST-B")
MATERIALS = ("M0", "M1")

Rows = list[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class TinyNetwork:
    """What the other parts of a tiny scenario build on."""

    periods: int
    plants: tuple[str, ...]
    recipes: tuple[tuple[str, str], ...]
    suppliers: tuple[str, ...]
    tables: dict[str, pl.DataFrame]


def draw_network(draw: Draw, periods: int, parameters: TinyParameters) -> TinyNetwork:
    """Draw plants, recipes, materials, stock, lanes, orders and the optional tables."""
    plants = tuple(f"PL{index}" for index in range(draw.whole(*parameters.plants)))
    recipes = _recipes(draw, plants)
    suppliers = ("SUP-A", "SUP-B")[: draw.whole(1, 2)]
    rows: dict[str, Rows] = {
        "products": [(product, family, "t") for product, family in PRODUCTS.items()],
        "plants": [(plant, MARKETS[index % 2]) for index, plant in enumerate(plants)],
        "markets": [(market, market) for market in MARKETS],
        "recipes": [_recipe_terms(draw, *recipe) for recipe in recipes],
        **_capacity(draw, recipes, periods, parameters),
        "bom": _bom(draw, recipes),
        "supplies": _supplies(draw, suppliers, periods),
        "stock": _stock(draw, recipes),
        "lanes": _lanes(draw, plants),
        "orders": _orders(draw, periods),
        **_optional(draw, recipes, periods, parameters),
    }
    tables = {name: frame_of_rows(name, table) for name, table in rows.items()}
    return TinyNetwork(periods, plants, recipes, suppliers, tables)


def _recipes(draw: Draw, plants: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    made = {(draw.pick(plants), product) for product in PRODUCTS}
    for plant in plants:
        made.update((plant, product) for product in PRODUCTS if draw.chance(0.3))
        if not any(plant == maker for maker, _ in made):
            made.add((plant, draw.pick(tuple(PRODUCTS))))
    return tuple(sorted(made))


def _recipe_terms(draw: Draw, plant: str, product: str) -> tuple[Cell, ...]:
    min_lot = draw.between(1.0, 4.0) if draw.chance(0.3) else 0.0
    max_lot = draw.maybe(0.3, 6.0, 14.0)
    lead_time = 1 if draw.chance(0.25) else 0
    return (plant, product, draw.between(2, 20), draw.between(0.5, 2.5), min_lot, max_lot, lead_time)


def _capacity(
    draw: Draw, recipes: tuple[tuple[str, str], ...], periods: int, parameters: TinyParameters
) -> dict[str, Rows]:
    routings: Rows = []
    lines: dict[tuple[str, str], None] = {}
    shared = {plant: draw.chance(0.3) for plant in sorted({plant for plant, _ in recipes})}
    for plant, product in recipes:
        names = [f"line-{PRODUCTS[product]}", *(["packing"] if shared[plant] else [])]
        for name in names:
            routings.append((plant, product, name, draw.between(0.6, 1.3), draw.between(0.0, 1.0)))
            lines[plant, name] = None
    resources: Rows = []
    for plant, name in lines:
        regular = None if draw.chance(parameters.unlimited_regular) else draw.between(*parameters.regular)
        overtime = None if draw.chance(0.15) else draw.pick((0.0, draw.between(1.0, 5.0)))
        cost = draw.between(1.0, 5.0)
        for period in range(periods):
            shift = draw.pick((0.6, 1.0, 1.0, 1.2))
            resources.append(
                (plant, name, period, None if regular is None else round(regular * shift, 2), overtime, cost)
            )
    return {"resources": resources, "routings": routings}


def _bom(draw: Draw, recipes: tuple[tuple[str, str], ...]) -> Rows:
    rows: Rows = []
    nested = draw.chance(0.5)
    for plant, product in recipes:
        material = MATERIALS[0] if product == "P0" else MATERIALS[1]
        if draw.chance(0.85):
            rows.append((plant, product, material, draw.between(0.5, 1.5)))
        if nested and product == "P1" and (plant, "P0") in recipes:
            rows.append((plant, product, "P0", draw.between(0.3, 1.0)))
    return rows


def _supplies(draw: Draw, suppliers: tuple[str, ...], periods: int) -> Rows:
    rows: Rows = []
    for index, supplier in enumerate(suppliers):
        for material in MATERIALS:
            if index and draw.chance(0.3):
                continue
            cost = draw.between(1.0, 3.0)
            limit = draw.maybe(0.6, 6.0, 25.0)
            for period in range(periods):
                price = round(cost * draw.pick((1.0, 1.0, 1.2)), 2)
                # The first period stays open for what is already released.
                closed = period > 0 and draw.chance(0.05)
                rows.append((supplier, material, period, price, 0.0 if closed else limit))
    return rows


def _stock(draw: Draw, recipes: tuple[tuple[str, str], ...]) -> Rows:
    rows: Rows = []
    for plant, product in recipes:
        if draw.chance(0.15):
            continue
        on_hand = draw.between(0.0, 6.0) if draw.chance(0.7) else 0.0
        safety = draw.between(1.0, 3.0) if draw.chance(0.35) else 0.0
        limit = draw.pick((None, draw.between(6.0, 16.0), max(safety, round(0.5 * on_hand, 2)) + 0.5))
        rows.append((plant, product, on_hand, draw.between(0.05, 0.6), safety, draw.between(0.2, 1.5), limit))
    return rows


def _lanes(draw: Draw, plants: tuple[str, ...]) -> Rows:
    rows: Rows = []
    for index, plant in enumerate(plants):
        for side, market in enumerate(MARKETS):
            near = index % 2 == side
            if not near and draw.chance(0.15):
                continue
            transit = 0 if near else draw.pick((0, 0, 1))
            rows.append((plant, market, "*", transit, draw.between(0.2, 1.0) if near else draw.between(0.8, 2.5)))
            if draw.chance(0.25):
                rows.append((plant, market, draw.pick(tuple(PRODUCTS)), draw.whole(0, 1), draw.between(0.1, 2.0)))
    return rows


def _orders(draw: Draw, periods: int) -> Rows:
    rows: Rows = []
    for index, distributor in enumerate(DISTRIBUTORS):
        price = draw.between(5.0, 12.0)
        for number in range(draw.whole(2, 4)):
            market = MARKETS[index] if draw.chance(0.8) else MARKETS[1 - index]
            rows.append(
                (
                    f"{distributor}-{number}",
                    distributor,
                    market,
                    draw.pick(tuple(PRODUCTS)),
                    draw.whole(0, periods - 1),
                    draw.between(2.0, 9.0),
                    round(price * draw.between(0.9, 1.2), 2),
                    draw.between(0.2, 1.5),
                    draw.pick((0.0, draw.between(0.5, 4.0))),
                    draw.pick((None, 0, 1, 1, 2)),
                )
            )
    return rows


def _optional(
    draw: Draw, recipes: tuple[tuple[str, str], ...], periods: int, parameters: TinyParameters
) -> dict[str, Rows]:
    """Draw the optional tables, each of which appears in some seeds only."""
    tables: dict[str, Rows] = {"receipts": [], "in_transit": [], "firm": [], "baseline": []}
    plants = tuple(dict.fromkeys(plant for plant, _ in recipes))
    if draw.chance(parameters.optional_tables):
        plant, product = draw.pick(recipes)
        tables["receipts"].append((plant, product, draw.whole(0, periods - 1), draw.between(1.0, 4.0)))
    if draw.chance(parameters.optional_tables):
        tables["receipts"].append(
            (draw.pick(plants), draw.pick(MATERIALS), draw.whole(0, periods - 1), draw.between(1.0, 5.0))
        )
    if draw.chance(parameters.optional_tables):
        tables["in_transit"].append(
            (draw.pick(MARKETS), draw.pick(tuple(PRODUCTS)), draw.whole(0, 1), draw.between(1.0, 4.0))
        )
    # Small, and never a product that may need a component: what is released can be made in every seed.
    startable = [recipe for recipe in recipes if recipe[1] != "P1"]
    firm = draw.pick(startable) if draw.chance(parameters.optional_tables) else None
    released = draw.between(0.3, 1.0)
    if firm is not None:
        tables["firm"].append((*firm, 0, released))
    for recipe in recipes:
        for period in range(min(2, periods)):
            if recipe == firm and period == 0:
                tables["baseline"].append((*recipe, period, released))
            elif draw.chance(0.4):
                tables["baseline"].append((*recipe, period, draw.between(1.0, 5.0)))
    return tables
