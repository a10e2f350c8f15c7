"""The demo's offers: one per manufacturer and campaign type whose coupons were redeemed most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from planner.simulation.complete_journey import Journey
from planner.simulation.loyalty_side import Floats
from planner.simulation.parameters import JourneyParameters

_PROBABILITY_BOUNDS = (0.001, 0.5)
_KEY = ["manufacturer_id", "campaign_type"]


@dataclass(frozen=True, slots=True, eq=False)
class JourneyOffers:
    """Offers and what was observed about them.

    ``table`` has offer, campaign_type, brand, face_value; ``redeemers`` and ``receivers`` hold the distinct
    households per offer that redeemed a coupon or received a campaign of its type; ``units`` what was bought of the
    products its coupons cover, per offer and product.
    """

    table: pl.DataFrame
    redeemers: pl.DataFrame
    receivers: pl.DataFrame
    units: pl.DataFrame

    def probability(self, households: pl.DataFrame, segments: pl.DataFrame, prior: float) -> Floats:
        """Return redeemers per receiver of every segment and offer, pulled to the rate of all: float64 [S, M]."""
        redeemed = self._counts(self.redeemers, households, segments)
        received = self._counts(self.receivers, households, segments)
        overall = redeemed.sum(axis=0) / np.maximum(received.sum(axis=0), 1)
        rate = (redeemed + prior * overall[None, :]) / (received + prior)
        return np.asarray(rate.clip(*_PROBABILITY_BOUNDS))

    def mix(self, products: pl.DataFrame) -> Floats:
        """Return the shares of the products in what an offer's coupons cover: float64 [M, K]."""
        cells = self.table.select("offer").join(products.select("product"), how="cross")
        units = cells.join(self.units, on=["offer", "product"], how="left", maintain_order="left")["quantity"]
        grid = units.fill_null(0).to_numpy().astype(np.float64).reshape(self.table.height, products.height)
        return np.asarray(grid / grid.sum(axis=1, keepdims=True))

    def _counts(self, pairs: pl.DataFrame, households: pl.DataFrame, segments: pl.DataFrame) -> Floats:
        counts = pairs.join(households.select("household_id", "segment"), on="household_id")
        counts = counts.group_by("segment", "offer").len()
        cells = segments.select("segment").join(self.table.select("offer"), how="cross")
        found = cells.join(counts, on=["segment", "offer"], how="left", maintain_order="left")["len"]
        return np.asarray(found.fill_null(0).to_numpy().astype(np.float64).reshape(segments.height, self.table.height))


def journey_offers(
    journey: Journey, purchases: pl.DataFrame, households: pl.DataFrame, parameters: JourneyParameters
) -> JourneyOffers:
    """Return the offers most redeemed by the households, of the manufacturers that redeem most."""
    makers = _makers_of_coupons(journey)
    redeemed = (
        journey.coupon_redemptions.join(households.select("household_id"), on="household_id")
        .join(makers, on="coupon_upc")
        .join(journey.campaign_descriptions, on="campaign_id")
        .select("household_id", *_KEY)
        .unique()
    )
    units = _covered_units(journey, purchases, makers)
    table = _ranked(redeemed.join(units.select(_KEY).unique(), on=_KEY), purchases, parameters)
    named = table.select("offer", *_KEY)
    received = journey.campaigns.join(journey.campaign_descriptions, on="campaign_id")
    received = received.select("household_id", "campaign_type").unique()
    return JourneyOffers(
        table=table.select("offer", "campaign_type", "brand", "face_value"),
        redeemers=redeemed.join(named, on=_KEY).select("household_id", "offer"),
        receivers=received.join(named, on="campaign_type").select("household_id", "offer"),
        units=units.join(named, on=_KEY).select("offer", "product", "quantity"),
    )


def _makers_of_coupons(journey: Journey) -> pl.DataFrame:
    """Return the manufacturer that most products of a coupon belong to."""
    return (
        journey.coupons.join(journey.products, on="product_id")
        .group_by("coupon_upc", "manufacturer_id")
        .len()
        .sort(["coupon_upc", "len", "manufacturer_id"], descending=[False, True, False])
        .unique("coupon_upc", keep="first", maintain_order=True)
        .select("coupon_upc", "manufacturer_id")
    )


def _covered_units(journey: Journey, purchases: pl.DataFrame, makers: pl.DataFrame) -> pl.DataFrame:
    covered = (
        journey.coupons.join(makers, on="coupon_upc")
        .join(journey.campaign_descriptions, on="campaign_id")
        .select("product_id", *_KEY)
        .unique()
    )
    bought = purchases.group_by("product_id", "product").agg(pl.col("quantity").sum())
    units = covered.join(bought, on="product_id").group_by(*_KEY, "product").agg(pl.col("quantity").sum())
    return units.filter(pl.col("quantity") > 0)


def _ranked(redeemed: pl.DataFrame, purchases: pl.DataFrame, parameters: JourneyParameters) -> pl.DataFrame:
    by_maker = redeemed.group_by("manufacturer_id").len("total")
    top = by_maker.sort(["total", "manufacturer_id"], descending=[True, False]).head(parameters.brands)
    coupon = (
        purchases.filter(pl.col("coupon_disc") > 0)
        .group_by("manufacturer_id")
        .agg(cents=pl.col("coupon_disc").sum(), count=pl.len())
    )
    return (
        redeemed.group_by(_KEY)
        .len()
        .join(top, on="manufacturer_id")
        .join(coupon, on="manufacturer_id")
        .sort(["len", *_KEY], descending=[True, False, False])
        .head(parameters.offers)
        .sort(_KEY)
        .with_row_index("number")
        .with_columns(
            offer=pl.format("O{}", pl.col("number").cast(pl.String).str.zfill(2)),
            brand=pl.format("BRAND-{}", "manufacturer_id"),
            face_value=(pl.col("cents") / pl.col("count") / 100).round(2),
        )
    )
