"""Patches of a scenario change what they name, by as much as they say, and nothing else."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.clauses import BudgetClause, Clause, RebateClause
from planner.domain.patches.agreements import ClauseAmendment, ClausesDropped, ClauseSelection, RuleChange
from planner.domain.patches.change import Change, Level, Patch
from planner.domain.patches.outages import LaneOutage, PlantOutage
from planner.domain.patches.rows import NumberChange, RowsDropped
from planner.domain.patches.seed import PlanningSeed
from planner.domain.patches.selection import Condition, Selection, numeric_columns
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES, Kind
from planner.verification.findings import find_problems
from tests.scenario_builder import PERIODS, small_scenario

SCENARIO = small_scenario()


def chosen(**where: object) -> tuple[Condition, ...]:
    """Return conditions from keywords: a value or a tuple of values each."""
    return tuple(Condition(name, value if isinstance(value, tuple) else (value,)) for name, value in where.items())


def clauses(**where: object) -> ClauseSelection:
    """Return a selection of clauses from keywords."""
    return ClauseSelection(chosen(**where))


def clause(scenario: Scenario, identity: str) -> Clause:
    """Return a clause by its id."""
    return next(each for each in scenario.clauses if each.id == identity)


def assert_changes_only_what_it_names(change: Change, level: Level) -> Scenario:
    """Apply a patch, compare everything it does not name with the base, and return the patched scenario.

    At its neutral level the change must leave everything as it is.
    """
    assert change.problems(SCENARIO) == ()
    patched = Patch(change, level).apply(SCENARIO)
    touched = {each.table: each for each in change.touched(SCENARIO)}
    for table in TABLES:
        old, new = SCENARIO[table], patched[table]
        named = touched.get(table)
        if named is None:
            assert new.equals(old), table
        elif named.columns:
            kept = [column for column in old.columns if column not in named.columns]
            assert new.select(kept).equals(old.select(kept))
            differs = pl.any_horizontal(old[c].ne_missing(new[c]) for c in named.columns)
            assert pl.select(differs).to_series().sum() <= named.rows
        else:
            assert abs(new.height - old.height) in {0, named.rows}
    names = touched["contracts.json"].ids if "contracts.json" in touched else ()
    untouched = [each for each in SCENARIO.clauses if each.id not in names]
    assert [each for each in patched.clauses if each.id not in names] == untouched
    if "eligibility.json" not in touched:
        assert patched.eligibility == SCENARIO.eligibility
    assert patched.header == SCENARIO.header
    if change.neutral is not None:
        same = Patch(change, change.neutral).apply(SCENARIO)
        assert all(same[table].equals(SCENARIO[table]) for table in TABLES)
        assert (same.clauses, same.eligibility) == (SCENARIO.clauses, SCENARIO.eligibility)
    return patched


NUMBERS = [
    (table, column)
    for table in TABLES
    for column, kind in numeric_columns(table).items()
    if kind is Kind.NUMBER and SCENARIO[table][column].is_not_null().any()
]


@given(place=st.sampled_from(NUMBERS), factor=st.floats(0, 10), row=st.integers(0, 30), scaled=st.booleans())
def test_a_number_patch_changes_the_named_column_of_the_selected_rows_alone(
    place: tuple[str, str], factor: float, row: int, *, scaled: bool
) -> None:
    """Whatever column, row and level: the cells that are named have the new number, and all others the old one."""
    table, column = place
    frame = SCENARIO[table]
    key = TABLES[table].key[0]
    value = frame[key][row % frame.height]
    change = NumberChange(Selection(table, chosen(**{key: value})), column, scaled=scaled)
    if change.problems(SCENARIO):
        assert frame.filter(pl.col(key) == value)[column].is_null().all()
        return
    patched = assert_changes_only_what_it_names(change, factor)
    old = frame.filter(pl.col(key) == value)[column]
    expected = old * factor if scaled else pl.Series(column, [factor] * old.len(), dtype=old.dtype)
    assert patched[table].filter(pl.col(key) == value)[column].equals(expected)


def test_demand_is_selected_by_what_its_product_and_segment_are() -> None:
    """A condition on the family of a product, or on the tier of a segment, reaches through the reference."""
    change = NumberChange(
        Selection("demand", chosen(family="care", tier="gold", period=(1, 2))), "quantity", scaled=True
    )
    patched = assert_changes_only_what_it_names(change, 2.0)
    assert change.touched(SCENARIO)[0].rows == 4
    factor = patched["demand"]["quantity"] / SCENARIO["demand"]["quantity"]
    assert factor.sum() == SCENARIO["demand"].height + 4


def test_a_plant_whose_id_looks_like_a_number_is_found_by_the_number() -> None:
    """YAML reads 1901 as a number; the plant of that name is meant."""
    assert Selection("resources", chosen(plant=1901)).mask(SCENARIO).sum() == PERIODS


def test_a_column_that_two_references_have_must_say_which_one() -> None:
    """A lane's region could be its plant's or its market's, and nobody guesses."""
    (problem,) = Selection("lanes", chosen(region="north")).problems(SCENARIO)
    assert "plant.region or market.region" in problem.message
    assert Selection("lanes", (Condition("market.region", ("north",)),)).mask(SCENARIO).sum() == 2


