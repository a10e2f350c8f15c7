"""Lanes, market balances and the service of orders and segments: what is sold, and what shipping and failing cost."""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.domain.demand import DemandCube
from planner.domain.lookup import positions, row_positions
from planner.domain.scenario import Scenario
from planner.verification.breaches import Breach, Floats, exceeds, listed, tolerance
from planner.verification.decisions import Decisions, Rows


def market_breaches(scenario: Scenario, decisions: Decisions, demand: Floats) -> list[Breach]:
    """Return what breaks lanes, market balances, order windows and quantities, and segment demand.

    ``demand`` is base plus uplift, float64 of shape (segments, products, periods).
    """
    return [
        *_lane_breaches(scenario, decisions.shipments),
        *_balance_breaches(scenario, decisions),
        *_order_breaches(scenario, decisions.order_service),
        *_segment_breaches(scenario, decisions.segment_service, demand),
    ]


def market_parts(scenario: Scenario, decisions: Decisions, cube: DemandCube, demand: Floats) -> dict[str, float]:
    """Return the value parts revenue, freight, lateness and shortage."""
    orders, rows, served = scenario["orders"], decisions.order_service, decisions.segment_service
    delay = np.maximum(rows["period"] - orders["period"].to_numpy()[rows["order"]], 0)
    late = orders["lateness_cost"].to_numpy()[rows["order"]] * delay
    short = np.maximum(orders["quantity"].to_numpy() - served_per_order(scenario, rows), 0.0)
    lost = np.maximum(demand - served, 0.0)
    lane, cost = _lanes(scenario, decisions.shipments)
    freight = np.where(lane >= 0, np.append(cost, 0.0)[lane], 0.0)
    return {
        "revenue": float(orders["unit_revenue"].to_numpy()[rows["order"]] @ rows.quantity)
        + float((cube.revenue * served).sum()),
        "freight": -float(freight @ decisions.shipments.quantity),
        "lateness": -float(late @ rows.quantity),
        "shortage": -float(orders["shortage_penalty"].to_numpy() @ short) - float((cube.penalty * lost).sum()),
    }


def served_per_order(scenario: Scenario, rows: Rows) -> Floats:
    """Return the units served of every order by the given service rows: float64 of shape (orders,)."""
    orders = scenario["orders"].height
    return np.bincount(rows["order"], rows.quantity, minlength=orders).astype(np.float64)


def _lanes(scenario: Scenario, shipments: Rows) -> tuple[np.typing.NDArray[np.int64], Floats]:
    """Return the lane row of every shipment (an exact lane beats ``*``, −1: none) and the lanes' unit costs."""
    lanes = scenario["lanes"].select("plant", "market", "product")
    named = pl.DataFrame(
        {
            "plant": scenario["plants"]["plant"].gather(shipments["plant"]),
            "market": scenario["markets"]["market"].gather(shipments["market"]),
            "product": scenario["products"]["product"].gather(shipments["product"]),
        }
    )
    exact = row_positions(named, lanes)
    general = row_positions(named.with_columns(product=pl.lit("*")), lanes)
    return np.where(exact >= 0, exact, general), scenario["lanes"]["unit_cost"].to_numpy()


def _lane_breaches(scenario: Scenario, shipments: Rows) -> list[Breach]:
    lane, _ = _lanes(scenario, shipments)
    plants, markets, products = _names(scenario)
    plant, market, product, period = (shipments[name].tolist() for name in ("plant", "market", "product", "period"))
    closed = _is_closed(scenario, lane, shipments)

    def told(i: int) -> tuple[str, str]:
        place = f"plant {plants[plant[i]]}, product {products[product[i]]}, period {period[i]}"
        there = f"market {markets[market[i]]}"
        return place, f"the lane to {there} is closed in this period" if closed[i] else f"no lane leads to {there}"

    return listed("lane", ((lane < 0) | closed) & (shipments.quantity > 0), told, shipments.quantity)


