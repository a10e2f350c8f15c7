"""A grid is checked against its base before anything is planned."""

from __future__ import annotations

import pytest

from planner.application.check_grid import check_grid
from planner.domain.errors import ScenarioInvalid
from planner.domain.grid import Factor, Grid
from planner.domain.patches.agreements import ClauseAmendment, ClauseSelection, RuleChange
from planner.domain.patches.change import Touched
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.selection import Condition, Selection
from tests.scenario_builder import small_scenario, with_cell

SCALED = Factor("demand", NumberChange(Selection("demand"), "quantity", scaled=True), (0.5, 1.5))


def grid(*factors: Factor, **parts: object) -> Grid:
    """Return a grid that crosses these factors."""
    return Grid(scenario="base", factors=factors, crossed=tuple(f.name for f in factors), **parts)  # type: ignore[arg-type]


def test_a_grid_that_fits_tells_its_cases_and_what_each_factor_touches() -> None:
    """Nothing stands against it, and every factor names table, column and number of rows."""
    checked = check_grid(grid(SCALED), small_scenario())
    assert checked.findings == ()
    assert checked.cases == 3
    assert checked.factors[0].touched == (Touched("demand", 24, ("quantity",)),)
    assert str(checked.factors[0].touched[0]) == "demand: quantity of 24 rows"


def test_a_selection_that_misses_is_told_by_the_path_of_its_factor() -> None:
    """The path leads to the condition, and no case is counted while something is wrong."""
    lost = Factor(
        "lost", NumberChange(Selection("demand", (Condition("family", ("none",)),)), "quantity", scaled=True), (2.0,)
    )
    checked = check_grid(grid(SCALED, lost), small_scenario())
    assert [finding.path for finding in checked.findings] == ["factors.lost.where.family"]
    assert checked.cases == 0


def test_a_level_that_makes_an_invalid_scenario_is_told_before_it_is_planned() -> None:
    """The rules of scenarios hold for patched ones, and the finding names level, place and rule."""
    shares = ClauseAmendment(ClauseSelection((Condition("kind", ("service",)),)), "min_fill_rate", scaled=False)
    rule = RuleChange("consent", dropped=False)
    wrong = grid(Factor("rate", shares, (0.9, 1.5)), Factor("rule", rule, ("customer.nothing > 1",)))
    findings = check_grid(wrong, small_scenario()).findings
    assert [finding.path for finding in findings] == ["factors.rate.levels[1]", "factors.rule.levels[0]"]
    assert "level 1.5 makes no valid scenario: contracts.json[1]" in findings[0].message


def test_a_listed_level_that_its_factor_cannot_take_is_told() -> None:
    """A list may name levels beyond those of the factor, but only such as the factor can take."""
    checked = check_grid(grid(SCALED, listed=({"demand": -1.0}, {"demand": 3.0})), small_scenario())
    assert [finding.path for finding in checked.findings] == ["list[0].demand"]


def test_a_base_that_is_not_valid_is_refused() -> None:
    """No patch is checked against a scenario that could not be planned itself."""
    with pytest.raises(ScenarioInvalid):
        check_grid(grid(SCALED), with_cell(small_scenario(), "demand", 0, "quantity", -1.0))
