"""An amendment of one clause is a curve of proven intervals over its number."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cluster.what_if.amend import amend_clause
from planner.adapters.scenario_folder import write_scenario
from planner.cli.what_if_order import AmendOrder
from planner.domain.errors import InvalidRequest
from tests.scenario_builder import small_scenario


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the small scenario."""
    folder = tmp_path_factory.mktemp("amend") / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


def order(scenario: Path, clause: str, start: float, end: float, **options: object) -> AmendOrder:
    """Return the order of a curve of two values on one worker."""
    out = scenario.parent / clause.replace("/", "-")
    return AmendOrder(  # type: ignore[arg-type]
        scenario=scenario, clause=clause, start=start, end=end, steps=2, out=out, gap=1e-6, workers=1, **options
    )


def test_a_heavier_promise_is_proven_to_cost_and_the_same_one_to_gain_nothing(scenario: Path) -> None:
    """The least quantity to buy at its present 10 is the same, at 500 proven worse for us and dear to the supplier."""
    page = scenario.parent / "curve.html"
    told = list(amend_clause(order(scenario, "oil/take", 10.0, 500.0, html=page), lambda _: None))
    assert told[0].startswith("as it is: value ")
    assert told[2].split()[0] == "10"
    assert "the same" in told[2]
    assert told[3].split()[0] == "500"
    assert "proven worse" in told[3]
    assert "oilco, exact in the plans found and no bound:" in told
    assert "What it means to partners" in page.read_text(encoding="utf-8")


def test_a_clause_or_number_that_does_not_exist_is_told_before_anything_is_planned(scenario: Path) -> None:
    """Ids are compared with those there are, and clauses without a number and numbers of other kinds are refused."""
    with pytest.raises(InvalidRequest, match="did you mean 'oil/take'"):
        amend_clause(order(scenario, "oil/takes", 1.0, 2.0), lambda _: None)
    with pytest.raises(InvalidRequest, match="states no number"):
        amend_clause(order(scenario, "brand/territory", 1.0, 2.0), lambda _: None)
    with pytest.raises(InvalidRequest, match="has no share") as told:
        amend_clause(order(scenario, "oil/take", 0.1, 0.2, field="share"), lambda _: None)
    assert "grid.yaml" not in str(told.value)
    with pytest.raises(InvalidRequest, match=r"max of brand/floor cannot be amended so \(--field names another"):
        amend_clause(order(scenario, "brand/floor", 0.1, 0.15), lambda _: None)


@pytest.mark.parametrize(("start", "end", "steps"), [(1, 2, 1), (1, 2, 2_000_000), (2, 2, 3), (1, math.nan, 3)])
def test_numbers_that_make_no_curve_are_refused(tmp_path: Path, start: float, end: float, steps: int) -> None:
    """A curve has at least two numbers that differ, all finite, and no more than a grid may ask."""
    with pytest.raises(InvalidRequest, match="a curve"):
        AmendOrder(scenario=tmp_path, clause="a", start=start, end=end, steps=steps, out=tmp_path)