@pytest.mark.parametrize(
    ("selection", "field", "cure"),
    [
        (Selection("demand", chosen(familly="care")), "where.familly", "did you mean 'family'?"),
        (Selection("demand", chosen(family="cares")), "where.family", "did you mean 'care'?"),
        (Selection("demand", chosen(family="CARE")), "where.family", "did you mean 'care'?"),
        (Selection("demand", chosen(period=9)), "where.period", "known are 0, 1, 2, 3"),
        (Selection("orders", chosen(order="A1", market="south")), "where.market", "leave out a condition"),
    ],
)
def test_a_selection_of_nothing_is_told_with_what_was_perhaps_meant(
    selection: Selection, field: str, cure: str
) -> None:
    """A wrong column, a wrong value, and conditions that no row satisfies each name the field and a way out."""
    (problem,) = selection.problems(SCENARIO)
    assert problem.field == field
    assert cure in problem.message


def test_a_number_without_limit_stays_so_when_it_is_scaled() -> None:
    """An empty cell means no limit, and no factor makes one; where all are empty that is a finding."""
    every = NumberChange(Selection("resources"), "overtime_max", scaled=True)
    patched = assert_changes_only_what_it_names(every, 0.5)
    assert patched["resources"]["overtime_max"].null_count() == PERIODS
    empty = NumberChange(Selection("resources", chosen(plant="P2")), "overtime_max", scaled=True)
    assert "set it" in empty.problems(SCENARIO)[0].message


@given(share=st.floats(0, 1), period=st.integers(0, PERIODS - 1))
def test_an_outage_takes_its_share_of_one_plant_in_its_periods(share: float, period: int) -> None:
    """Regular time and overtime of the plant shrink in the named periods, and all others run as they did."""
    patched = assert_changes_only_what_it_names(PlantOutage("1901", (period,)), share)
    hours = patched["resources"].filter((pl.col("plant") == "1901") & (pl.col("period") == period))
    assert hours["regular"].item() == pytest.approx(30.0 * (1 - share))
    assert hours["overtime_max"].item() == pytest.approx(8.0 * (1 - share))


def test_capacity_without_limit_ends_where_a_plant_stands_still() -> None:
    """A full outage leaves no overtime even where overtime had no limit."""
    patched = assert_changes_only_what_it_names(PlantOutage("P2", (1,)), 1.0)
    assert patched["resources"].filter((pl.col("plant") == "P2") & (pl.col("period") == 1))["overtime_max"].item() == 0


def test_a_lane_outage_closes_the_lanes_it_names_and_no_other() -> None:
    """Each named lane gets a closure in each period, once however often it is named; level 0 changes nothing."""
    change = LaneOutage(chosen(plant="1901", market="south"), (2, 1, 2))
    patched = assert_changes_only_what_it_names(change, 1.0)
    lanes = [("1901", "south", "*"), ("1901", "south", "mix")]
    assert patched["lane_closures"].rows() == [(*lane, t) for lane in lanes for t in (1, 2)]
    assert change.touched(SCENARIO)[0].rows == 4
    assert find_problems(patched) == ()
    assert Patch(change, 0.0).apply(SCENARIO) is SCENARIO
    again = Patch(LaneOutage(chosen(plant="1901"), (1,)), 1.0).apply(patched)
    assert again["lane_closures"].height == 4 + 1


