"""Facts of making, buying and serving: capacity, families, orders and suppliers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from planner.domain.lookup import positions
from planner.domain.scenario import Scenario
from planner.verification.period_grid import Grid, json_number, json_numbers, period_grid, unique_names

Facts = list[dict[str, object]]


def capacity_facts(scenario: Scenario, tables: Mapping[str, pl.DataFrame]) -> Facts:
    """Return per plant and resource, in the order of ``resources``: regular, used, overtime per period.

    ``used`` counts production and set-ups, overtime included; ``regular`` is null where capacity is unlimited.
    """
    names = unique_names(scenario["resources"], ["plant", "resource"])
    periods = scenario.horizon.periods
    load = (
        tables["production"]
        .join(scenario["routings"], on=["plant", "product"], maintain_order="left")
        .with_columns(
            load=pl.col("capacity_per_unit") * pl.col("quantity") + pl.col("setup_capacity") * pl.col("setup")
        )
    )
    used = period_grid(load, names, periods, value="load")
    overtime = period_grid(tables["overtime"], names, periods)
    limits = scenario["resources"].with_columns(pl.col("regular").fill_null(np.inf))
    regular = period_grid(limits, names, periods, value="regular")
    return [
        {
            "plant": plant,
            "resource": resource,
            "regular": json_numbers(regular[row]),
            "used": json_numbers(used[row]),
            "overtime": json_numbers(overtime[row]),
        }
        for row, (plant, resource) in enumerate(names.iter_rows())
    ]


def family_facts(scenario: Scenario, tables: Mapping[str, pl.DataFrame], uplift: Grid) -> Facts:
    """Return per product family what was wanted, made and served in each period, in the products' unit.

    ``uplift`` is the demand that rewards add: float64 of shape (segments, products, periods).

    ``ordered`` counts firm orders by due period, ``orders_served`` by period of service; ``base_demand`` and
    ``uplift`` are the segments' demand, ``segments_served`` what they got; ``short`` counts orders never served (in
    their due period) and demand lost; ``end_stock`` is the stock over all plants. ``unit`` is empty if it differs
    within the family.
    """
    products = scenario["products"]
    names = unique_names(products, ["family"])
    family = products.select("product", "family")
    service = tables["service"]
    orders = scenario["orders"]
    served_orders = (
        service.filter(pl.col("kind") == "order")
        .join(orders.select(id="order", due="period"), on="id", maintain_order="left")
        .with_columns(period=pl.col("due"))
    )

    def grid(frame: pl.DataFrame) -> Grid:
        known = frame.select("product", "period", "quantity").join(family, on="product", maintain_order="left")
        return period_grid(known, names, scenario.horizon.periods)

    wanted = {
        "ordered": grid(orders),
        "base_demand": grid(scenario["demand"]),
        "uplift": _by_family(uplift.sum(axis=0), products["family"], names["family"]),
    }
    given = {
        "orders_served": grid(service.filter(pl.col("kind") == "order")),
        "segments_served": grid(service.filter(pl.col("kind") == "segment")),
        "produced": grid(tables["production"]),
        "end_stock": grid(tables["stock"].rename({"item": "product"})),
    }
    lost = wanted["base_demand"] + wanted["uplift"] - given["segments_served"]
    short = np.maximum(wanted["ordered"] - grid(served_orders), 0.0) + np.maximum(lost, 0.0)
    measures = {**wanted, **given, "short": short}
    units = dict(products.group_by("family", maintain_order=True).agg(pl.col("unit").unique().sort()).iter_rows())
    return [
        {
            "family": name,
            "unit": units[name][0] if len(units[name]) == 1 else "",
            **{measure: json_numbers(values[row]) for measure, values in measures.items()},
        }
        for row, (name,) in enumerate(names.iter_rows())
    ]


def _by_family(quantities: Grid, family: pl.Series, names: pl.Series) -> Grid:
    sums = np.zeros((len(names), quantities.shape[1]))
    np.add.at(sums, positions(family, names), quantities)
    return sums


def order_facts(scenario: Scenario, service: pl.DataFrame) -> Facts:
    """Return per partner with orders: units ordered, served on time, served late, and short."""
    orders = scenario["orders"].select("order", "partner", due="period", ordered="quantity")
    partners = unique_names(orders, ["partner"])
    served = service.filter(pl.col("kind") == "order").join(
        orders, left_on="id", right_on="order", maintain_order="left"
    )
    late = pl.col("period") > pl.col("due")
    whole = pl.lit(0, dtype=pl.Int64)
    asked = period_grid(orders.with_columns(period=whole), partners, 1, value="ordered")[:, 0]
    on_time = period_grid(served.filter(~late).with_columns(period=whole), partners, 1)[:, 0]
    delayed = period_grid(served.filter(late).with_columns(period=whole), partners, 1)[:, 0]
    return [
        {
            "partner": partner,
            "ordered": json_number(asked[row]),
            "on_time": json_number(on_time[row]),
            "late": json_number(delayed[row]),
            "short": json_number(max(asked[row] - on_time[row] - delayed[row], 0.0)),
        }
        for row, (partner,) in enumerate(partners.iter_rows())
    ]


def supplier_facts(scenario: Scenario, purchases: pl.DataFrame) -> Facts:
    """Return per supplier and material: quantity bought, its cost, and the limit over the horizon (null: none)."""
    supplies = scenario["supplies"]
    names = unique_names(supplies, ["partner", "material"])
    periods = scenario.horizon.periods
    priced = purchases.join(supplies, on=["partner", "material", "period"], maintain_order="left").with_columns(
        cost=pl.col("quantity") * pl.col("unit_cost")
    )
    limits = supplies.with_columns(pl.col("max_quantity").fill_null(np.inf))
    bought = period_grid(priced, names, periods).sum(axis=1)
    cost = period_grid(priced, names, periods, value="cost").sum(axis=1)
    limit = period_grid(limits, names, periods, value="max_quantity").sum(axis=1)
    return [
        {
            "partner": partner,
            "material": material,
            "bought": json_number(bought[row]),
            "cost": json_number(cost[row]),
            "limit": json_number(limit[row]),
        }
        for row, (partner, material) in enumerate(names.iter_rows())
    ]
