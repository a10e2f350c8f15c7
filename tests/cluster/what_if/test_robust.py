"""First decisions held fixed in all scenarios of a real run: certified by exact optima, and nothing planned twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from cluster.main import launchers
from cluster.what_if.opened import open_run
from cluster.what_if.run import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.cli.exit_codes import DONE, WRONG_INPUT
from planner.cli.what_if_order import GridRunOrder
from planner.domain.errors import PlanUnreadable
from planner.domain.holding import held_to, obstacles
from planner.simulation.generate import generate
from tests.planning import optimum

GRID = """schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, levels: [0.7, 1.3]}
  oil: {set: supplies.max_quantity, where: {period: 0}, levels: [0]}
cross: [demand]
list:
  - {oil: 0}
"""
SEED = 3


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on the tiny preset that keeps its plans."""
    folder = tmp_path_factory.mktemp("robust")
    write_scenario(generate("tiny", seed=SEED), folder / "scenario")
    (folder / "grid.yaml").write_text(GRID, encoding="utf-8")
    order = GridRunOrder(grid=folder / "grid.yaml", out=folder / "run", gap=1e-3, workers=1, keep_plans=True)
    run_grid(order, lambda _: None)
    return folder / "run"


def robust(folder: Path, *options: str) -> int:
    """Ask for the most robust first decisions, as the command does."""
    return run(launchers(), ["whatif", "compare", str(folder), "--robust", "--workers", "1", *options])


def tail(worths: Iterable[float], share: float) -> float:
    """Return the mean of the worst share of equally likely numbers, the last of them counted in part."""
    left, total = share, 0.0
    ordered = sorted(worths)
    for worth in ordered:
        part = min(1 / len(ordered), left)
        total, left = total + part * worth if part > 0 else total, left - part
    return total / share


def test_what_is_certified_holds_against_exact_optima(kept: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Worst case, CVaR and regret of each candidate hold those of exact optima with its decisions held, and without."""
    assert robust(kept, "--alpha", "0.6") == DONE
    told = capfd.readouterr()
    assert "first decisions of" in told.out
    assert "largest regret" in told.out
    opened = open_run(kept)
    results = [each for each in opened.store.results() if each.value is not None]
    scenarios = {each.key: opened.cases[each.key].scenario(opened.base) for each in results}
    free = {key: optimum(scenario).claimed for key, scenario in scenarios.items()}
    table = pl.read_parquet(kept / "robust.parquet")
    assert table.height >= 2
    impossible = 0
    for row in table.iter_rows(named=True):
        folder = next(opened.plans.of(each) for each in results if each.key == row["key"])
        assert folder is not None
        plan, worths = read_plan(folder), {}
        for key, scenario in scenarios.items():
            if obstacles(scenario, plan, periods=1):
                worths[key] = -float("inf")
            else:
                worths[key] = optimum(held_to(scenario, plan, periods=1)).claimed
        impossible += sum(worth == -float("inf") for worth in worths.values())
        slack = 1e-3
        assert row["worst_low"] - slack <= min(worths.values()) <= row["worst_high"] + slack
        assert row["cvar_low"] - slack <= tail(worths.values(), 0.4) <= row["cvar_high"] + slack
        losses = [free[key] - worth for key, worth in worths.items()]
        assert row["regret_low"] - slack <= max(losses) <= row["regret_high"] + slack
    assert table["impossible"].sum() == impossible


def test_asking_again_plans_nothing_and_another_risk_uses_the_same_plans(
    kept: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every pair is a file that is not touched again, whatever is asked of the worths."""
    assert robust(kept) == DONE
    files = {file: file.stat().st_mtime_ns for file in (kept / "robust" / "results").iterdir()}
    assert robust(kept, "--risk", "cvar", "--alpha", "0.5") == DONE
    assert "CVaR at 0.5" in capfd.readouterr().out
    assert {file: file.stat().st_mtime_ns for file in (kept / "robust" / "results").iterdir()} == files
    assert len(ParquetCaseStore(kept / "robust").results()) == len(files)


def test_a_used_up_budget_says_what_is_left_and_more_periods_than_there_are_are_refused(
    kept: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two periods are other questions than one: none of them has an answer yet."""
    assert robust(kept, "--periods", "2", "--budget-seconds", "0.001") == DONE
    assert "pairs are not planned yet: the same command goes on" in capfd.readouterr().out
    assert robust(kept, "--periods", "99") == WRONG_INPUT
    assert "the horizon has" in capfd.readouterr().err


def test_a_run_without_kept_plans_is_told_what_to_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where no plan was kept, not even the base's, the cure is named; a folder without a run is wrong input."""
    write_scenario(generate("tiny", seed=SEED), tmp_path / "scenario")
    (tmp_path / "grid.yaml").write_text(GRID, encoding="utf-8")
    run_grid(GridRunOrder(grid=tmp_path / "grid.yaml", out=tmp_path / "run", budget_seconds=1e-3), lambda _: None)
    assert robust(tmp_path / "run") == WRONG_INPUT
    assert "--keep-plans" in capfd.readouterr().err
    with pytest.raises(PlanUnreadable):
        open_run(tmp_path)
