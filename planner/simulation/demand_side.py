"""Subscription demand of segments and orders of distributors, priced per market."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from planner.simulation.draw import Draw
from planner.simulation.frames import declared_types
from planner.simulation.loyalty_side import Floats, LoyaltySide
from planner.simulation.parameters import NetworkParameters


@dataclass(frozen=True, slots=True, eq=False)
class DemandSide:
    """Orders and demand as tables; ``total`` [K, T] is all of it in cases, ``revenue`` [S, K] the segments' prices."""

    distributors: tuple[str, ...]
    total: Floats
    revenue: Floats
    tables: dict[str, pl.DataFrame]


def build_demand(draw: Draw, side: LoyaltySide, parameters: NetworkParameters) -> DemandSide:
    """Return demand and orders; each distributor serves one market and orders every product every other period."""
    level = draw.numbers.normal(1.0, parameters.region_price_sigma, len(parameters.markets)).round(3)
    markets = list(parameters.markets)
    of_segment = np.array([markets.index(name) for name in side.segments["market"].to_list()])
    weekly = side.weekly.round(4)
    ordered = _ordered(draw, weekly, parameters)
    revenue = (level[of_segment][:, None] * side.prices[None, :]).round(2)
    distributors = tuple(f"DST-{name.upper()}" for name in markets)
    tables = {
        "demand": _demand(side, weekly, revenue, parameters),
        "orders": _orders(side, ordered, distributors, parameters),
    }
    return DemandSide(distributors, weekly.sum(axis=0) + ordered.sum(axis=0), revenue, tables)


def _ordered(draw: Draw, weekly: Floats, parameters: NetworkParameters) -> Floats:
    """Return the cases ordered per market, product and period [R, K, T]: two periods' worth every other period."""
    count = len(parameters.markets)
    share = parameters.order_share / (1 - parameters.order_share)
    weights = draw.numbers.uniform(0.7, 1.3, count)
    quantity = share * (weights / weights.sum())[:, None, None] * weekly.sum(axis=0)[None, :, :]
    market, product, period = np.indices(quantity.shape)
    pair = quantity + np.concatenate([quantity[:, :, 1:], np.zeros_like(quantity[:, :, :1])], axis=2)
    return np.asarray(np.where((market + product + period) % 2 == 0, pair, 0.0).round(2))


def _demand(side: LoyaltySide, weekly: Floats, revenue: Floats, parameters: NetworkParameters) -> pl.DataFrame:
    segment, product, period = np.nonzero(weekly > 0)
    price = revenue[segment, product]
    frame = pl.DataFrame(
        {
            "segment": side.segments["segment"].gather(segment),
            "product": side.products["product"].gather(product),
            "period": period,
            "quantity": weekly[segment, product, period],
            "unit_revenue": price,
            "shortage_penalty": (parameters.shortage_share * price).round(3),
        }
    )
    return declared_types("demand", frame)


def _orders(
    side: LoyaltySide, ordered: Floats, distributors: tuple[str, ...], parameters: NetworkParameters
) -> pl.DataFrame:
    market, product, period = np.nonzero(ordered > 0)
    price = (parameters.order_price_share * side.prices[product]).round(2)
    frame = pl.DataFrame(
        {
            "partner": pl.Series(distributors).gather(market),
            "market": pl.Series(parameters.markets).gather(market),
            "product": side.products["product"].gather(product),
            "period": period,
            "quantity": ordered[market, product, period],
            "unit_revenue": price,
            "lateness_cost": (parameters.lateness_share * price).round(3),
            "shortage_penalty": (parameters.order_shortage_share * price).round(3),
            "max_delay": pl.Series(np.full(len(period), parameters.max_delay)),
        }
    )
    number = pl.col("period").cast(pl.String).str.zfill(2)
    return declared_types("orders", frame.with_columns(order=pl.format("{}-{}-{}", "partner", "product", number)))
