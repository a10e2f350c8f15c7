"""What a comparison says of a real run is true of the best plans there are, told by exact solves."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cluster.what_if.compare import compare_run
from cluster.what_if.run import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid
from planner.adapters.scenario_folder import write_scenario
from planner.cli.what_if_order import CompareOrder, GridRunOrder
from planner.domain.comparison import BETTER, UNDECIDED, WORSE
from planner.domain.gap import relative_gap
from tests.planning import Optimum, optimum
from tests.scenario_builder import small_scenario

GRID = """schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.5, 1.01, 1.3]}
cross: [demand]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run to a gap at which some pairs are decided and some are not."""
    folder = tmp_path_factory.mktemp("verdicts")
    write_scenario(small_scenario(), folder / "scenario")
    (folder / "grid.yaml").write_text(GRID, encoding="utf-8")
    run_grid(GridRunOrder(grid=folder / "grid.yaml", out=folder / "run", gap=0.02, workers=1), lambda _: None)
    return folder


@pytest.fixture(scope="module")
def truth(run: Path) -> dict[str, Optimum]:
    """Return the optimum of every case."""
    cases = read_grid(run / "grid.yaml").grid.cases()
    return {case.key: optimum(case.scenario(small_scenario())) for case in cases}


@pytest.mark.parametrize("bounds", ["bound_checked", "bound_proved"])
def test_every_interval_holds_the_true_difference_and_every_proof_is_true(
    run: Path, truth: dict[str, Optimum], bounds: str
) -> None:
    """All pairs are there; whichever bounds verdicts rest on, none of the three words contradicts the best plans."""
    tuple(compare_run(CompareOrder(results=run / "run", bounds=bounds)))
    pairs = pl.read_parquet(run / "run" / "pairs.parquet")
    assert pairs.height == len(truth) * (len(truth) - 1) / 2
    for pair in pairs.iter_rows(named=True):
        first, second = truth[pair["first_key"]], truth[pair["second_key"]]
        assert pair["low"] <= first.claimed - second.reached + 1e-4
        assert pair["high"] >= first.reached - second.claimed - 1e-4
        if pair["verdict"] == BETTER:
            assert first.reached > second.claimed
        if pair["verdict"] == WORSE:
            assert first.claimed < second.reached
    if bounds == "bound_checked":
        assert {BETTER, WORSE, UNDECIDED} == set(pairs["verdict"]), "the example must have all three"


def test_an_undecided_pair_is_told_with_the_cheapest_step_that_may_decide_it(run: Path) -> None:
    """Each undecided pair names one of its two cases and the gap to plan it to, and the lines tell the cheapest."""
    lines = [line for line in compare_run(CompareOrder(results=run / "run")) if line.startswith("next: plan ")]
    undecided = pl.read_parquet(run / "run" / "pairs.parquet").filter(pl.col("verdict") == UNDECIDED)
    results = {result.name: result for result in ParquetCaseStore(run / "run").results()}
    for pair in undecided.iter_rows(named=True):
        assert pair["next"] in {pair["first"], pair["second"]}
        further = results[pair["next"]]
        assert further.value is not None
        assert further.bound_checked is not None
        assert 0 < pair["next_gap"] < relative_gap(further.value, further.bound_checked)
    assert any(f"next: plan {name} to a gap of " in line for line in lines for name in undecided["next"])
