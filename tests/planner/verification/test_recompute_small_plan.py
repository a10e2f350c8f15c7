"""A plan computed by hand: its value, its clauses, and what is allowed though it looks odd."""

from __future__ import annotations

import dataclasses
from datetime import date

import polars as pl
import pytest

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ParityClause,
    RebateClause,
    RebateTier,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES
from planner.verification.recompute import Recomputation, recompute
from tests.plan_builder import (
    SMALL_PLAN_PARTS,
    Tables,
    plan_frame,
    small_decisions,
    small_plan_value,
    with_row,
    with_value,
    without_row,
)
from tests.scenario_builder import small_scenario, with_cell, with_clauses, with_table

TERMS = {"contract": "C", "partner": "brand"}


def with_clause(clause: Clause) -> Recomputation:
    """Recompute the small plan under one clause only."""
    return recompute(with_clauses(small_scenario(), clause), small_decisions())


def measures(recomputation: Recomputation) -> list[float]:
    """Return the measures of all clause rows, in order."""
    return recomputation.clauses["measure"].to_list()


def test_the_small_plan_holds_and_is_worth_what_was_computed_by_hand() -> None:
    """Every value part of a valid plan equals the sum made by hand, and nothing is broken."""
    found = recompute(small_scenario(), small_decisions())
    assert found.breaches == ()
    assert dict(found.parts) == pytest.approx(SMALL_PLAN_PARTS, rel=1e-12)
    assert found.value == pytest.approx(small_plan_value(), rel=1e-12)


def test_the_clause_table_equals_the_one_made_by_hand() -> None:
    """Every clause kind with a measure gets one row per scope with measure, bounds, violation and penalty."""
    found = recompute(small_scenario(), small_decisions()).clauses
    expected = [
        ("C-brand", "brand/budget", None, 1.08, None, 1.2, 0.0, 0.0),
        ("C-brand", "brand/floor", 0, 0.78, 0.2, None, 0.0, 0.0),
        ("C-brand", "brand/floor", 1, 0.3, 0.2, None, 0.0, 0.0),
        ("C-dist", "dist/volume", None, 8.0, 6.0, None, 0.0, 0.0),
        ("C-dist", "dist/on-time", 0, 6.0, 5.4, None, 0.0, 0.0),
        ("C-dist", "dist/on-time", 1, 3.0, 2.7, None, 0.0, 0.0),
        ("C-dist", "dist/reserve", 0, 7.5, None, 24.0, 0.0, 0.0),
        ("C-dist", "dist/reserve", 1, -1.0, None, 24.0, 0.0, 0.0),
        ("C-dist", "dist/reserve", 2, -4.0, None, 24.0, 0.0, 0.0),
        ("C-dist", "dist/reserve", 3, 0.0, None, 24.0, 0.0, 0.0),
        ("C-dist", "dist/parity", None, 1 / 9, None, 0.05, 1 / 9 - 0.05, 30 * (1 / 9 - 0.05)),
        ("C-oil", "oil/take", None, 9.0, 10.0, None, 1.0, 0.5),
        ("C-oil", "oil/rebate", None, 9.0, None, None, 0.0, 0.0),
        ("C-program", "program/gold", 0, 2.0, 1.0, None, 0.0, 0.0),
        ("C-program", "program/gold", 1, 1.0, 1.0, None, 0.0, 0.0),
        ("C-program", "program/frozen", None, 6.0, None, 20.0, 0.0, 0.0),
    ]
    assert [row[:3] for row in found.rows()] == [row[:3] for row in expected]
    for row, should in zip(found.rows(), expected, strict=True):
        assert row[3:] == pytest.approx(should[3:], abs=1e-9)


def test_expected_funding_lists_every_partner_and_window() -> None:
    """The recomputed funding is the share of each funder in expected redemptions, zeros included."""
    found = recompute(small_scenario(), small_decisions()).expected_funding
    assert found["partner"].to_list() == [p for p in ("brand", "dist-a", "dist-b", "oilco", "program") for _ in (0, 1)]
    assert found["expected_spend"].to_list() == pytest.approx([0.78, 0.3, 0.4, 0.2, *([0.0] * 6)])


