"""Validation: every broken rule of a scenario is named by table, row, column and value."""

from __future__ import annotations

import dataclasses
import math
from datetime import date

import polars as pl
import pytest

from planner.domain.clauses import (
    BudgetClause,
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
from planner.domain.finding import Finding, format_findings
from planner.domain.horizon import Horizon
from planner.domain.scenario import EligibilityRule
from planner.domain.schema import TABLES
from planner.verification.findings import find_problems
from tests.scenario_builder import frame, small_scenario, with_cell, with_clauses, with_table


def places(scenario):
    """Return (table, row, column, rule) of every finding."""
    return [(f.table, f.row, f.column, f.rule) for f in find_problems(scenario)]


def with_rows(table, *rows):
    """Return the small scenario with rows appended to a table."""
    scenario = small_scenario()
    return with_table(scenario, table, pl.concat([scenario[table], frame(table, rows)], how="diagonal"))


def test_a_valid_scenario_has_no_findings():
    """The small scenario with all tables and clause kinds is valid."""
    assert find_problems(small_scenario()) == ()


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "rule"),
    [
        ("orders", 1, "partner", "nobody", "unknown-reference"),
        ("orders", 1, "market", "moon", "unknown-reference"),
        ("orders", 2, "product", "stone", "unknown-reference"),
        ("orders", 2, "period", 4, "period-outside"),
        ("orders", 2, "period", -1, "period-outside"),
        ("orders", 0, "quantity", -1.0, "negative"),
        ("orders", 0, "quantity", math.nan, "not-finite"),
        ("orders", 0, "quantity", math.inf, "not-finite"),
        ("orders", 0, "quantity", None, "required"),
        ("orders", 0, "max_delay", -1, "negative"),
        ("orders", 0, "order", "", "required"),
        ("lanes", 0, "product", "**", "unknown-reference"),
        ("stock", 0, "max_stock", math.nan, "not-finite"),
        ("customers", 3, "segment", "nowhere", "unknown-reference"),
        ("customers", 3, "weight", -0.1, "negative"),
        ("customers", 3, "weight", None, "required"),
        ("customers", 5, "tenure_days", -3, "negative"),
        ("offers", 2, "sponsor", "nobody", "unknown-reference"),
        ("responses", 4, "redeem_probability", 1.01, "share"),
        ("demand", 7, "segment", "nowhere", "unknown-reference"),
        ("in_transit", 0, "product", "stone", "unknown-reference"),
        ("receipts", 0, "item", "stone", "unknown-reference"),
        ("receipts", 0, "period", 9, "period-outside"),
    ],
)
def test_a_wrong_cell_is_one_finding_at_its_place(table, row, column, value, rule):
    """Changing one cell to a forbidden value gives exactly one finding, with the value."""
    scenario = with_cell(small_scenario(), table, row, column, value)
    (finding,) = find_problems(scenario)
    assert (finding.table, finding.row, finding.column, finding.rule) == (table, row, column, rule)
    assert finding.value == ("" if value is None else str(value))


@pytest.mark.parametrize(
    ("closure", "column", "rule"),
    [
        (("1901", "north", "*", 4), "period", "period-outside"),
        (("1901", "north", "soap", 0), "plant, market, product", "unknown-reference"),
        (("P2", "south", "mix", 0), "plant, market, product", "unknown-reference"),
    ],
)
def test_a_closure_names_a_lane_and_a_period(closure, column, rule):
    """A closure outside the horizon, or of a lane that does not stand in lanes as it is written, is a finding."""
    rows = frame("lane_closures", [("1901", "south", "*", 1), ("1901", "south", "mix", 1), closure])
    (finding,) = find_problems(with_table(small_scenario(), "lane_closures", rows))
    assert (finding.table, finding.row, finding.column, finding.rule) == ("lane_closures", 2, column, rule)


def test_a_closure_written_twice_is_a_finding():
    """Lane and period are the key of a closure."""
    rows = frame("lane_closures", [("1901", "south", "*", 1)] * 2)
    assert [f.rule for f in find_problems(with_table(small_scenario(), "lane_closures", rows))] == ["duplicate"]


