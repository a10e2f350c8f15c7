"""A loyalty side of any size that needs no data: everything is drawn from stated parameters."""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.simulation.draw import Draw
from planner.simulation.loyalty_side import Floats, LoyaltySide
from planner.simulation.parameters import SyntheticParameters


def synthetic_loyalty(
    draw: Draw, parameters: SyntheticParameters, *, markets: tuple[str, ...], periods: int
) -> LoyaltySide:
    """Return the loyalty side for the given markets and number of periods."""
    products = _products(parameters)
    segments = _segments(parameters, markets)
    members = _members(draw, parameters, segments)
    offers = _offers(draw, parameters)
    numbers, sigma = draw.numbers, parameters.redeem_sigma
    typical = parameters.mean_redeem_probability * numbers.lognormal(-0.5 * sigma**2, sigma, offers.height)
    local = numbers.lognormal(-0.02, 0.2, (segments.height, offers.height))
    price = parameters.mean_price * numbers.lognormal(0.0, parameters.price_sigma, products.height)
    return LoyaltySide(
        products=products,
        segments=segments,
        members=members,
        offers=offers,
        prices=price.round(2),
        weekly=_weekly(draw, parameters, segments.height, periods),
        probability=(typical[None, :] * local).clip(0.001, 0.5),
        mix=_mix(draw, offers.height, products.height),
    )


def _products(parameters: SyntheticParameters) -> pl.DataFrame:
    rows = [
        (f"{family}-{index}", family, "case")
        for family in parameters.families
        for index in range(parameters.products_per_family)
    ]
    return pl.DataFrame(rows, schema=["product", "family", "unit"], orient="row")


def _segments(parameters: SyntheticParameters, markets: tuple[str, ...]) -> pl.DataFrame:
    rows = [
        (f"{market}-{tier}-{age}", market, tier, market, age)
        for market in markets
        for tier, _ in parameters.tiers
        for age in parameters.ages
    ]
    return pl.DataFrame(rows, schema=["segment", "market", "tier", "region", "age"], orient="row")


def _members(draw: Draw, parameters: SyntheticParameters, segments: pl.DataFrame) -> pl.DataFrame:
    shares = dict(parameters.tiers)
    share = np.array([shares[tier] for tier in segments["tier"].to_list()])
    of_segment = draw.numbers.choice(segments.height, parameters.customers, p=share / share.sum())
    return segments.select("segment", "tier", "age")[of_segment]


def _offers(draw: Draw, parameters: SyntheticParameters) -> pl.DataFrame:
    brands = [f"BRAND-{index:02d}" for index in range(parameters.brands)]
    rows = [
        (f"O{index:03d}", f"Type {'ABC'[index % 3]}", brands[index % len(brands)], draw.between(*parameters.face_value))
        for index in range(parameters.offers)
    ]
    return pl.DataFrame(rows, schema=["offer", "campaign_type", "brand", "face_value"], orient="row")


def _weekly(draw: Draw, parameters: SyntheticParameters, segments: int, periods: int) -> Floats:
    numbers = draw.numbers
    products = len(parameters.families) * parameters.products_per_family
    popularity = numbers.lognormal(0.0, parameters.popularity_sigma, products)
    size = numbers.dirichlet(np.full(segments, 20.0))
    total = parameters.customers * parameters.cases_per_customer
    phase = numbers.uniform(0, 2 * np.pi, products)
    wave = 1 + parameters.season_amplitude * np.sin(2 * np.pi * np.arange(periods) / 26 + phase[:, None])
    noise = numbers.lognormal(0.0, parameters.noise_sigma, (segments, products, periods))
    share = size[:, None] * (popularity / popularity.sum())[None, :]
    return np.asarray(total * share[:, :, None] * wave[None, :, :] * noise)


def _mix(draw: Draw, offers: int, products: int) -> Floats:
    """Return shares over one to five products per offer."""
    mix = np.zeros((offers, products))
    for offer in range(offers):
        chosen = draw.numbers.choice(products, draw.whole(1, 5), replace=False)
        mix[offer, chosen] = draw.numbers.dirichlet(np.full(len(chosen), 2.0))
    return mix