def test_a_scenario_and_a_plan_without_rows_are_worth_nothing() -> None:
    """Tables without any row give a value of 0 and no breach."""
    small = small_scenario()
    nothing = dataclasses.replace(
        small, tables={name: table.empty() for name, table in TABLES.items()}, contracts=(), eligibility=()
    )
    found = recompute(nothing, {name: frame.clear() for name, frame in small_decisions().items()})
    assert (found.value, found.breaches) == (0.0, ())


def _late(scenario: Scenario, tables: Tables) -> tuple[Scenario, Tables]:
    return scenario, with_row(tables, "shipments", "P2", "north", "cream", 3, 0.5)


def _wasted(scenario: Scenario, tables: Tables) -> tuple[Scenario, Tables]:
    return scenario, with_row(tables, "purchases", "oilco", "oil", 3, 5.0)


def _unlimited(scenario: Scenario, tables: Tables) -> tuple[Scenario, Tables]:
    return with_cell(scenario, "resources", 0, "regular", None), tables


def _exact_firm(scenario: Scenario, tables: Tables) -> tuple[Scenario, Tables]:
    return with_cell(scenario, "recipes", 2, "min_lot", 7.0), tables


@pytest.mark.parametrize(
    "change",
    [
        # The last half unit of cream leaves in the last period and arrives after the horizon.
        lambda s, t: (s, with_value(_late(s, t)[1], "stock", 11, "quantity", 0.0)),
        _wasted,
        _unlimited,
        _exact_firm,
        # An empty set-up where the recipe has no smallest lot.
        lambda s, t: (s, with_row(t, "production", "1901", "soap", 3, 0.0, 1)),
        # A row may be exceeded by the tolerance.
        lambda s, t: (s, with_value(t, "stock", 3, "quantity", 7.40005)),
        # Rows of quantity 0 change nothing, even where no lane leads.
        lambda s, t: (
            with_table(s, "lanes", s["lanes"].filter(pl.col("plant") != "x")),
            with_row(t, "shipments", "P2", "south", "soap", 0, 0.0),
        ),
    ],
)
def test_what_the_problem_allows_is_no_breach(change: object) -> None:
    """Late arrivals, wasted material, unlimited capacity, released lots, empty set-ups and rounding are allowed."""
    scenario, tables = change(small_scenario(), small_decisions())  # type: ignore[operator]
    assert recompute(scenario, tables).breaches == ()


def test_material_received_by_a_plant_helps_no_other_plant_and_no_other_period() -> None:
    """Receipts of bought material reduce what must be bought only where and when they arrive."""
    small = small_scenario()
    tables = with_value(small_decisions(), "purchases", 0, "quantity", 2.8)
    assert recompute(small, tables).breaches == ()
    for column, value in (("plant", "P2"), ("period", 1)):
        moved = with_cell(small, "receipts", 1, column, value)
        (breach,) = recompute(moved, tables).breaches
        assert (breach.rule, breach.amount) == ("material.balance", pytest.approx(3.0))


def test_uplift_is_spread_over_the_window_and_priced_by_fallback() -> None:
    """Demand that only rewards create is sold at the price of the next known row, evenly per period."""
    small = small_scenario()
    bare = small["demand"].filter(
        (pl.col("segment") != "north-gold") | (pl.col("product") != "soap") | (pl.col("period") == 3)
    )
    priced = bare.with_columns(
        unit_revenue=pl.when((pl.col("segment") == "north-gold") & (pl.col("product") == "soap"))
        .then(99.0)
        .otherwise("unit_revenue")
    )
    tables = with_value(small_decisions(), "service", 5, "quantity", 0.15)
    tables = without_row(tables, "service", 6)
    found = recompute(with_table(small, "demand", priced), tables)
    assert found.breaches == ()
    assert found.parts["revenue"] == pytest.approx(413.5 - 4.1 * 15 + 0.15 * 99)
    assert found.parts["shortage"] == pytest.approx(-121.55 + 2 * (2 + 2.5 + 3 + 0.15 + 0.15 - 4.1 - 0.15))