@pytest.mark.parametrize("table", [name for name, table in small_scenario().tables.items() if not table.is_empty()])
def test_a_repeated_key_is_named_in_its_second_row(table):
    """The second row of the same key is the finding."""
    scenario = small_scenario()
    rows = scenario[table]
    twice = with_table(scenario, table, pl.concat([rows, rows[:1]]))
    found = [f for f in find_problems(twice) if f.rule == "duplicate"]
    assert [(f.table, f.row) for f in found] == [(table, rows.height)]


def test_repeated_customers_are_found_whatever_their_order():
    """Ids counted upwards are checked by neighbours, others by hashes; both find a repetition."""
    scenario = small_scenario()
    for ids in (["1", "2", "3", "4", "5", "5"], ["z", "a", "zz", "a", "m", "n"], ["9", "10", "11", "9", "12", "13"]):
        frame_ = scenario["customers"].with_columns(pl.Series("customer", ids))
        assert [f[3] for f in places(with_table(scenario, "customers", frame_))] == ["duplicate"]


def test_a_product_cannot_be_bought():
    """Supplies of a product are findings in every row, since nothing made from it could use them."""
    scenario = small_scenario()
    rows = scenario["supplies"]
    bought = rows.filter(pl.col("material") == rows["material"][0]).with_columns(material=pl.lit("soap"))
    found = find_problems(with_table(scenario, "supplies", pl.concat([rows, bought])))
    assert [(f.row, f.rule, f.value) for f in found] == [
        (rows.height + i, "bought-product", "soap") for i in range(bought.height)
    ]


@pytest.mark.parametrize("table", ["resources", "supplies"])
def test_a_gap_in_periods_is_named(table):
    """A series of periods without period 2 gives one finding that names the gap."""
    scenario = small_scenario()
    rows = scenario[table]
    (finding,) = find_problems(with_table(scenario, table, rows.filter(pl.int_range(rows.height) != 2)))
    assert (finding.table, finding.row, finding.rule, finding.value) == (table, 0, "period-gap", "2")


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        (with_rows("routings", ("P2", "soap", "line", 1.0, 0.0)), ("routings", 3, "plant, product", "without-recipe")),
        (
            with_rows("routings", ("P2", "cream", "oven", 1.0, 0.0)),
            ("routings", 3, "plant, resource", "without-resource"),
        ),
        (with_rows("bom", ("P2", "mix", "oil", 1.0)), ("bom", 3, "plant, product", "without-recipe")),
        (with_rows("bom", ("P2", "cream", "sand", 1.0)), ("bom", 3, "component", "unknown-reference")),
        (with_rows("bom", ("1901", "soap", "soap", 0.1)), ("bom", 3, "component", "bom-cycle")),
        (with_rows("firm", ("P2", "soap", 1, 1.0)), ("firm", 1, "plant, product", "without-recipe")),
        (with_rows("baseline", ("P2", "soap", 1, 1.0)), ("baseline", 2, "plant, product", "without-recipe")),
        (with_rows("stock", ("P2", "oil", 1.0, 0.0, 0.0, 0.0, None)), ("stock", 3, "item", "unknown-reference")),
        (
            with_cell(small_scenario(), "recipes", 0, "min_lot", 26.0),
            ("recipes", 0, "min_lot, max_lot", "min-over-max"),
        ),
        (with_cell(small_scenario(), "offer_funding", 0, "share", 0.5), ("offers", 0, "own_share", "shares-sum")),
        (with_rows("offers", ("O4", "", "", 1.0, 0.9, None)), ("offers", 3, "own_share", "shares-sum")),
    ],
)
def test_tables_that_do_not_fit_together_are_named(scenario, expected):
    """Each contradiction between tables is one finding at the row that has to change."""
    assert places(scenario) == [expected]


