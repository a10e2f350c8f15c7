"""The loyalty side of a tiny scenario: a handful of customers, three or four offers."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from planner.domain.scenario import EligibilityRule
from planner.simulation.draw import Draw
from planner.simulation.frames import Cell, frame_of_rows
from planner.simulation.parameters import TinyParameters
from planner.simulation.tiny_network import MARKETS, PRODUCTS, Rows

TIERS = ("gold", "silver")

_RULES = (
    EligibilityRule("no-consent-no-offer", "forbid", "NOT customer.consent"),
    EligibilityRule("cooling-in-period", "forbid", "customer.tenure_days < 30"),
    EligibilityRule("high-face-value-for-gold", "forbid", "offer.face_value > 2.0 AND customer.tier <> 'gold'"),
    EligibilityRule(
        "type-a-for-families", "forbid", "offer.campaign_type = 'Type A' AND NOT (customer.household_size >= 2)"
    ),
    EligibilityRule(
        "no-type-b-in-the-south", "forbid", "segment.region = 'south' AND offer.campaign_type IN ('Type B')"
    ),
)


@dataclass(frozen=True, slots=True)
class TinyLoyalty:
    """Segments, customers, offers and who may be given what."""

    brands: tuple[str, ...]
    tables: dict[str, pl.DataFrame]
    rules: tuple[EligibilityRule, ...]


def draw_loyalty(draw: Draw, periods: int, parameters: TinyParameters) -> TinyLoyalty:
    """Draw segments with their demand, customers, offers, funding, effects, responses and eligibility rules."""
    brands = ("BRAND-A", "BRAND-B")[: draw.whole(1, 2)]
    segments: Rows = [
        (f"S{index}", MARKETS[index % 2], draw.pick(TIERS), MARKETS[index % 2])
        for index in range(draw.whole(*parameters.segments))
    ]
    offers, funding = _offers(draw, brands, draw.whole(*parameters.offers))
    rows: dict[str, Rows] = {
        "segments": segments,
        "demand": _demand(draw, segments, periods),
        "offers": offers,
        "offer_funding": funding,
        "offer_effects": [
            (offer[0], product, draw.between(0.2, 2.5))
            for offer in offers
            for product in draw.some(tuple(PRODUCTS), draw.whole(1, 2))
        ],
        "responses": [
            (segment[0], offer[0], draw.between(0.05, 0.8))
            for segment in segments
            for offer in offers
            if draw.chance(0.88)
        ],
    }
    tables = {name: frame_of_rows(name, table) for name, table in rows.items()}
    tables["customers"] = _customers(draw, segments, draw.whole(*parameters.customers))
    return TinyLoyalty(brands, tables, tuple(rule for rule in _RULES if draw.chance(0.5)))


def _demand(draw: Draw, segments: Rows, periods: int) -> Rows:
    """Leave rows out, sometimes a product of a segment at all, so that uplift is priced by the fallback."""
    rows: Rows = []
    for segment, *_ in segments:
        price = draw.between(6.0, 13.0)
        products = draw.some(tuple(PRODUCTS), draw.pick((2, 3, 3)))
        for product in products:
            kept = draw.some(range(periods), draw.whole(1, periods))
            rows.extend(
                (
                    segment,
                    product,
                    period,
                    draw.pick((0.0, draw.between(0.5, 4.0), draw.between(0.5, 4.0))),
                    round(price * draw.between(0.8, 1.2), 2),
                    draw.pick((0.0, draw.between(0.2, 3.0))),
                )
                for period in kept
            )
    return rows


def _offers(draw: Draw, brands: tuple[str, ...], count: int) -> tuple[Rows, Rows]:
    offers: Rows = []
    funding: Rows = []
    for index in range(count):
        offer = f"O{index}"
        # The first offers go round the brands, so that no brand's clause names an offer that does not exist.
        sponsor = brands[index] if index < len(brands) else draw.pick((*brands, *brands, ""))
        own_share = 1.0 if not sponsor else draw.pick((0.0, 0.35, 0.5))
        limit = draw.maybe(0.3, 0.3, 1.5)
        offers.append((offer, f"Type {draw.pick('ABC')}", sponsor, draw.between(0.5, 4.0), own_share, limit))
        if not sponsor:
            continue
        if len(brands) == 2 and draw.chance(0.3):
            other = brands[1 - brands.index(sponsor)]
            funding += [(offer, sponsor, round(0.75 - own_share, 2)), (offer, other, 0.25)]
        else:
            funding.append((offer, sponsor, round(1 - own_share, 2)))
    return offers, funding


def _customers(draw: Draw, segments: Rows, count: int) -> pl.DataFrame:
    rows: list[tuple[Cell, ...]] = []
    sizes: list[int | None] = []
    for index in range(count):
        segment, _, tier, _ = segments[index] if index < len(segments) else draw.pick(segments)
        consent = draw.pick((True,) * 8 + (False, None))
        tenure = None if draw.chance(0.08) else draw.whole(0, 900)
        weight = round(float(draw.numbers.lognormal(0.0, 0.5)), 3)
        own_tier = draw.pick(TIERS) if draw.chance(0.1) else tier
        rows.append((f"K{index:02d}", segment, own_tier, consent, tenure, weight))
        sizes.append(None if draw.chance(0.1) else draw.whole(1, 5))
    return frame_of_rows("customers", rows).with_columns(household_size=pl.Series(sizes, dtype=pl.Int64))