def test_a_lane_that_is_left_out_takes_its_closures_along() -> None:
    """No closure is left without its lane, and closures of other lanes stay."""
    shut = Patch(LaneOutage(chosen(plant="1901"), (0,)), 1.0).apply(SCENARIO)
    left = Patch(RowsDropped(Selection("lanes", chosen(plant="1901", market="south"))), 1.0).apply(shut)
    assert left["lane_closures"].rows() == [("1901", "north", "*", 0)]
    assert find_problems(left) == ()


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        (LaneOutage(chosen(plant="P9", market="south"), (1,)), "lane.plant", "known are 1901, P2"),
        (LaneOutage(chosen(plant="1901", product="soap"), (1,)), "lane.product", "soap goes by lanes for all products"),
        (LaneOutage(chosen(plant="P2", product="mix"), (1,)), "lane.product", "no row satisfies all conditions"),
        (LaneOutage(chosen(plant="1901"), (1, 4)), "periods", "the horizon is 0 to 3"),
    ],
)
def test_a_lane_outage_that_does_not_fit_says_why(change: LaneOutage, field: str, told: str) -> None:
    """Unknown lanes and periods are findings at their place, and a product on a lane for all is told how it goes."""
    (problem,) = change.problems(SCENARIO)
    assert problem.field == field
    assert told in problem.message


def test_an_offer_that_is_switched_off_takes_its_funding_effects_and_responses_along() -> None:
    """What refers to a dropped row is dropped too, and at level 0 nothing is."""
    change = RowsDropped(Selection("offers", chosen(offer="O2")))
    patched = assert_changes_only_what_it_names(change, 1.0)
    assert {each.table: each.rows for each in change.touched(SCENARIO)} == {
        "offers": 1,
        "offer_funding": 2,
        "offer_effects": 1,
        "responses": 2,
    }
    assert "O2" not in patched["responses"]["offer"]
    assert Patch(change, 0.0).apply(SCENARIO) is SCENARIO


def test_a_product_that_is_dropped_takes_its_stock_receipts_and_lanes_along() -> None:
    """What is left is a whole scenario, unless another product is made of it, which is told."""
    mix, soap = (RowsDropped(Selection("products", chosen(product=product))) for product in ("mix", "soap"))
    patched = assert_changes_only_what_it_names(mix, 1.0)
    assert "mix" not in [*patched["stock"]["item"], *patched["lanes"]["product"]]
    assert not find_problems(patched)
    patched = assert_changes_only_what_it_names(soap, 1.0)
    assert patched["receipts"]["item"].to_list() == ["oil"]
    assert [(finding.table, finding.column) for finding in find_problems(patched)] == [("bom", "component")]


def test_a_lane_is_not_closed_while_another_one_stands_in_for_it() -> None:
    """Without its own lane a product would go by the lane for all products, which is a finding."""
    own = RowsDropped(Selection("lanes", chosen(plant="1901", market="south", product="mix")))
    assert "lane '*'" in own.problems(SCENARIO)[0].message
    assert_changes_only_what_it_names(RowsDropped(Selection("lanes", chosen(plant="1901", market="south"))), 1.0)


def test_budgets_are_scaled_together_by_their_kind() -> None:
    """All clauses of a kind that state a number get the factor."""
    patched = assert_changes_only_what_it_names(ClauseAmendment(clauses(id="brand/budget"), "max", scaled=True), 0.5)
    amended = clause(patched, "brand/budget")
    assert isinstance(amended, BudgetClause)
    assert amended.max == 0.6


def test_of_a_whole_kind_those_that_state_no_such_number_stay_as_they_are() -> None:
    """All budgets are cut together although one of them is a minimum only, and that one is not said to be touched."""
    change = ClauseAmendment(clauses(kind="budget"), "max", scaled=True)
    patched = assert_changes_only_what_it_names(change, 0.5)
    assert change.touched(SCENARIO)[0].ids == ("brand/budget",)
    assert clause(patched, "brand/floor") == clause(SCENARIO, "brand/floor")


def test_tiers_of_a_rebate_move_together() -> None:
    """A factor for where tiers begin changes every tier and no rate."""
    change = ClauseAmendment(clauses(kind="rebate"), "tiers.from_quantity", scaled=True)
    amended = clause(assert_changes_only_what_it_names(change, 1.5), "oil/rebate")
    assert isinstance(amended, RebateClause)
    assert [(tier.from_quantity, tier.rate) for tier in amended.tiers] == [(12.0, 0.02), (24.0, 0.05)]