def test_a_cycle_with_lead_time_is_allowed_and_one_without_is_not():
    """Soap from mix from soap works only because mix takes a period."""
    cycle = with_rows("bom", ("1901", "soap", "mix", 0.1))
    assert places(cycle) == []
    instant = with_cell(cycle, "recipes", 1, "lead_time", 0)
    assert places(instant) == [("bom", 1, "component", "bom-cycle"), ("bom", 3, "component", "bom-cycle")]


@pytest.mark.parametrize(
    ("windows", "count"),
    [
        (((0, 1), (2, 2)), 1),
        (((0, 1), (1, 3)), 1),
        (((0, 0), (2, 3)), 1),
        (((2, 3), (0, 1)), 3),
        ((), 1),
        (((0, 4),), 1),
    ],
)
def test_windows_that_do_not_partition_the_horizon_are_named(windows, count):
    """Gaps, overlaps, wrong order and wrong ends are findings against scenario.json."""
    header = dataclasses.replace(small_scenario().header, horizon=Horizon(4, 7, date(2025, 1, 6), windows))
    found = find_problems(dataclasses.replace(small_scenario(), header=header))
    assert {(f.table, f.rule) for f in found} == {("scenario.json", "windows-partition")}
    assert len(found) == count


@pytest.mark.parametrize(("periods", "days"), [(0, 7), (4, 0), (-1, 7), (10**20, 7)])
def test_counts_that_make_no_horizon_are_named(periods, days):
    """Periods and days must be at least 1, and the calendar must hold them."""
    header = dataclasses.replace(small_scenario().header, horizon=Horizon(periods, days, date(2025, 1, 6), ((0, 3),)))
    found = find_problems(dataclasses.replace(small_scenario(), header=header))
    assert "count" in {f.rule for f in found if f.table == "scenario.json"}


OF = {"contract": "C", "partner": "brand"}


@pytest.mark.parametrize(
    ("clause", "field", "rule"),
    [
        (VolumeClause(id="x", orders_of="nobody", min=1.0, **OF), "orders_of", "unknown-reference"),
        (VolumeClause(id="x", orders_of="dist-a", **OF), "max", "names-nothing"),
        (VolumeClause(id="x", orders_of="dist-a", min=2.0, max=1.0, **OF), "min", "min-over-max"),
        (BudgetClause(id="x", max=-1.0, **OF), "max", "negative"),
        (BudgetClause(id="x", max=1.0, penalty=-1.0, **OF), "penalty", "negative"),
        (ServiceClause(id="x", orders_of="dist-a", min_fill_rate=1.1, **OF), "min_fill_rate", "share"),
        (
            ReservationClause(id="x", plant="P9", share=0.1, families=("care",), orders_of="dist-a", **OF),
            "plant",
            "unknown-reference",
        ),
        (
            ReservationClause(id="x", plant="P2", share=0.1, families=(), orders_of="dist-a", **OF),
            "families",
            "names-nothing",
        ),
        (
            ReservationClause(id="x", plant="P2", share=-0.1, families=("care",), orders_of="dist-a", **OF),
            "share",
            "share",
        ),
        (
            ReservationClause(id="x", plant="P2", share=0.1, families=("cars",), orders_of="dist-a", **OF),
            "families",
            "unknown-reference",
        ),
        (PurchaseClause(id="x", supplier="nobody", min=1.0, **OF), "supplier", "unknown-reference"),
        (RebateClause(id="x", supplier="oilco", tiers=(), **OF), "tiers", "names-nothing"),
        (
            RebateClause(id="x", supplier="oilco", tiers=(RebateTier(5.0, 0.1), RebateTier(5.0, 0.2)), **OF),
            "tiers[1].from_quantity",
            "tiers-ascend",
        ),
        (
            RebateClause(id="x", supplier="oilco", tiers=(RebateTier(5.0, 1.5),), **OF),
            "tiers[0].rate",
            "share",
        ),
        (
            RebateClause(id="x", supplier="oilco", tiers=(RebateTier(5.0, 0.1),), penalty=1.0, **OF),
            "penalty",
            "penalty-refused",
        ),
        (ParityClause(id="x", orders_of=("dist-a",), max_fill_gap=0.1, **OF), "orders_of", "names-nothing"),
        (
            ParityClause(id="x", orders_of=("dist-a", "nobody"), max_fill_gap=0.1, **OF),
            "orders_of",
            "unknown-reference",
        ),
        (ExclusivityClause(id="x", offers_of="brand", markets=("moon",), **OF), "markets", "unknown-reference"),
        (
            ExclusivityClause(id="x", offers_of="brand", markets=("north",), penalty=1.0, **OF),
            "penalty",
            "penalty-refused",
        ),
        (
            PriceFloorClause(id="x", offers_of="nobody", min_net_revenue_share=0.5, **OF),
            "offers_of",
            "unknown-reference",
        ),
        (RewardFloorClause(id="x", tier="wood", min_share=0.5, **OF), "tier", "unknown-reference"),
        (StabilityClause(id="x", frozen_periods=(0, 4), max=1.0, **OF), "frozen_periods", "period-outside"),
        (StabilityClause(id="x", frozen_periods=(), max=1.0, **OF), "frozen_periods", "names-nothing"),
        (StabilityClause(id="x", frozen_periods=(0,), max=-1.0, **OF), "max", "negative"),
    ],
)
def test_a_clause_that_names_nothing_or_asks_nonsense_is_named(clause, field, rule):
    """The finding names the contract's row, the clause's id, the field and the rule."""
    assert places(with_clauses(small_scenario(), clause)) == [("contracts.json", 0, f"clauses[x].{field}", rule)]


