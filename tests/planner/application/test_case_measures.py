"""Measures of a case's plan and what it means to partners, against the small plan computed by hand."""

from __future__ import annotations

import dataclasses

import pytest

from planner.application.case_measures import case_measures, case_partners
from planner.domain.case_measures import CASE_MEASURES, PARTNER_MEASURES
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.verification.facts import plan_facts
from planner.verification.recompute import recompute
from tests.plan_builder import SMALL_PLAN_PARTS, small_plan
from tests.scenario_builder import small_scenario, with_table


def finished(scenario: Scenario) -> Plan:
    """Return the small plan as planning leaves it, with its facts."""
    plan = small_plan(scenario)
    facts = plan_facts(scenario, plan.tables, recompute(scenario, plan.tables))
    return Plan(plan.tables, {**plan.summary, "facts": facts})


def test_measures_are_those_computed_by_hand() -> None:
    """One order is late by a unit, one short by a unit, and three customers are rewarded."""
    scenario = small_scenario()
    measured = case_measures(scenario, finished(scenario))
    assert tuple(measured) == tuple(measure.name for measure in CASE_MEASURES)
    demand, served = 66 + 0.3 + 3.0 + 0.075, 10.1
    assert measured == pytest.approx(
        {
            "fill_rate": (17 + served) / (18 + demand),
            "order_fill_rate": 17 / 18,
            "on_time_rate": 16 / 18,
            "late_orders": 1,
            "late_units": 1,
            "short_orders": 1,
            "short_units": 1,
            "lost_sales": demand - served,
            "rewarded": 3,
            "redemptions": 1.95,
            "uplift_units": 3.375,
            "offer_spend": 1.695 + 1.68,
            "own_spend": 1.695,
            "partner_spend": 1.68,
            "budget_used": 1.08 / 1.2,
        }
    )


def test_what_partners_get_and_pay_is_that_of_the_value_parts() -> None:
    """Purchases, rebates and penalties of all partners are those of the value, and orders stand apart from money."""
    scenario = small_scenario()
    partners = case_partners(scenario, finished(scenario))
    assert list(partners) == ["brand", "dist-a", "dist-b", "oilco", "program"]
    assert all(tuple(amounts) == tuple(measure.name for measure in PARTNER_MEASURES) for amounts in partners.values())
    assert partners["oilco"]["money"] == pytest.approx(9.0 - 0.18 + 0.5)
    assert (partners["brand"]["money"], partners["brand"]["uplift_units"]) == pytest.approx((-1.08, 0.3 + 3.0))
    parity = 30.0 * (1 / 9 - 0.05)
    assert (partners["dist-a"]["money"], partners["dist-a"]["orders"]) == pytest.approx((parity - 0.6, 104.0))
    assert partners["dist-b"]["orders"] == pytest.approx(6 * 14.0 + 3 * 20.0)
    sums = {name: sum(amounts[name] for amounts in partners.values()) for name in ("purchases", "rebates", "penalties")}
    expected = {
        "purchases": -SMALL_PLAN_PARTS["purchase"],
        "rebates": SMALL_PLAN_PARTS["rebates"],
        "penalties": -SMALL_PLAN_PARTS["penalties"],
    }
    assert sums == pytest.approx(expected)


def test_shares_of_nothing_are_left_out() -> None:
    """Without orders there is no fill rate of orders, and without a budget's maximum none that is used."""
    scenario = small_scenario()
    plan = finished(scenario)
    none = with_table(scenario, "orders", scenario["orders"].clear())
    bare = dataclasses.replace(none, contracts=())
    measured = case_measures(bare, plan)
    assert {"order_fill_rate", "on_time_rate", "budget_used"}.isdisjoint(measured)
    assert measured["late_orders"] == 0


def test_a_measure_without_a_meaning_is_refused() -> None:
    """The catalogue is checked at birth."""
    with pytest.raises(ValueError, match="a name, a title, a unit and a meaning"):
        dataclasses.replace(CASE_MEASURES[0], meaning="")