@pytest.mark.parametrize(
    ("change", "cure"),
    [
        (ClauseAmendment(clauses(id="brand/budgets"), "max", scaled=True), "did you mean 'brand/budget'"),
        (ClauseAmendment(clauses(id="brand/budget"), "share", scaled=True), "known are max, min, penalty"),
        (ClauseAmendment(clauses(id=("brand/budget", "brand/floor")), "max", scaled=True), "set it instead"),
        (ClauseAmendment(clauses(kind="purchase"), "max", scaled=True), "oil/take leaves max open"),
        (ClausesDropped(clauses(id="oil/take", partner="brand")), "leave out one"),
        (RuleChange("consents", dropped=True), "did you mean 'consent'?"),
    ],
)
def test_an_amendment_of_nothing_is_told_with_a_way_out(change: Change, cure: str) -> None:
    """A clause or rule that does not exist, and a number that a clause does not state, are findings with a cure."""
    assert any(cure in problem.message for problem in change.problems(SCENARIO))


def test_clauses_and_rules_are_left_out_at_level_one_and_stay_at_level_zero() -> None:
    """A switch removes what it names, or changes nothing."""
    for change in (ClausesDropped(clauses(partner="dist-a")), RuleChange("consent", dropped=True)):
        patched = assert_changes_only_what_it_names(change, 1.0)
        assert patched != SCENARIO
        assert Patch(change, 0.0).apply(SCENARIO).clauses == SCENARIO.clauses
        assert Patch(change, 0.0).apply(SCENARIO).eligibility == SCENARIO.eligibility
    assert len(Patch(ClausesDropped(clauses(partner="dist-a")), 1.0).apply(SCENARIO).clauses) == 8


def test_a_rule_is_rewritten_under_its_id() -> None:
    """The level becomes the rule's condition; the other rules stay."""
    patched = assert_changes_only_what_it_names(RuleChange("gold-only", dropped=False), "offer.face_value > 9")
    assert [(rule.id, rule.when) for rule in patched.eligibility] == [
        ("consent", "NOT customer.consent"),
        ("gold-only", "offer.face_value > 9"),
    ]


@pytest.mark.parametrize(
    ("change", "level"),
    [
        (NumberChange(Selection("demand"), "quantity", scaled=True), -0.1),
        (NumberChange(Selection("demand"), "quantity", scaled=True), float("nan")),
        (NumberChange(Selection("demand"), "quantity", scaled=False), "much"),
        (NumberChange(Selection("lanes"), "transit", scaled=False), 0.5),
        (PlantOutage("P2", (0,)), 1.1),
        (LaneOutage(chosen(plant="P2"), (0,)), 0.5),
        (RowsDropped(Selection("orders", chosen(order="A1"))), 0.5),
        (ClauseAmendment(clauses(id="brand/budget"), "max", scaled=False), -1.0),
        (RuleChange("consent", dropped=False), 1.0),
        (RuleChange("consent", dropped=False), " "),
        (PlanningSeed(), 1.5),
    ],
)
def test_a_level_that_means_nothing_makes_no_patch(change: Change, level: Level) -> None:
    """A patch is checked at birth: negative factors, texts for numbers, half switches and half seeds are refused."""
    with pytest.raises(ValueError, match="is no level"):
        Patch(change, level)


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (lambda: Selection("demands"), "did you mean 'demand'"),
        (lambda: NumberChange(Selection("demand"), "quantities", scaled=True), "did you mean 'quantity'"),
        (lambda: NumberChange(Selection("demand"), "period", scaled=True), "no numbers 'period'"),
        (lambda: NumberChange(Selection("lanes"), "transit", scaled=True), "set it instead"),
        (lambda: clauses(plant="P2"), "chosen by id, kind, partner, contract"),
        (lambda: ClauseAmendment(clauses(id="x"), "maximum", scaled=True), "no clause has a number"),
        (lambda: PlantOutage("P2", ()), "name at least one"),
        (lambda: LaneOutage((), (1,)), "name the lanes"),
        (lambda: LaneOutage(chosen(plant="P2"), ()), "at least one period"),
    ],
)
def test_a_change_that_no_scenario_has_a_place_for_is_refused_at_birth(make: object, cure: str) -> None:
    """Tables, columns and clause numbers are those of the exchange format, whatever the scenario."""
    with pytest.raises(ValueError, match=cure):
        make()  # type: ignore[operator]