def test_a_tier_that_only_customers_have_can_be_named():
    """A tier counts as known if any segment or customer carries it."""
    scenario = with_cell(small_scenario(), "customers", 0, "tier", "diamond")
    clause = RewardFloorClause(id="x", tier="diamond", min_share=0.5, **OF)
    assert places(with_clauses(scenario, clause)) == []


def test_contracts_are_checked_as_wholes():
    """Repeated ids, unknown partners and dates that end before they start are findings."""
    scenario = small_scenario()
    contract = scenario.contracts[0]
    wrong = dataclasses.replace(contract, partner="nobody", effective_to=date(2020, 1, 1))
    found = find_problems(dataclasses.replace(scenario, contracts=(contract, wrong)))
    assert [(f.row, f.column, f.rule) for f in found][:3] == [
        (1, "id", "duplicate"),
        (1, "partner", "unknown-reference"),
        (1, "effective_from", "effective-dates"),
    ]
    assert [f.column for f in found[3:]] == [f"clauses[{clause.id}].id" for clause in contract.clauses]


def test_all_findings_are_given_at_once_in_the_order_of_the_files():
    """Findings of different themes come together, by table and row."""
    scenario = with_cell(small_scenario(), "orders", 3, "quantity", -1.0)
    scenario = with_cell(scenario, "orders", 0, "partner", "nobody")
    scenario = with_cell(scenario, "plants", 0, "plant", None)
    scenario = dataclasses.replace(scenario, eligibility=(EligibilityRule("r", "forbid", "customer.x"),))
    found = find_problems(scenario)
    assert found[0].table == "plants"
    assert [(f.table, f.row) for f in found if f.table == "orders"] == [("orders", 0), ("orders", 3)]
    assert "eligibility.json" in {f.table for f in found}
    assert [f.table for f in found] == sorted(
        (f.table for f in found), key=[*TABLES, "eligibility.json", "contracts.json"].index
    )


def test_only_fifty_findings_are_printed_and_all_are_counted():
    """A thousand findings stay readable."""
    findings = [Finding("orders", row, "quantity", "negative", "-1", "must not be negative") for row in range(1000)]
    lines = format_findings(findings).splitlines()
    assert len(lines) == 52
    assert lines[0] == "orders[0].quantity: negative: must not be negative (value '-1')"
    assert lines[-2:] == ["… and 950 more", "1000 findings"]
