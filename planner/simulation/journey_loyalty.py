"""The demo's loyalty side: Complete Journey's households, campaigns, coupons and purchases.

Real are the households and their demographics, what they bought and paid, which manufacturers' coupons they
redeemed, and the coupons' worth. Assumed are the markets households live in, and the scaling of
:class:`~planner.simulation.parameters.JourneyParameters`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.simulation.complete_journey import Journey
from planner.simulation.draw import Draw
from planner.simulation.journey_offers import journey_offers
from planner.simulation.loyalty_side import Floats, LoyaltySide
from planner.simulation.parameters import JourneyParameters

TIERS = ("bronze", "silver", "gold")
_UPPER_INCOMES = ("50-74K", "75-99K", "100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+")
_WEEKS_OF_YEAR = 52


def journey_loyalty(
    draw: Draw, journey: Journey, parameters: JourneyParameters, *, markets: tuple[str, ...], periods: int
) -> LoyaltySide:
    """Return the loyalty side made from Complete Journey for the given markets and number of weeks."""
    products = _products(parameters)
    purchases = _purchases(journey, products)
    households = _households(draw, journey, markets)
    segments = (
        households.select("segment", "market", "tier", "region", "income_band")
        .unique()
        .sort("market", "income_band", pl.col("tier").cast(pl.Enum(TIERS)))
    )
    offers = journey_offers(journey, purchases, households, parameters)
    return LoyaltySide(
        products=products,
        segments=segments,
        members=_replicated(households, parameters.replicate),
        offers=offers.table,
        prices=_prices(purchases, products, parameters),
        weekly=_weekly(purchases, (households, segments, products), periods, parameters),
        probability=offers.probability(households, segments, parameters.prior_households),
        mix=offers.mix(products),
    )


def _products(parameters: JourneyParameters) -> pl.DataFrame:
    names = [(category, family) for family, categories in parameters.families for category in categories]
    return pl.DataFrame(names, schema=["category", "family"], orient="row").select(
        product=pl.col("category").str.replace_all(r"[^A-Z]+", "-"),
        family="family",
        unit=pl.lit("case"),
        category="category",
    )


def _purchases(journey: Journey, products: pl.DataFrame) -> pl.DataFrame:
    """Return the purchases of what is made here, with product and manufacturer."""
    made = journey.products.join(products, left_on="product_category", right_on="category")
    return journey.transactions.join(made.select("product_id", "manufacturer_id", "product"), on="product_id")


def _households(draw: Draw, journey: Journey, markets: tuple[str, ...]) -> pl.DataFrame:
    """Return the households with known demographics; tiers are terciles of what they spent, markets are drawn."""
    spent = journey.transactions.group_by("household_id").agg(cents=pl.col("sales_value").sum())
    known = journey.demographics.join(spent, on="household_id").sort("cents", "household_id").with_row_index("rank")
    count = known.height
    market = pl.Series([markets[index] for index in draw.numbers.integers(0, len(markets), count)])
    upper = pl.col("income").is_in(_UPPER_INCOMES)
    return (
        known.with_columns(
            tier=pl.Series(TIERS).gather((known["rank"].cast(pl.Int64) * len(TIERS)) // count),
            market=market,
            region=market,
            income_band=pl.when(upper).then(pl.lit("upper")).otherwise(pl.lit("lower")),
        )
        .with_columns(segment=pl.format("{}-{}-{}", "market", "tier", "income_band"))
        .drop("rank", "cents")
        .sort("household_id")
    )


def _replicated(households: pl.DataFrame, times: int) -> pl.DataFrame:
    rows = np.repeat(np.arange(households.height), times)
    return households.select(
        "segment", "tier", "age", "income", "household_size", "kids_count", household="household_id"
    )[rows]


def _prices(purchases: pl.DataFrame, products: pl.DataFrame, parameters: JourneyParameters) -> Floats:
    sums = purchases.group_by("product").agg(pl.col("sales_value").sum(), pl.col("quantity").sum())
    ordered = products.join(sums, on="product", how="left", maintain_order="left")
    per_unit = ordered["sales_value"].to_numpy() / ordered["quantity"].to_numpy() / 100
    return np.asarray((per_unit * parameters.units_per_case * parameters.maker_price_share).round(2))


def _weekly(
    purchases: pl.DataFrame,
    frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    periods: int,
    parameters: JourneyParameters,
) -> Floats:
    """Return the segment's mean weekly purchases times the product's pattern over the chosen weeks [S, K, T]."""
    households, segments, products = frames
    bought = purchases.join(households.select("household_id", "segment"), on="household_id")
    mean = _grid(bought.group_by("segment", "product").agg(pl.col("quantity").sum()), segments, products)
    weeks = range(parameters.first_week, parameters.first_week + periods)
    by_week = bought.group_by("product", "week").agg(pl.col("quantity").sum())
    pattern = np.stack([_column(by_week.filter(pl.col("week") == week), products) for week in weeks], axis=1)
    pattern = pattern / pattern.mean(axis=1, keepdims=True)
    cases = mean / _WEEKS_OF_YEAR * parameters.replicate * parameters.subscription_share / parameters.units_per_case
    return np.asarray(cases[:, :, None] * pattern[None, :, :])


def _grid(sums: pl.DataFrame, segments: pl.DataFrame, products: pl.DataFrame) -> Floats:
    ordered = segments.select("segment").join(products.select("product"), how="cross")
    quantity = ordered.join(sums, on=["segment", "product"], how="left", maintain_order="left")["quantity"]
    cells = quantity.fill_null(0).to_numpy().astype(np.float64)
    return np.asarray(cells.reshape(segments.height, products.height))


def _column(sums: pl.DataFrame, products: pl.DataFrame) -> Floats:
    quantity = products.join(sums, on="product", how="left", maintain_order="left")["quantity"]
    return np.asarray(quantity.fill_null(0).to_numpy().astype(np.float64))