def _is_closed(scenario: Scenario, lane: np.typing.NDArray[np.int64], shipments: Rows) -> np.typing.NDArray[np.bool_]:
    """Return bool [shipments]: which leave on a lane (its row in ``lane``) in a period in which that is closed."""
    closures = scenario["lane_closures"]
    closed = np.zeros(len(lane), dtype=np.bool_)
    if closures.height and scenario["lanes"].height:
        rows = row_positions(
            closures.select("plant", "market", "product"), scenario["lanes"].select("plant", "market", "product")
        )
        pairs = pl.DataFrame({"lane": rows, "period": closures["period"]}).filter(pl.col("lane") >= 0)
        left = pl.DataFrame({"lane": lane, "period": pl.Series(shipments["period"], dtype=pl.Int64)})
        closed = row_positions(left, pairs) >= 0
    return closed


def _balance_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    _, markets, products = _names(scenario)
    shape = (len(markets), len(products), scenario.horizon.periods)
    given, arrived, served = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    coming = scenario["in_transit"]
    np.add.at(
        given,
        (
            positions(coming["market"], markets),
            positions(coming["product"], products),
            coming["period"].to_numpy(),
        ),
        coming["quantity"].to_numpy(),
    )
    moved = decisions.shipments
    lane, _ = _lanes(scenario, moved)
    transit = np.append(scenario["lanes"]["transit"].to_numpy(), 0)[lane]
    arrival = moved["period"] + transit
    counts = (lane >= 0) & (arrival < shape[2])
    np.add.at(arrived, (moved["market"][counts], moved["product"][counts], arrival[counts]), moved.quantity[counts])
    rows, orders = decisions.order_service, scenario["orders"]
    market = positions(orders["market"], markets)[rows["order"]]
    np.add.at(served, (market, rows["product"], rows["period"]), rows.quantity)
    np.add.at(served, positions(scenario["segments"]["market"], markets), decisions.segment_service)
    return listed(
        "market.balance",
        served - arrived - given > tolerance(given),
        lambda g, k, t: (
            f"market {markets[g]}, product {products[k]}, period {t}",
            f"{served[g, k, t]:g} is served, {arrived[g, k, t] + given[g, k, t]:g} arrives",
        ),
        served - arrived - given,
    )


def _order_breaches(scenario: Scenario, rows: Rows) -> list[Breach]:
    orders = scenario["orders"]
    names, due = orders["order"], orders["period"].to_numpy()
    last = (orders["period"] + orders["max_delay"]).fill_null(scenario.horizon.periods - 1).to_numpy()
    products = scenario["products"]["product"]
    wanted = positions(orders["product"], products)
    order, period = rows["order"], rows["period"]
    ordered, served = orders["quantity"].to_numpy(), served_per_order(scenario, rows)

    def where(i: int) -> str:
        return f"order {names[int(order[i])]}, product {products[int(rows['product'][i])]}, period {period[i]}"

    return [
        *listed(
            "order.product",
            rows["product"] != wanted[order],
            lambda i: (where(i), f"the order is for {orders['product'][int(order[i])]}"),
            rows.quantity,
        ),
        *listed(
            "order.window",
            ((period < due[order]) | (period > last[order])) & (rows.quantity > 0),
            lambda i: (
                where(i),
                f"the order may be served in periods {due[order[i]]} to {last[order[i]]}",
            ),
            rows.quantity,
        ),
        *listed(
            "order.quantity",
            exceeds(served, ordered),
            lambda o: (
                f"order {names[o]}",
                f"{served[o]:g} is served, {ordered[o]:g} is ordered",
            ),
            served - ordered,
        ),
    ]


def _segment_breaches(scenario: Scenario, served: Floats, demand: Floats) -> list[Breach]:
    segments, products = scenario["segments"]["segment"], scenario["products"]["product"]
    return listed(
        "demand",
        exceeds(served, demand),
        lambda s, k, t: (
            f"segment {segments[s]}, product {products[k]}, period {t}",
            f"{served[s, k, t]:g} is served, demand with uplift is {demand[s, k, t]:g}",
        ),
        served - demand,
    )


def _names(scenario: Scenario) -> tuple[pl.Series, pl.Series, pl.Series]:
    return scenario["plants"]["plant"], scenario["markets"]["market"], scenario["products"]["product"]
