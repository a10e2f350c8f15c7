"""Runs whose cases go on from neighbours' plans end certified, keep all plans, grow, and are not mixed with others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cluster.what_if.opened import KeptPlans
from cluster.what_if.run import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.cli.what_if_order import GridRunOrder, Start
from planner.domain.case_tree import MOST_CASES_IN_TREE
from planner.domain.errors import FolderNotWritable, InvalidRequest, PlanUnreadable
from planner.ports.what_if import CaseResult
from tests.planning import optimum
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, levels: [0.9, 0.8]}
  promise: {scale: clause.min_fill_rate, where: {kind: service}, levels: [1.1]}
  more: {scale: clause.min_fill_rate, where: {kind: service}, levels: [1.05]}
  less: {scale: clause.min_fill_rate, where: {kind: service}, levels: [0.9]}
cross: [demand]
list:
  - {promise: 1.1, more: 1.05}
"""
GROWN = GRID.replace("[0.9, 0.8]", "[0.9, 0.8, 0.7]") + "  - {promise: 1.1, more: 1.05, less: 0.9}\n"


def order(folder: Path, text: str = GRID, start: Start = Start.NEIGHBOUR) -> GridRunOrder:
    """Return the order to run a grid into ``run`` of a folder."""
    (folder / "grid.yaml").write_text(text, encoding="utf-8")
    return GridRunOrder(grid=folder / "grid.yaml", out=folder / "run", workers=1, gap=1e-6, start=start)


def results(folder: Path) -> dict[str, CaseResult]:
    """Return the results of the run by the names of their cases."""
    return {result.name: result for result in ParquetCaseStore(folder / "run").results()}


def went_on_from(folder: Path, result: CaseResult) -> object:
    """Return the hash of the plan that the plan of a case went on from, which it tells."""
    parameters = read_plan(folder / "run" / "plans" / result.key).summary["parameters"]
    assert isinstance(parameters, dict)
    return parameters["base_plan"]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a grid and a run over it."""
    folder = tmp_path_factory.mktemp("neighbours")
    write_scenario(small_scenario(), folder / "scenario")
    end = run_grid(order(folder), lambda _: None)
    assert (end.done, end.left, end.unanswered) == (4, 0, 1)
    return folder


def test_every_case_goes_on_from_its_neighbour_and_is_as_certified_as_any(ended: Path) -> None:
    """Every plan names the plan that it went on from, and value and bound hold the optimum between them."""
    there = results(ended)
    assert went_on_from(ended, there["demand=0.9"]) == there["base"].plan_hash
    assert went_on_from(ended, there["demand=0.8"]) == there["demand=0.9"].plan_hash
    planned = [case for case in read_grid(ended / "grid.yaml").grid.cases() if there[case.name].outcome == "planned"]
    assert len(planned) == 3
    for case in planned:
        result, best = there[case.name], optimum(case.scenario(small_scenario()))
        assert result.value is not None
        assert result.bound_checked is not None
        assert result.value <= best.claimed + 1e-4
        assert result.bound_checked >= best.reached - 1e-4


def test_the_plans_of_all_cases_are_kept(ended: Path) -> None:
    """Without asking for it: deciding goes on from them, and their first decisions can be held."""
    planned = [result for result in results(ended).values() if result.outcome == "planned"]
    assert all(KeptPlans(ended / "run").of(result) is not None for result in planned)


def test_a_grid_that_has_grown_goes_on_from_the_plans_kept(ended: Path, tmp_path: Path) -> None:
    """What has a result stays; new cases go on from their neighbours, and the child of a failed one from further up."""
    folder = shutil.copytree(ended, tmp_path / "grown")
    before = results(folder)
    end = run_grid(order(folder, GROWN), lambda _: None)
    after = results(folder)
    assert (end.done, end.left, end.unanswered) == (6, 0, 1)
    assert {name: after[name] for name in before} == before
    assert went_on_from(folder, after["demand=0.7"]) == before["demand=0.8"].plan_hash
    assert went_on_from(folder, after["promise=1.1, more=1.05, less=0.9"]) == before["base"].plan_hash


def test_runs_that_go_on_from_the_base_and_from_neighbours_are_not_mixed(ended: Path, tmp_path: Path) -> None:
    """Results would tell no more what they depend on; runs of versions that did not note it went on from the base."""
    folder = shutil.copytree(ended, tmp_path / "mixed")
    with pytest.raises(FolderNotWritable, match="from was 'neighbour', now 'base'"):
        run_grid(order(folder, start=Start.BASE), lambda _: None)
    noted = folder / "run" / "run.json"
    older = {name: value for name, value in json.loads(noted.read_text("utf-8")).items() if name != "from"}
    noted.write_text(json.dumps(older), encoding="utf-8")
    with pytest.raises(FolderNotWritable, match="from was 'base', now 'neighbour'"):
        run_grid(order(folder), lambda _: None)
    assert run_grid(order(folder, start=Start.BASE), lambda _: None).left == 0


def test_a_plan_that_is_gone_is_told_once_it_is_needed(ended: Path, tmp_path: Path) -> None:
    """A run that is whole does not miss it; a case that would go on from it says which plan to put back."""
    folder = shutil.copytree(ended, tmp_path / "lost")
    there = results(folder)
    shutil.rmtree(folder / "run" / "plans" / there["demand=0.9"].key)
    assert run_grid(order(folder), lambda _: None).left == 0
    (folder / "run" / "results" / f"{there['demand=0.8'].key}.parquet").unlink()
    with pytest.raises(PlanUnreadable, match=r"the plan of demand=0\.9, from which other cases go on, is gone"):
        run_grid(order(folder), lambda _: None)


def test_a_grid_of_too_many_cases_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """The error says how many there are, and what to do."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    many = f"""
schema: concordat.grid/1
scenario: scenario
factors:
  demand: {{scale: demand.quantity, range: [0.5, 1.5]}}
sample: {{count: {MOST_CASES_IN_TREE}, seed: 1}}
"""
    with pytest.raises(InvalidRequest, match=r"5,001 cases are more .*: leave out --from neighbour, or split the grid"):
        run_grid(order(tmp_path, many), lambda _: None)
    assert not (tmp_path / "run").exists()
