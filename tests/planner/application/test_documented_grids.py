"""The grids that the guide shows can be asked as they stand, and change what they are said to change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planner.adapters.grid_yaml import GridFile, read_grid
from planner.application.check_grid import check_grid
from planner.domain.grid import Grid
from planner.domain.patches.change import Patch
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES
from planner.simulation.generate import generate
from tests.architecture.house import ROOT

TOUCHED = {
    "family": {"demand"},
    "segment": {"demand"},
    "order": {"orders"},
    "plant": {"resources"},
    "lane": {"lane_closures"},
    "capacity": {"resources"},
    "price": {"orders"},
    "cost": {"recipes"},
    "freight": {"lanes"},
    "budgets": {"contracts.json"},
    "promise": {"contracts.json"},
    "contract": {"contracts.json"},
    "rule": {"eligibility.json"},
    "lifted": {"eligibility.json"},
    "offers": {"offers", "offer_funding", "offer_effects", "responses"},
    "seed": set(),
}
"""What the guide's factors, one for each kind of question, change on the base that the guide names."""


@pytest.fixture(scope="module")
def demo() -> Scenario:
    """Return the scenario that `make demo` generates, on which the guide's grids ask."""
    return generate("demo", seed=7)


@pytest.fixture(scope="module")
def grids(tmp_path_factory: pytest.TempPathFactory) -> list[GridFile]:
    """Return the grids of the guide, read from files as a planner would have copied them."""
    folder = tmp_path_factory.mktemp("guide")
    text = (ROOT / "docs/how-to/ask-what-if.md").read_text(encoding="utf-8")
    for place, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)):
        (folder / f"{place}.yaml").write_text(block, encoding="utf-8")
    return [read_grid(file) for file in sorted(folder.glob("*.yaml"))]


def different(before: Scenario, after: Scenario) -> set[str]:
    """Return the tables and files that differ between two scenarios."""
    found = {table for table in TABLES if not after[table].equals(before[table])}
    found |= {"contracts.json"} if after.contracts != before.contracts else set()
    return found | ({"eligibility.json"} if after.eligibility != before.eligibility else set())


def kinds(grid: Grid) -> dict[str, Patch]:
    """Return each factor of a grid at its last level."""
    return {factor.name: Patch(factor.change, factor.levels[-1]) for factor in grid.factors if factor.levels}


def test_nothing_stands_against_the_grids_of_the_guide(grids: list[GridFile], demo: Scenario) -> None:
    """Every factor finds what it names on the demo, and no level makes an invalid scenario."""
    assert [file.base.relative_to(file.file.parent) for file in grids] == [Path("build/demo/scenario")] * 2
    checked = [check_grid(file.grid, demo) for file in grids]
    assert [each.findings for each in checked] == [(), ()]
    assert [each.cases for each in checked] == [1 + 9 + 1 + 100, 1 + 50]


def test_every_kind_of_question_changes_what_it_says_and_nothing_else(grids: list[GridFile], demo: Scenario) -> None:
    """One factor for each kind: demand, outages, capacity, prices, costs, clauses, rules, offers, seeds."""
    patches = kinds(grids[1].grid)
    assert {name: different(demo, patch.apply(demo)) for name, patch in patches.items()} == TOUCHED
    told = {factor.name: {each.table for each in factor.change.touched(demo)} for factor in grids[1].grid.factors}
    assert told == TOUCHED
