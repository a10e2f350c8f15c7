"""Plants, lines, recipes, materials, stock and lanes around a given demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from planner.simulation.draw import Draw
from planner.simulation.frames import Cell, frame_of_rows
from planner.simulation.loyalty_side import Floats
from planner.simulation.parameters import NetworkParameters

PACKAGING = "packaging"
Rows = list[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Line:
    """A plant's line for one family: what it makes, and its regular capacity per period in cases."""

    plant: str
    family: str
    products: tuple[int, ...]
    regular: float


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What the network is sized for: names, prices [K] and demand in cases per product and period [K, T]."""

    products: tuple[str, ...]
    families: tuple[str, ...]
    prices: Floats
    demand: Floats

    def of_family(self, family: str) -> list[int]:
        """Return the products of a family by index."""
        return [index for index, name in enumerate(self.families) if name == family]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The lines, who supplies what, and the tables of the supply side."""

    lines: tuple[Line, ...]
    suppliers: tuple[tuple[str, str], ...]
    """(supplier, material), first sources first."""
    use: dict[str, Floats]
    """Expected use of every material per period if all demand is made."""
    tables: dict[str, pl.DataFrame]


def build_network(draw: Draw, market: Market, parameters: NetworkParameters) -> Network:
    """Return a network whose regular capacity is ``capacity_of_peak`` of every family's best period."""
    plants = tuple(f"PLANT-{index:02d}" for index in range(parameters.plants))
    region = {plant: parameters.markets[index % len(parameters.markets)] for index, plant in enumerate(plants)}
    lines = _lines(draw, plants, market, parameters)
    suppliers = _suppliers(parameters)
    use = _material_use(market, parameters)
    rows: dict[str, Rows] = {
        "plants": list(region.items()),
        "markets": [(name, name) for name in parameters.markets],
        **_lines_as_rows(lines, market, parameters),
        "supplies": _supplies(suppliers, use, parameters),
        "stock": _stock(lines, market, parameters),
        "lanes": _lanes(lines, region, market, parameters),
        **_started_before(lines, market, parameters),
    }
    return Network(lines, suppliers, use, {name: frame_of_rows(name, table) for name, table in rows.items()})


def _lines(draw: Draw, plants: tuple[str, ...], market: Market, parameters: NetworkParameters) -> tuple[Line, ...]:
    names = tuple(dict.fromkeys(market.families))
    pairs: list[tuple[str, str]] = []
    for index, plant in enumerate(plants):
        first = names[index % len(names)]
        others = [name for name in names if name != first]
        pairs += [(plant, name) for name in (first, *draw.some(others, draw.whole(*parameters.families_per_plant) - 1))]
    makes: list[set[int]] = []
    for _, family in pairs:
        products = market.of_family(family)
        makes.append(set(draw.some(products, min(parameters.products_per_line, len(products)))))
    for product, family in enumerate(market.families):
        lines = [line for line, (_, name) in enumerate(pairs) if name == family]
        idle = [line for line in lines if product not in makes[line]]
        missing = parameters.makers_per_product - (len(lines) - len(idle))
        for line in draw.some(idle, min(max(missing, 0), len(idle))):
            makes[line].add(product)
    size = draw.numbers.lognormal(0.0, parameters.line_size_sigma, len(pairs))
    regular = np.zeros(len(pairs))
    for family in names:
        mine = np.array([name == family for _, name in pairs])
        peak = market.demand[market.of_family(family)].sum(axis=0).max()
        regular[mine] = parameters.capacity_of_peak * peak * size[mine] / size[mine].sum()
    return tuple(
        Line(plant, family, tuple(sorted(products)), round(float(capacity), 2))
        for (plant, family), products, capacity in zip(pairs, makes, regular, strict=True)
    )


def _lines_as_rows(lines: tuple[Line, ...], market: Market, parameters: NetworkParameters) -> dict[str, Rows]:
    resources, recipes, routings, bom = Rows(), Rows(), Rows(), Rows()
    material = dict(parameters.materials)
    for line in lines:
        name, made = f"line-{line.family}", list(line.products)
        price = float(market.prices[made].mean())
        overtime = round(parameters.overtime_share_of_regular * line.regular, 2)
        cost = round(parameters.overtime_cost_share * price, 2)
        resources += [(line.plant, name, t, line.regular, overtime, cost) for t in range(parameters.periods)]
        setup_cost = round(parameters.setup_cost_of_line_period * line.regular * price, 2)
        least = round(parameters.min_lot_share * line.regular, 2) if line.family == parameters.min_lot_family else 0.0
        lead_time = int(line.family == parameters.lead_time_family)
        for product in made:
            code, value = market.products[product], float(market.prices[product])
            unit_cost = round(parameters.conversion_share * value, 3)
            recipes.append((line.plant, code, setup_cost, unit_cost, least, None, lead_time))
            routings.append((line.plant, code, name, 1.0, round(parameters.setup_share_of_regular * line.regular, 3)))
            bom.append((line.plant, code, material[line.family], round(parameters.material_share * value, 3)))
            bom.append((line.plant, code, PACKAGING, 1.0))
    return {"resources": resources, "recipes": recipes, "routings": routings, "bom": bom}


