"""Demand arrays, the fallback of their prices, and offers that contracts ban."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from planner.domain.clauses import Clause, ExclusivityClause, PriceFloorClause
from planner.domain.demand import demand_cube, redeem_probability, units_per_redemption
from planner.domain.offer_bans import offer_bans
from planner.domain.scenario import Scenario
from tests.scenario_builder import frame, small_scenario, with_clauses, with_table

TERMS = {"id": "c", "contract": "C", "partner": "brand"}


def sparse() -> Scenario:
    """Return the small scenario with three demand rows."""
    rows = [
        ("north-gold", "cream", 2, 4.0, 7.0, 0.7),
        ("north-gold", "soap", 1, 5.0, 9.0, 0.9),
        ("north-gold", "soap", 0, 6.0, 8.0, 0.8),
    ]
    return with_table(small_scenario(), "demand", frame("demand", rows))


def test_missing_demand_is_zero_and_priced_by_the_nearest_row() -> None:
    """A price is that of the row, else of the first row of segment and product, else of the segment, else 0."""
    cube = demand_cube(sparse())
    assert cube.base.sum() == 15.0
    assert (cube.base[0, 0, 1], cube.base[0, 1, 2], cube.base[0, 0, 0]) == (5.0, 4.0, 6.0)
    assert cube.revenue[0, 0].tolist() == [8.0, 9.0, 9.0, 9.0]
    assert cube.revenue[0, 1].tolist() == [7.0] * 4
    assert cube.revenue[0, 2].tolist() == [7.0] * 4
    assert cube.penalty[0, 0].tolist() == [0.8, 0.9, 0.9, 0.9]
    assert not cube.revenue[1].any()


def test_effects_and_responses_become_matrices() -> None:
    """Offers' units and segments' probabilities stand in table order, 0 where no row stands."""
    small = small_scenario()
    assert units_per_redemption(small).tolist() == [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.5]]
    without = with_table(small, "responses", small["responses"][:4])
    assert redeem_probability(without).tolist() == [[0.3, 0.5, 0.2], [0.15, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("clause", "banned"),
    [
        (
            ExclusivityClause(offers_of="brand", markets=("south",), **TERMS),
            {(w, 0, o) for w in (0, 1) for o in (0, 1)},
        ),
        (
            ExclusivityClause(
                offers_of="brand", markets=("south",), each_window=True, effective_from=date(2025, 1, 7), **TERMS
            ),
            {(1, 0, 0), (1, 0, 1)},
        ),
        (ExclusivityClause(offers_of="dist-a", markets=(), **TERMS), set()),
        # One redemption of O1 brings 15 and costs 1, one of O2 brings 30 and costs 2: both keep 14 of 15.
        (PriceFloorClause(offers_of="brand", min_net_revenue_share=14 / 15, **TERMS), set()),
        (
            PriceFloorClause(offers_of="brand", min_net_revenue_share=0.934, **TERMS),
            {(w, s, o) for w in (0, 1) for s in (0, 1) for o in (0, 1)},
        ),
    ],
)
def test_clauses_ban_offers_in_segments_and_windows(clause: Clause, banned: set[tuple[int, int, int]]) -> None:
    """An exclusivity bans outside its markets, a price floor below its share; a tie is allowed."""
    scenario = with_clauses(small_scenario(), clause)
    found = np.argwhere(offer_bans(scenario, demand_cube(scenario)))
    assert {tuple(place) for place in found.tolist()} == banned


def test_an_offer_that_sells_nothing_is_below_every_floor() -> None:
    """Where units are worth less than the face value, the offer is forbidden even at a floor of 0."""
    clause = PriceFloorClause(offers_of="brand", min_net_revenue_share=0.0, **TERMS)
    scenario = with_clauses(with_table(small_scenario(), "offer_effects", frame("offer_effects", [])), clause)
    assert offer_bans(scenario, demand_cube(scenario))[:, :, :2].all()


def test_a_price_floor_takes_each_period_of_the_window_at_its_own_price() -> None:
    """Units of a redemption are spread evenly over the window before they are priced."""
    rows = [("north-gold", "soap", t, 1.0, revenue, 0.0) for t, revenue in enumerate((1.0, 3.0, 3.0, 5.0))]
    scenario = with_table(small_scenario(), "demand", frame("demand", rows))
    scenario = with_clauses(scenario, PriceFloorClause(offers_of="brand", min_net_revenue_share=0.6, **TERMS))
    assert offer_bans(scenario, demand_cube(scenario))[:, 0, 0].tolist() == [True, False]
