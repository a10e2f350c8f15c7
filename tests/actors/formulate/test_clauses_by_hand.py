"""Every clause kind, hard and soft, per window and over the horizon, against an optimum computed by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from actors.certify import certify
from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    RebateClause,
    RebateTier,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome
from tests.micro_scenario import FREE, dear_offer, micro, patient_rival, unlimited, with_baseline
from tests.planning import decomposed, optimum, plan_in_process

ID = {"id": "clause", "contract": "C", "partner": "brand"}
EACH = {**ID, "each_window": True}
OIL = {"supplier": "mill", **ID}
RIVAL = {"orders_of": "rival", **ID}
TIERS = (RebateTier(10.0, 0.1), RebateTier(18.0, 0.2))
RESERVE = {"plant": "A", "families": ("care",), "orders_of": "rival", **ID}
MOVE = {"frozen_periods": (0,), **ID}
BOTH = {"orders_of": ("shop", "rival"), **ID}

CASES: dict[str, tuple[Clause, float]] = {
    # A reward costs brand 0.3; one in period 1 brings 1.55, one in period 0 displaces half a unit of rival: 1.3.
    "budget: one reward": (BudgetClause(max=0.3, **ID), FREE - 1.55 - 2 * 1.3),
    "budget: one reward a window": (BudgetClause(max=0.3, **EACH), FREE - 1.55 - 1.3),
    "budget: overspending 0.9": (BudgetClause(max=0.3, penalty=1.0, **ID), FREE - 0.9),
    "budget: 0.3 short of what can be spent": (BudgetClause(min=1.5, penalty=2.0, **ID), FREE - 0.6),
    "budget: spent anyway": (BudgetClause(min=1.2, **ID), FREE),
    # Two units change from shop (1.5) to rival (0.5).
    "volume: two more for rival": (VolumeClause(min=5.0, **RIVAL), FREE - 2.0),
    "volume: two short": (VolumeClause(min=5.0, penalty=0.4, **RIVAL), FREE - 0.8),
    "volume: two less for shop": (VolumeClause(orders_of="shop", max=10.0, **ID), FREE - 2.0),
    "volume: none due in window 1": (VolumeClause(orders_of="rival", max=9.0, **EACH), FREE),
    "service: five of six": (ServiceClause(min_fill_rate=5 / 6, **RIVAL), FREE - 2.0),
    "service: per window, none due in the second": (
        ServiceClause(orders_of="rival", min_fill_rate=5 / 6, **EACH),
        FREE - 2.0,
    ),
    # Period 0 may use 5 + what rival gets, period 1 only 5: 10 for others, 2 of them uplift, and 5 for rival.
    "reservation: half for rival": (ReservationClause(share=0.5, **RESERVE), 2 * 3.1 + 8 * 1.5 + 5 * 0.5),
    # Uses 10 against 5 + 3, and 7 against 5: 4 too much at 0.1; rival's units are worth more than that.
    "reservation: broken": (ReservationClause(share=0.5, penalty=0.1, **RESERVE), FREE - 0.4),
    # 17 units of oil are bought.
    "purchase: three less": (PurchaseClause(max=14.0, **OIL), FREE - 3 * 0.5),
    "purchase: three wasted": (PurchaseClause(min=20.0, **OIL), FREE - 3 * 0.5),
    "purchase: three short": (PurchaseClause(min=20.0, penalty=0.2, **OIL), FREE - 0.6),
    "purchase: three of 17 too much, soft": (PurchaseClause(max=14.0, penalty=0.2, **OIL), FREE - 0.6),
    # One more unit reaches the second tier: all 18 units pay 0.2 of 0.5 back.
    "rebate: one bought for the tier": (RebateClause(tiers=TIERS, **OIL), FREE - 0.5 + 0.2 * 9.0),
    "rebate: first tier only": (RebateClause(tiers=TIERS[:1], **OIL), FREE + 0.1 * 8.5),
    # Per window 10 and 7 are bought: the first reaches its tier, for the second three more cost more than they bring.
    "rebate: per window": (RebateClause(supplier="mill", tiers=TIERS[:1], **EACH), FREE + 0.1 * 5.0),
    # Fill rates 1 and 0.5: each unit changed from shop to rival closes 1/12 + 1/6 of the gap.
    "parity: gap 0.2": (ParityClause(max_fill_gap=0.2, **BOTH), FREE - 1.2),
    "parity: 0.3 too far apart": (ParityClause(max_fill_gap=0.2, penalty=2.0, **BOTH), FREE - 0.6),
    "exclusivity: elsewhere": (ExclusivityClause(offers_of="brand", markets=(), **ID), FREE - 2 * (1.55 + 1.3)),
    "exclusivity: here": (ExclusivityClause(offers_of="brand", markets=("m",), **ID), FREE),
    "price_floor: exactly kept": (PriceFloorClause(offers_of="brand", min_net_revenue_share=0.8, **ID), FREE),
    "price_floor: missed": (
        PriceFloorClause(offers_of="brand", min_net_revenue_share=0.81, **ID),
        FREE - 2 * (1.55 + 1.3),
    ),
}

MADE_TO: dict[str, tuple[Callable[[Scenario], Scenario], Clause, float]] = {
    # The dear offer loses 0.25 in period 1 and 0.5 in period 0; without it 20 are earned.
    "reward_floor: one customer once": (dear_offer, RewardFloorClause(tier="gold", min_share=0.5, **ID), 19.75),
    "reward_floor: one in each window": (dear_offer, RewardFloorClause(tier="gold", min_share=0.5, **EACH), 19.25),
    "reward_floor: both once": (dear_offer, RewardFloorClause(tier="gold", min_share=1.0, **ID), 19.5),
    "reward_floor: rather pay": (
        dear_offer,
        RewardFloorClause(tier="gold", min_share=1.0, penalty=0.1, **ID),
        20.0 - 0.2,
    ),
    "reward_floor: nobody in the tier": (dear_offer, RewardFloorClause(tier="silver", min_share=1.0, **ID), 20.0),
    # The earlier plan made 4; 6 are made, which costs 1 of shop's and all 3 of rival's units.
    "stability: two more than before": (
        lambda s: with_baseline(s, 4.0),
        StabilityClause(max=2.0, **MOVE),
        FREE - 1.5 - 1.5,
    ),
    "stability: four too many": (
        lambda s: with_baseline(s, 4.0),
        StabilityClause(max=2.0, penalty=0.3, **MOVE),
        FREE - 1.2,
    ),
    "stability: more than can be made before": (
        lambda s: with_baseline(s, 9.0),
        StabilityClause(max=0.0, **MOVE),
        FREE - 0.5,
    ),
    # Served late, rival's other 3 units bring 0.4 each: 26.9; on time, shop gives way.
    "service: late ones count": (patient_rival, ServiceClause(min_fill_rate=5 / 6, **RIVAL), 26.9),
    "service: on time": (patient_rival, ServiceClause(min_fill_rate=5 / 6, on_time=True, **RIVAL), 26.9 - 3.0 + 0.2),
    # Without limits of capacity rival gets all, and half of no limit is no limit.
    "reservation: of no limit": (unlimited, ReservationClause(share=0.5, **RESERVE), 27.2),
    "reservation: nothing left of no limit": (unlimited, ReservationClause(share=1.0, **RESERVE), 27.2),
}


def checked(scenario: Scenario, expected: float, folder: Path) -> None:
    """One model and a planning run both reach the value by hand; agents alone stay between, and the plans verify."""
    assert optimum(scenario).reached == pytest.approx(expected, abs=1e-6)
    planned = plan_in_process(scenario, folder / "whole")
    assert planned.result.value == pytest.approx(expected, rel=1e-5)
    assert planned.plan is not None
    assert certify(scenario, planned.plan).breaches == ()
    with decomposed():
        alone = plan_in_process(scenario, folder / "alone").result
    assert alone.bound_proved is not None
    assert alone.bound_proved >= expected - 1e-6
    assert alone.value is None or alone.value <= expected + 1e-6


def test_without_clauses(tmp_path: Path) -> None:
    """The scenario's optimum without any clause is the one its text derives."""
    checked(micro(), FREE, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_a_clause_changes_the_optimum_by_what_it_costs(case: str, tmp_path: Path) -> None:
    """With the clause the optimum is the one computed by hand."""
    clause, expected = CASES[case]
    checked(micro(clause), expected, tmp_path)


@pytest.mark.parametrize("case", MADE_TO)
def test_a_clause_changes_another_scenario_by_what_it_costs(case: str, tmp_path: Path) -> None:
    """With the clause and what it needs to bite, the optimum is the one computed by hand."""
    made, clause, expected = MADE_TO[case]
    checked(made(micro(clause)), expected, tmp_path)


def test_a_clause_counts_inside_its_effective_dates_only(tmp_path: Path) -> None:
    """A budget from the second period on leaves the first window's rewards alone."""
    scenario = micro(BudgetClause(max=0.3, effective_from=date(2025, 1, 13), **ID))
    checked(scenario, FREE - 1.55, tmp_path)


@pytest.mark.parametrize(
    "clause",
    [
        BudgetClause(min=1.5, **ID),
        VolumeClause(min=7.0, **RIVAL),
        ServiceClause(orders_of="rival", min_fill_rate=1.1, **ID),
    ],
)
def test_a_hard_clause_nobody_can_keep_is_named(clause: Clause, tmp_path: Path) -> None:
    """A clause that asks for more than there is makes the scenario infeasible and is the conflict by itself."""
    result = plan_in_process(micro(clause), tmp_path / "plan").result
    assert result.outcome is Outcome.INFEASIBLE
    assert result.conflict == ("clause",)


def test_hand_made_conflicts_name_both_sides_and_the_least_way_out(tmp_path: Path) -> None:
    """Rival can have 7 of 10 only if shop's fill falls below what its clause asks: both are named, a third is not."""
    first = VolumeClause(id="rival-six", contract="C", partner="brand", orders_of="rival", min=6.0)
    second = VolumeClause(id="shop-eleven", contract="C", partner="brand", orders_of="shop", min=11.0)
    third = BudgetClause(id="pocket", contract="C", partner="brand", max=1.0)
    result = plan_in_process(micro(first, third, second), tmp_path / "plan").result
    assert result.outcome is Outcome.INFEASIBLE
    assert set(result.conflict) == {"rival-six", "shop-eleven"}
    assert sum(amount for _, amount in result.relaxation) == pytest.approx(1.0, abs=1e-6)
    relaxed = dict(result.relaxation)
    eased = [dataclasses.replace(c, min=(c.min or 0.0) - relaxed.get(c.id, 0.0)) for c in (first, second)]
    assert optimum(micro(*eased, third)).feasible
