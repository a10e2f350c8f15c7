"""Rewards: who may get which offer, what redemptions cost whom, and the demand they bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from planner.domain.demand import DemandCube, redeem_probability, units_per_redemption
from planner.domain.eligibility import Eligibility
from planner.domain.lookup import Index, positions
from planner.domain.offer_bans import offer_bans
from planner.domain.scenario import Scenario
from planner.verification.breaches import Breach, Floats, exceeds, listed, tolerance
from planner.verification.decisions import Rows
from planner.verification.table_rows import repeated_keys


@dataclass(frozen=True, slots=True, eq=False)
class RewardOutcome:
    """What chosen rewards do.

    ``segment`` is the segment of every customer, ``redemptions`` the expected redemptions (windows, segments, offers),
    ``uplift`` the units they add to demand (segments, products, periods), ``funded`` the money every partner pays
    (partners, windows).
    """

    segment: Index
    redemptions: Floats
    uplift: Floats
    funded: Floats


def reward_outcome(scenario: Scenario, rewards: Rows) -> RewardOutcome:
    """Return the expected outcome of reward rows."""
    customers, horizon = scenario["customers"], scenario.horizon
    segments, offers = scenario["segments"].height, scenario["offers"].height
    segment = positions(customers["segment"], scenario["segments"]["segment"])
    customer, window, offer = rewards["customer"], rewards["window"], rewards["offer"]
    at = segment[customer]
    chance = redeem_probability(scenario)[at, offer] if len(customer) else np.zeros(0)
    probability = np.minimum(customers["weight"].to_numpy()[customer] * chance, 1.0)
    cells = len(horizon.windows) * segments * offers
    counted = np.bincount((window * segments + at) * offers + offer, probability, minlength=cells)
    redemptions = counted.astype(np.float64).reshape(len(horizon.windows), segments, offers)
    units = units_per_redemption(scenario)
    uplift = np.zeros((segments, scenario["products"].height, horizon.periods))
    for w, (first, last) in enumerate(horizon.windows):
        uplift[:, :, first : last + 1] = (redemptions[w] @ units / (last + 1 - first))[:, :, None]
    money = redemptions.sum(axis=1) * scenario["offers"]["face_value"].to_numpy()
    funded = funding_shares(scenario) @ money.T
    return RewardOutcome(segment, redemptions, uplift, funded)


def reward_cost(scenario: Scenario, outcome: RewardOutcome) -> float:
    """Return the value part rewards: our own share of expected redemptions, ≤ 0."""
    offers = scenario["offers"]
    own = offers["own_share"].to_numpy() * offers["face_value"].to_numpy()
    return -float(outcome.redemptions.sum(axis=(0, 1)) @ own)


def funding_table(scenario: Scenario, outcome: RewardOutcome) -> pl.DataFrame:
    """Return what every partner pays in every window: partner, window, expected_spend, zeros too."""
    windows = len(scenario.horizon.windows)
    return pl.DataFrame(
        {
            "partner": scenario["partners"]["partner"].gather(
                np.repeat(np.arange(scenario["partners"].height), windows)
            ),
            "window": np.tile(np.arange(windows, dtype=np.int64), scenario["partners"].height),
            "expected_spend": outcome.funded.ravel(),
        }
    )


def reward_breaches(
    scenario: Scenario, rewards: Rows, outcome: RewardOutcome, *, cube: DemandCube, eligibility: Eligibility
) -> list[Breach]:
    """Return pairs that eligibility or a contract forbids, and offers redeemed too often."""
    names, offer_names = scenario["customers"]["customer"], scenario["offers"]["offer"]
    customer, window, offer = rewards["customer"], rewards["window"], rewards["offer"]
    allowed = eligibility.allowed[eligibility.pattern[customer], offer]
    banned = offer_bans(scenario, cube)[window, outcome.segment[customer], offer]
    limit = scenario["offers"]["max_redemptions"].fill_null(np.inf).cast(pl.Float64).to_numpy()
    redeemed = outcome.redemptions.sum(axis=(0, 1))

    def where(i: int) -> str:
        return f"customer {names[int(customer[i])]}, window {window[i]}, offer {offer_names[int(offer[i])]}"

    return [
        *listed("rewards.eligibility", ~allowed, lambda i: (where(i), "an eligibility rule forbids the pair")),
        *listed("rewards.ban", banned, lambda i: (where(i), "a contract forbids the offer in this segment")),
        *listed(
            "offer.limit",
            exceeds(redeemed, limit),
            lambda o: (
                f"offer {offer_names[o]}",
                f"{redeemed[o]:g} redemptions are expected, at most {limit[o]:g} are allowed",
            ),
            redeemed - limit,
        ),
    ]


def funding_breaches(expected: pl.DataFrame, funding: pl.DataFrame) -> list[Breach]:
    """Return where the plan's funding table differs from the expected spend, rows missing or too many included."""
    key = ["partner", "window"]
    both = expected.join(funding, on=key, how="full", coalesce=True, suffix="_plan", maintain_order="left_right")
    should = both["expected_spend"].fill_null(np.nan).to_numpy()
    stated = both["expected_spend_plan"].fill_null(np.nan).to_numpy()
    wrong = ~(np.abs(should - stated) <= tolerance(should))
    return [
        *listed(
            "funding",
            wrong,
            lambda i: (
                f"partner {both['partner'][i]}, window {both['window'][i]}",
                f"the plan says {stated[i]:.9g}, its rewards give {should[i]:.9g}",
            ),
            np.abs(should - stated),
        ),
        *repeated_keys("funding", funding),
    ]


def funding_shares(scenario: Scenario) -> Floats:
    """Return which share of an offer each partner pays: float64 of shape (partners, offers)."""
    funding = scenario["offer_funding"]
    shares = np.zeros((scenario["partners"].height, scenario["offers"].height))
    partner = positions(funding["partner"], scenario["partners"]["partner"])
    offer = positions(funding["offer"], scenario["offers"]["offer"])
    known = (partner >= 0) & (offer >= 0)
    shares[partner[known], offer[known]] = funding["share"].to_numpy()[known]
    return shares