def _suppliers(parameters: NetworkParameters) -> tuple[tuple[str, str], ...]:
    materials = (*dict.fromkeys(material for _, material in parameters.materials), PACKAGING)
    first = [(f"SUP-{material.upper()}-1", material) for material in materials]
    second = [(f"SUP-{material.upper()}-2", material) for material in parameters.second_sources]
    return (*first, *second)


def _material_use(market: Market, parameters: NetworkParameters) -> dict[str, Floats]:
    material = dict(parameters.materials)
    use: dict[str, Floats] = {}
    for product, family in enumerate(market.families):
        quantity = parameters.material_share * float(market.prices[product])
        use[material[family]] = use.get(material[family], 0.0) + quantity * market.demand[product]
    return {**use, PACKAGING: np.asarray(market.demand.sum(axis=0))}


def _supplies(suppliers: tuple[tuple[str, str], ...], use: dict[str, Floats], parameters: NetworkParameters) -> Rows:
    rows = Rows()
    for supplier, material in suppliers:
        peak = float(use[material].max())
        contested = material in parameters.second_sources
        limit = round((parameters.first_source_limit if contested else 1.5) * peak, 2)
        cost = parameters.packaging_cost if material == PACKAGING else 1.0
        if supplier.endswith("-2"):
            cost = round(cost * (1 + parameters.second_source_premium), 4)
        rows += [(supplier, material, t, cost, limit) for t in range(parameters.periods)]
    return rows


def _makers(lines: tuple[Line, ...]) -> dict[int, int]:
    count: dict[int, int] = {}
    for line in lines:
        for product in line.products:
            count[product] = count.get(product, 0) + 1
    return count


def _stock(lines: tuple[Line, ...], market: Market, parameters: NetworkParameters) -> Rows:
    rows, makers = Rows(), _makers(lines)
    for line in lines:
        most = round(parameters.max_stock_periods * line.regular, 2)
        for product in line.products:
            price = float(market.prices[product])
            local = float(market.demand[product].mean()) / makers[product]
            on_hand = min(round(parameters.stock_periods * local, 2), most)
            rows.append(
                (
                    line.plant,
                    market.products[product],
                    on_hand,
                    round(parameters.holding_share * price, 4),
                    round(parameters.safety_periods * local, 2),
                    round(parameters.safety_penalty_share * price, 4),
                    most,
                )
            )
    return rows


def _lanes(lines: tuple[Line, ...], region: dict[str, str], market: Market, parameters: NetworkParameters) -> Rows:
    """Return a lane for all products between every plant and market, and dearer ones for what is cooled."""
    rows, names = Rows(), parameters.markets
    price = float(market.prices.mean())
    cooled: dict[str, tuple[int, ...]] = {
        line.plant: line.products for line in lines if line.family == parameters.cooled_family
    }
    for plant, home in region.items():
        for index, name in enumerate(names):
            around = abs(names.index(home) - index)
            step = min(around, len(names) - around)
            cost = round(price * parameters.freight_shares[min(step, 2)], 3)
            transit = int(step >= 2)
            rows.append((plant, name, "*", transit, cost))
            rows += [
                (plant, name, market.products[product], transit, round(cost * parameters.cooled_freight, 3))
                for product in cooled.get(plant, ())
            ]
    return rows


def _started_before(lines: tuple[Line, ...], market: Market, parameters: NetworkParameters) -> dict[str, Rows]:
    """Return work in progress, released production, and goods under way when the horizon begins."""
    waiting = [line for line in lines if line.family == parameters.lead_time_family]
    receipts: Rows = [
        (
            line.plant,
            market.products[product],
            0,
            round(parameters.work_in_progress_share * line.regular / len(line.products), 2),
        )
        for line in waiting
        for product in line.products
    ]
    firm: Rows = [
        (line.plant, market.products[line.products[0]], 0, round(parameters.firm_share * line.regular, 2))
        for line in lines[:: max(1, len(lines) // 4)]
    ]
    in_transit: Rows = [
        (
            name,
            market.products[product],
            0,
            round(0.1 * float(market.demand[product].mean()) / len(parameters.markets), 2),
        )
        for name in parameters.markets
        for product in range(0, len(market.products), 5)
    ]
    return {"receipts": receipts, "firm": firm, "in_transit": in_transit}
