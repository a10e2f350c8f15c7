"""The loyalty side of a scenario, whatever it was made from, and the tables it becomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.simulation.draw import Draw
from planner.simulation.frames import declared_types
from planner.simulation.parameters import LoyaltyParameters

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LoyaltySide:
    """Who buys and redeems what, in arrays over S segments, K products, T periods and M offers.

    ``products`` has columns product and family (and may have more), ``segments`` segment, market, tier, region (and
    may have more), ``members`` one row per customer with segment, tier and what else is known of it, ``offers`` offer,
    campaign_type, brand and face_value. ``prices`` [K] is money per case, ``weekly`` [S, K, T] subscribed cases per
    period, ``probability`` [S, M] the chance of redeeming at weight 1, ``mix`` [M, K] the shares of the products in
    what a redemption brings (rows add up to 1).
    """

    products: pl.DataFrame
    segments: pl.DataFrame
    members: pl.DataFrame
    offers: pl.DataFrame
    prices: Floats
    weekly: Floats
    probability: Floats
    mix: Floats

    def __post_init__(self) -> None:
        shape = (self.segments.height, self.products.height)
        if self.weekly.shape[:2] != shape or self.prices.shape != shape[1:]:
            raise ValueError(f"demand {self.weekly.shape} and prices {self.prices.shape} do not fit {shape}")
        if self.probability.shape != (shape[0], self.offers.height) or len(self.mix) != self.offers.height:
            raise ValueError("responses do not fit segments and offers")

    @property
    def brands(self) -> list[str]:
        """Brands that sponsor offers, in the order of their first offer."""
        return self.offers["brand"].unique(maintain_order=True).to_list()

    def redemptions(self) -> Floats:
        """Return the expected redemptions per offer if every customer got it once: float64 [M]."""
        counts = self.segments.join(
            self.members.group_by("segment").len(), on="segment", how="left", maintain_order="left"
        )["len"].fill_null(0)
        return np.asarray(counts.to_numpy().astype(np.float64) @ self.probability)


def loyalty_tables(
    draw: Draw, side: LoyaltySide, windows: int, parameters: LoyaltyParameters
) -> dict[str, pl.DataFrame]:
    """Return segments, customers, offers, their funding and effects, and responses."""
    units = parameters.units_per_redemption * parameters.incremental_share * side.mix
    return {
        "segments": declared_types("segments", side.segments),
        "customers": _customers(draw, side.members, parameters),
        "offers": _offers(draw, side, windows, parameters),
        "offer_funding": side.offers.select("offer", partner="brand", share=pl.lit(round(1 - parameters.own_share, 6))),
        "offer_effects": matrix_rows(
            (("offer", side.offers["offer"]), ("product", side.products["product"])),
            ("units_per_redemption", units, 6),
        ),
        "responses": matrix_rows(
            (("segment", side.segments["segment"]), ("offer", side.offers["offer"])),
            ("redeem_probability", side.probability, 5),
        ),
    }


def matrix_rows(
    axes: tuple[tuple[str, pl.Series], tuple[str, pl.Series]], values: tuple[str, Floats, int]
) -> pl.DataFrame:
    """Return one row per positive cell; ``axes`` name rows and columns, ``values`` are name, cells and decimals."""
    (row_name, rows), (column_name, columns) = axes
    name, cells, decimals = values
    rounded = cells.round(decimals)
    row, column = np.nonzero(rounded > 0)
    return pl.DataFrame({row_name: rows.gather(row), column_name: columns.gather(column), name: rounded[row, column]})


def _customers(draw: Draw, members: pl.DataFrame, parameters: LoyaltyParameters) -> pl.DataFrame:
    count, numbers = members.height, draw.numbers
    known = numbers.random((2, count)) >= parameters.unknown_rate
    tenure = numbers.integers(0, parameters.max_tenure_days, count)
    consent = numbers.random(count) < parameters.consent_rate
    sigma = parameters.weight_sigma
    weight = numbers.lognormal(-0.5 * sigma**2, sigma, count).round(4)
    frame = members.with_columns(
        customer=pl.format("K{}", pl.int_range(count).cast(pl.String).str.zfill(len(str(count - 1)))),
        consent=pl.when(pl.Series(known[0])).then(pl.Series(consent)),
        tenure_days=pl.when(pl.Series(known[1])).then(pl.Series(tenure)),
        weight=pl.Series(weight),
    )
    return declared_types("customers", frame)


def _offers(draw: Draw, side: LoyaltySide, windows: int, parameters: LoyaltyParameters) -> pl.DataFrame:
    most = (side.redemptions() * windows * parameters.cap_share).round(0)
    capped = draw.numbers.random(len(most)) < parameters.capped_offers
    return declared_types(
        "offers",
        side.offers.rename({"brand": "sponsor"}).with_columns(
            own_share=pl.lit(parameters.own_share),
            max_redemptions=pl.when(pl.Series(capped)).then(pl.Series(most)),
        ),
    )
