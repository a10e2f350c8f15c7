"""Stock and bought material: what is there when it is needed, and what keeping and buying cost."""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.domain.lookup import Index, positions, row_positions
from planner.domain.scenario import Scenario
from planner.verification.breaches import Breach, Floats, exceeds, listed, tolerance
from planner.verification.decisions import Decisions


def material_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    """Return what breaks stock balances, stock limits, material balances and supply limits."""
    return [
        *_stock_breaches(scenario, decisions),
        *_purchase_breaches(scenario, decisions),
        *_supply_breaches(scenario, decisions),
    ]


def material_parts(scenario: Scenario, decisions: Decisions) -> dict[str, float]:
    """Return the value parts holding, safety and purchase (≤ 0)."""
    safety = _per_item(scenario, "safety_stock", 0.0)
    short = np.maximum(safety[:, :, None] - decisions.stock, 0.0).sum(axis=2)
    return {
        "holding": -float((_per_item(scenario, "holding_cost", 0.0) * decisions.stock.sum(axis=2)).sum()),
        "safety": -float((_per_item(scenario, "safety_penalty", 0.0) * short).sum()),
        "purchase": -float(scenario["supplies"]["unit_cost"].to_numpy() @ decisions.purchases),
    }


def _per_item(scenario: Scenario, column: str, default: float) -> Floats:
    """Return a column of ``stock`` as an array (plants, products); ``default`` stands for missing rows and cells."""
    stock = scenario["stock"]
    array = np.full((scenario["plants"].height, scenario["products"].height), default)
    plant = positions(stock["plant"], scenario["plants"]["plant"])
    product = positions(stock["item"], scenario["products"]["product"])
    known = (plant >= 0) & (product >= 0)
    array[plant[known], product[known]] = stock[column].fill_null(default).to_numpy()[known]
    return array


def _add_rows(array: Floats, place: tuple[Index, ...], quantity: Floats) -> None:
    """Add row quantities in place, leaving out rows with an index outside the array."""
    limits = array.shape[: len(place)]
    inside = np.logical_and.reduce([(i >= 0) & (i < size) for i, size in zip(place, limits, strict=True)])
    np.add.at(array, tuple(i[inside] for i in place), quantity[inside])


def _stock_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    recipes, receipts = scenario["recipes"], scenario["receipts"]
    plants, products = scenario["plants"]["plant"], scenario["products"]["product"]
    periods = scenario.horizon.periods
    given = np.zeros(decisions.stock.shape)
    _add_rows(
        given,
        (positions(receipts["plant"], plants), positions(receipts["item"], products), receipts["period"].to_numpy()),
        receipts["quantity"].to_numpy(),
    )
    given[:, :, 0] += _per_item(scenario, "on_hand", 0.0)
    change = given.copy()
    plant, product = positions(recipes["plant"], plants), positions(recipes["product"], products)
    lead = recipes["lead_time"].to_numpy()
    for t in range(periods):
        _add_rows(change, (plant, product, t + lead), decisions.production[:, t])
    plant, item, used = _component_use(scenario, decisions, products)
    _add_rows(change, (plant, item), -used)
    moved = decisions.shipments
    np.add.at(change, (moved["plant"], moved["product"], moved["period"]), -moved.quantity)
    before = np.concatenate((np.zeros_like(given[:, :, :1]), decisions.stock[:, :, :-1]), axis=2)
    should = before + change
    limit = np.broadcast_to(_per_item(scenario, "max_stock", np.inf)[:, :, None], given.shape)

    def where(p: int, k: int, t: int) -> str:
        return f"plant {plants[p]}, product {products[k]}, period {t}"

    return [
        *listed(
            "stock.balance",
            np.abs(decisions.stock - should) > tolerance(given),
            lambda p, k, t: (
                where(p, k, t),
                f"stock is {decisions.stock[p, k, t]:g}, what comes and goes leaves {should[p, k, t]:g}",
            ),
            np.abs(decisions.stock - should),
        ),
        *listed(
            "stock.limit",
            exceeds(decisions.stock, limit),
            lambda p, k, t: (
                where(p, k, t),
                f"stock {decisions.stock[p, k, t]:g} exceeds max_stock {limit[p, k, t]:g}",
            ),
            decisions.stock - limit,
        ),
    ]


def _component_use(scenario: Scenario, decisions: Decisions, items: pl.Series) -> tuple[Index, Index, Floats]:
    """Return plant, item (−1: not in ``items``) and use (periods) of every bill-of-material row with a recipe."""
    bom, recipes = scenario["bom"], scenario["recipes"]
    recipe = row_positions(bom.select("plant", "product"), recipes.select("plant", "product"))
    bom, recipe = bom.filter(recipe >= 0), recipe[recipe >= 0]
    used = bom["quantity"].to_numpy()[:, None] * decisions.production[recipe]
    return positions(bom["plant"], scenario["plants"]["plant"]), positions(bom["component"], items), used


def _purchase_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    bom, supplies, receipts = scenario["bom"], scenario["supplies"], scenario["receipts"]
    products, plants = scenario["products"]["product"], scenario["plants"]["plant"]
    named = pl.concat([bom["component"].alias("item"), supplies["material"].alias("item")])
    materials = named.filter(~named.is_in(products.implode())).unique(maintain_order=True)
    shape = (materials.len(), scenario.horizon.periods)
    need = np.zeros((len(plants), *shape))
    plant, item, used = _component_use(scenario, decisions, materials)
    _add_rows(need, (plant, item), used)
    received = np.zeros_like(need)
    _add_rows(
        received,
        (positions(receipts["plant"], plants), positions(receipts["item"], materials), receipts["period"].to_numpy()),
        receipts["quantity"].to_numpy(),
    )
    # Received material serves its own plant and period only; what is left over there helps nobody else.
    to_buy = np.maximum(need - received, 0.0).sum(axis=0)
    bought = np.zeros(shape)
    _add_rows(bought, (positions(supplies["material"], materials), supplies["period"].to_numpy()), decisions.purchases)
    return listed(
        "material.balance",
        to_buy - bought > tolerance(received.sum(axis=0)),
        lambda m, t: (
            f"material {materials[m]}, period {t}",
            f"{to_buy[m, t]:g} is needed beyond receipts, {bought[m, t]:g} is bought",
        ),
        to_buy - bought,
    )


def _supply_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    supplies = scenario["supplies"]
    limit = supplies["max_quantity"].fill_null(np.inf).to_numpy()
    return listed(
        "purchases.limit",
        exceeds(decisions.purchases, limit),
        lambda i: (
            f"partner {supplies['partner'][i]}, material {supplies['material'][i]}, period {supplies['period'][i]}",
            f"{decisions.purchases[i]:g} is bought, at most {limit[i]:g} is offered",
        ),
        decisions.purchases - limit,
    )