def test_probabilities_end_at_one() -> None:
    """A weight that lifts a probability above 1 counts as certain redemption."""
    heavy = with_cell(small_scenario(), "customers", 1, "weight", 20.0)
    assert recompute(heavy, small_decisions()).breaches == ()


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (BudgetClause(id="c", each_window=True, max=9.0, **TERMS), [0.78, 0.3]),
        (BudgetClause(id="c", max=9.0, effective_from=date(2025, 1, 10), **TERMS), [0.3]),
        (VolumeClause(id="c", orders_of="dist-a", each_window=True, max=9.0, **TERMS), [4.0, 4.0]),
        (VolumeClause(id="c", orders_of="dist-a", max=9.0, effective_to=date(2025, 1, 7), **TERMS), [4.0]),
        (ServiceClause(id="c", orders_of="dist-a", min_fill_rate=0.1, **TERMS), [8.0]),
        (ServiceClause(id="c", orders_of="dist-a", min_fill_rate=0.1, on_time=True, **TERMS), [7.0]),
        (
            ReservationClause(id="c", plant="1901", share=0.0, families=("care", "blend"), orders_of="dist-b", **TERMS),
            [15.8, -6.0, 0.0, -3.0],
        ),
        (RebateClause(id="c", supplier="oilco", each_window=True, tiers=(RebateTier(9.0, 0.1),), **TERMS), [9.0, 0.0]),
        (ParityClause(id="c", orders_of=("dist-a", "dist-b", "brand"), max_fill_gap=0.5, **TERMS), [1 / 9]),
        (ParityClause(id="c", orders_of=("dist-a", "dist-b"), max_fill_gap=0.5, each_window=True, **TERMS), [0.0, 0.2]),
        (RewardFloorClause(id="c", tier="gold", min_share=0.5, **TERMS), [2.0]),
        (StabilityClause(id="c", frozen_periods=(1, 0), max=99.0, **TERMS), [14.0]),
    ],
)
def test_measures_of_clause_kinds_by_hand(clause: Clause, expected: list[float]) -> None:
    """A clause measures what its kind says, in every scope it applies to."""
    found = with_clause(clause)
    assert found.breaches == ()
    assert measures(found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tiers", "rebate"),
    [
        (((8.0, 0.02), (16.0, 0.05)), 0.18),
        (((2.0, 0.02), (9.0, 0.05)), 0.45),
        (((9.5, 0.5),), 0.0),
    ],
)
def test_the_highest_tier_reached_pays_on_everything_bought(
    tiers: tuple[tuple[float, float], ...], rebate: float
) -> None:
    """A rebate is the rate of the highest tier reached times the whole purchase cost; tiers do not add up."""
    clause = RebateClause(id="c", supplier="oilco", tiers=tuple(RebateTier(*tier) for tier in tiers), **TERMS)
    assert with_clause(clause).parts["rebates"] == pytest.approx(rebate)


def test_a_reservation_without_a_capacity_limit_has_no_bound() -> None:
    """Where regular capacity is unlimited, nothing can be reserved and the row has no upper bound."""
    small = with_cell(small_scenario(), "resources", 0, "regular", None)
    clause = ReservationClause(id="c", plant="1901", share=0.5, families=("care",), orders_of="dist-a", **TERMS)
    found = recompute(with_clauses(small, clause), small_decisions())
    assert found.clauses["upper"].to_list() == [None, 15.0, 15.0, 15.0]


def test_empty_tables_of_a_plan_are_a_plan() -> None:
    """A plan that decides nothing pays for what it leaves undone."""
    tables = {name: plan_frame(name, []) for name in small_decisions() if name != "funding"}
    found = recompute(with_clauses(small_scenario()), tables)
    assert {breach.rule for breach in found.breaches} == {"production.firm", "stock.balance"}
    assert found.parts["shortage"] == pytest.approx(-(2 * 66 + 3 * (4 + 5 + 6) + 6 * 3))
