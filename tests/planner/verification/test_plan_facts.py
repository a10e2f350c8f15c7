"""Facts of the small plan against numbers computed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl
import pytest

from planner.domain.clauses import BudgetClause, StabilityClause
from planner.domain.scenario import Scenario
from planner.verification.facts import plan_facts
from planner.verification.facts_clauses import clause_terms
from planner.verification.recompute import recompute
from tests.plan_builder import small_decisions, with_row
from tests.scenario_builder import small_scenario, with_cell


def facts_of(scenario: Scenario, tables: Mapping[str, pl.DataFrame]) -> dict[str, object]:
    return plan_facts(scenario, tables, recompute(scenario, tables))


@pytest.fixture(scope="module")
def facts() -> dict:
    return facts_of(small_scenario(), small_decisions())


def named(rows: list[dict], key: str) -> dict[str, dict]:
    return {row[key]: row for row in rows}


def test_header_facts_say_what_and_when(facts):
    """Title, currency, provenance and the calendar come from the scenario."""
    assert (facts["title"], facts["currency"], facts["provenance"]) == (
        "Small scenario for tests",
        "EUR",
        "invented for tests",
    )
    assert facts["period_starts"] == ["2025-01-06", "2025-01-13", "2025-01-20", "2025-01-27"]
    assert facts["windows"] == [[0, 1], [2, 3]]


def test_capacity_counts_production_and_set_ups(facts):
    """Used capacity is Σ capacity_per_unit·quantity + setup_capacity·setup, beside regular capacity and overtime."""
    first, second = facts["capacity"]
    assert (first["plant"], first["resource"]) == ("1901", "line")
    assert first["used"] == pytest.approx([10 * 1.0 + 0.5 + 4 * 1.2 + 0.5, 0, 0, 0])
    assert first["regular"] == [30.0] * 4
    assert first["overtime"] == [0.0, 0.0, 1.0, 0.0]
    assert second["used"] == pytest.approx([5 * 0.8 + 1.0, 8 * 0.8 + 1.0, 0, 0])


def test_unlimited_capacity_is_null_in_its_period_only():
    """A resource row without regular capacity gives null in that period and numbers elsewhere."""
    facts = facts_of(with_cell(small_scenario(), "resources", 1, "regular", None), small_decisions())
    assert named(facts["capacity"], "plant")["1901"]["regular"] == [30.0, None, 30.0, 30.0]


def test_families_add_up_orders_demand_and_uplift(facts):
    """Wanted, served, made, short and stocked quantities of a family are sums over its products."""
    care = named(facts["families"], "family")["care"]
    assert care["unit"] == "t"
    assert care["ordered"] == [4.0, 6.0, 5.0, 0.0]
    assert care["base_demand"] == [8.0, 10.0, 12.0, 14.0]
    assert care["uplift"] == pytest.approx([1.15, 1.15, 0.5, 0.5])
    assert care["orders_served"] == [3.0, 7.0, 4.0, 0.0]
    assert care["segments_served"] == pytest.approx([4.1, 2.0, 1.0, 1.0])
    assert care["produced"] == [15.0, 8.0, 0.0, 0.0]
    assert care["end_stock"] == pytest.approx([14.4, 15.4, 7.9, 7.9])
    assert care["short"] == pytest.approx([5.05, 9.15, 12.5, 13.5])


def test_units_differing_within_a_family_are_left_open():
    """A family whose products have several units claims none."""
    facts = facts_of(with_cell(small_scenario(), "products", 0, "unit", "piece"), small_decisions())
    assert named(facts["families"], "family")["care"]["unit"] == ""


def test_order_service_tells_late_from_short(facts):
    """A late part of an order counts as late, what is never served as short."""
    partners = named(facts["orders"], "partner")
    assert partners["dist-a"] == {"partner": "dist-a", "ordered": 9.0, "on_time": 7.0, "late": 1.0, "short": 1.0}
    assert partners["dist-b"] == {"partner": "dist-b", "ordered": 9.0, "on_time": 9.0, "late": 0.0, "short": 0.0}


def test_purchases_are_set_against_the_limit_of_the_horizon(facts):
    """Bought quantity and its cost stand beside the limits of all periods together."""
    assert facts["suppliers"] == [
        {"partner": "oilco", "material": "oil", "bought": 9.0, "cost": 9.0, "limit": 160.0},
    ]


def test_incentives_hold_spend_and_every_budget_bound(facts):
    """A funding partner has its spend per window and the bounds of its budget clauses per scope."""
    partners = named(facts["incentives"], "partner")
    assert set(partners) == {"brand", "dist-a"}
    assert partners["brand"]["spend"] == pytest.approx([0.78, 0.3])
    assert partners["brand"]["budgets"] == [
        {"clause": "brand/budget", "window": None, "min": None, "max": 1.2, "hard": True},
        {"clause": "brand/floor", "window": 0, "min": 0.2, "max": None, "hard": False},
        {"clause": "brand/floor", "window": 1, "min": 0.2, "max": None, "hard": False},
    ]
    assert facts["own_spend"] == pytest.approx([1.12, 0.575])


def test_offers_count_gifts_and_expected_redemptions(facts):
    """Given pairs are counted, redemptions are min(1, weight · probability) summed."""
    offers = named(facts["offers"], "offer")
    assert [offers[name]["given"] for name in ("O1", "O2", "O3")] == [1, 2, 1]
    assert [offers[name]["redemptions"] for name in ("O1", "O2", "O3")] == pytest.approx([0.3, 1.5, 0.15])
    assert offers["O1"]["limit"] == 3.0
    assert facts["customers"] == {"total": 6, "rewarded": 3}


def test_every_clause_is_told_with_its_rows(facts):
    """All clauses appear in contract order; bans have no row, reservations one per period, rebates their tiers."""
    clauses = named(facts["clauses"], "clause")
    assert list(clauses) == [clause.id for clause in small_scenario().clauses]
    assert clauses["brand/territory"]["rows"] == []
    assert [row["window"] for row in clauses["dist/reserve"]["rows"]] == [0, 1, 2, 3]
    take = clauses["oil/take"]["rows"][0]
    assert (take["measure"], take["lower"], take["violation"], take["penalty"]) == (9.0, 10.0, 1.0, 0.5)
    assert clauses["oil/rebate"]["tiers"] == [[8.0, 0.02], [16.0, 0.05]]


def test_facts_survive_json_and_repeat(facts):
    """Facts are JSON as they stand, and the same plan gives the same ones."""
    again = facts_of(small_scenario(), small_decisions())
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert json.dumps(again) == json.dumps(facts)


def test_unknown_names_in_rewards_are_left_out():
    """A reward for a customer nobody knows changes no fact."""
    tables = with_row(small_decisions(), "rewards", "nobody", 0, "O1")
    offers = named(facts_of(small_scenario(), tables)["offers"], "offer")
    assert offers["O1"]["given"] == 1


@pytest.mark.parametrize("clause", small_scenario().clauses, ids=lambda clause: clause.kind)
def test_terms_speak_of_the_clause(clause):
    """The words for every clause kind name something that stands in the clause."""
    words = clause_terms(clause)
    assert words != clause.kind
    assert any(name in words for name in (clause.partner, "dist-a", "dist-b", "brand", "oilco", "1901", "gold", "0"))


def test_terms_give_bounds_as_agreed():
    """Bounds appear with thousands separators, a clause without bounds as any amount."""
    assert clause_terms(BudgetClause(id="b", contract="c", partner="p", min=5.0, max=12500.0)) == (
        "p funds expected redemptions of at least 5 and at most 12,500"
    )
    assert clause_terms(BudgetClause(id="b", contract="c", partner="p")).endswith("any amount")
    frozen = StabilityClause(id="s", contract="c", partner="p", frozen_periods=(0, 2), max=1.5)
    assert clause_terms(frozen) == "production of periods 0, 2 moves by at most 1.5 from the baseline"
