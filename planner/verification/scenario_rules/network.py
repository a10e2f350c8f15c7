"""Rules of the supply side: recipes, routings, bills of material, stock and lots fit together."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.verification.scenario_rules.rows import row_findings

_RECIPE = ("plant", "product")


def network_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield the findings against the supply side."""
    recipe = scenario["recipes"].select(_RECIPE)
    for name in ("routings", "bom", "firm", "baseline"):
        yield from _without(scenario[name], name, recipe, "without-recipe", "this plant has no recipe for the product")
    resources = scenario["resources"].select("plant", "resource").unique()
    message = "this plant has no row of this resource in resources"
    yield from _without(scenario["routings"], "routings", resources, "without-resource", message)
    yield from row_findings(
        scenario["recipes"],
        "recipes",
        pl.col("min_lot") > pl.col("max_lot"),
        "min_lot, max_lot",
        "min-over-max",
        "the smallest lot must not be larger than the largest",
    )
    yield from _item_findings(scenario)
    yield from _cycle_findings(scenario)


def _without(frame: pl.DataFrame, name: str, other: pl.DataFrame, rule: str, message: str) -> list[Finding]:
    """Return a finding for every row whose key of two columns ``other`` does not hold."""
    key = other.columns
    if frame.is_empty() or frame.join(other, on=key, how="anti").is_empty():
        return []
    known = frame.join(other.with_columns(pl.lit(value=True).alias("?")), on=key, how="left", maintain_order="left")
    return row_findings(known, name, pl.col("?").is_null(), ", ".join(key), rule, message)


def _item_findings(scenario: Scenario) -> Iterator[Finding]:
    products = scenario["products"]["product"].to_list()
    bought = scenario["supplies"]["material"].to_list()
    received = scenario["receipts"]["item"].to_list()
    used = scenario["bom"]["component"].to_list()
    rules = (
        ("bom", "component", {*products, *bought, *received}, "neither a product nor a supplied material"),
        ("stock", "item", {*products}, "not a product; bought material cannot be stored"),
        ("receipts", "item", {*products, *bought, *used}, "neither a product nor a material"),
    )
    for name, column, known, message in rules:
        unknown = ~pl.col(column).is_in(sorted(item for item in known if item is not None))
        yield from row_findings(scenario[name], name, unknown, column, "unknown-reference", message)
    made = pl.col("material").is_in(sorted(product for product in products if product is not None))
    message = "a product; what plants need of it comes from their own stock, only other materials are bought"
    yield from row_findings(scenario["supplies"], "supplies", made, "material", "bought-product", message)


def _cycle_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield bills of material in which a product needs itself within the period in which it starts."""
    instant = scenario["recipes"].filter(pl.col("lead_time") == 0).select(_RECIPE)
    parts = instant.rename({"product": "component"})
    arcs = (
        scenario["bom"]
        .with_row_index("#")
        .filter(pl.col("quantity") > 0)
        .join(instant, on=_RECIPE, how="semi", maintain_order="left")
        .join(parts, on=["plant", "component"], how="semi", maintain_order="left")
    )
    # Arcs that lie on no cycle fall away from the ends, layer by layer.
    while True:
        kept = arcs.join(
            arcs.select("plant", pl.col("product").alias("component")).unique(),
            on=["plant", "component"],
            how="semi",
            maintain_order="left",
        ).join(
            arcs.select("plant", pl.col("component").alias("product")).unique(),
            on=["plant", "product"],
            how="semi",
            maintain_order="left",
        )
        if kept.height == arcs.height:
            break
        arcs = kept
    message = "part of a cycle without lead time: the product would need itself before it exists"
    for row, plant, product, component in arcs.select("#", "plant", "product", "component").iter_rows():
        yield Finding("bom", int(row), "component", "bom-cycle", f"{plant}: {product} ← {component}", message)
