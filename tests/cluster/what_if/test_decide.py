"""A comparison that may spend seconds decides pairs that a coarse run left open, and keeps what it proves."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from cluster.main import launchers
from cluster.what_if.opened import KeptPlans
from cluster.what_if.run import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.cli.exit_codes import DONE, WRONG_INPUT
from planner.cli.what_if_order import GridRunOrder
from tests.planning import optimum
from tests.scenario_builder import small_scenario

GRID = """schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.96, 1.02, 1.05]}
cross: all
"""


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run to a gap so wide that it decides nothing."""
    folder = tmp_path_factory.mktemp("what-if")
    write_scenario(small_scenario(), folder / "scenario")
    (folder / "grid.yaml").write_text(GRID, encoding="utf-8")
    run_grid(GridRunOrder(grid=folder / "grid.yaml", out=folder / "run", gap=0.9, workers=1), lambda _: None)
    return folder


def compare(folder: Path, *options: str) -> int:
    """Compare the run, as the command does."""
    return run(launchers(), ["whatif", "compare", str(folder / "run"), "--workers", "1", *options])


def test_deciding_proves_what_the_run_left_open_and_keeps_it(coarse: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Pairs become decided, bounds stay true and get tighter, the plans they rest on are kept, and it ends."""
    before = {each.key: each for each in ParquetCaseStore(coarse / "run").results()}
    assert compare(coarse, "--decide", "--seconds", "10", "--budget-seconds", "100", "--bound", "proved") == DONE
    told = capfd.readouterr()
    assert "0 undecided" in told.out, told.out
    assert "reached" in told.err
    cases = {case.key: case for case in read_grid(coarse / "grid.yaml").grid.cases()}
    plans = KeptPlans(coarse / "run")
    further = 0
    for now in ParquetCaseStore(coarse / "run").results():
        best, earlier = optimum(cases[now.key].scenario(small_scenario())), before[now.key]
        assert None not in {now.value, now.bound_checked, earlier.value, earlier.bound_checked}
        assert (earlier.value or 0.0) <= (now.value or 0.0) <= best.claimed + 1e-4
        assert (earlier.bound_checked or 0.0) >= (now.bound_checked or 0.0) >= best.reached - 1e-4
        if now.seconds > earlier.seconds:
            further += 1
            assert plans.of(now) is not None
    assert further > 0
    together = pl.read_parquet(coarse / "run" / "results.parquet")
    assert together["bound_hash"].is_not_null().any()
    assert compare(coarse, "--decide", "--bound", "proved") == DONE
    assert "0 steps decided 0 of 0 undecided pairs" in capfd.readouterr().out


def test_a_run_whose_base_was_changed_is_not_mixed_with_new_plans(
    coarse: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes the base learns that the old results do not belong to it."""
    scenario = coarse / "scenario"
    scenario.rename(coarse / "aside")
    try:
        write_scenario(small_scenario(), scenario)
        header = (scenario / "scenario.json").read_text(encoding="utf-8")
        (scenario / "scenario.json").write_text(header.replace('"seed"', '"seed" '), encoding="utf-8")
        assert compare(coarse, "--decide", "--budget-seconds", "0.001") == DONE
        (scenario / "scenario.json").write_text(header.replace('"title": "', '"title": "another '), encoding="utf-8")
        assert compare(coarse, "--decide") == WRONG_INPUT
        assert "was changed since" in capfd.readouterr().err
    finally:
        for file in scenario.iterdir():
            file.unlink()
        scenario.rmdir()
        (coarse / "aside").rename(scenario)


def test_a_run_that_did_not_note_its_base_is_told_how_to(coarse: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The cure costs nothing: the same grid once more into the same folder."""
    noted = coarse / "run" / "run.json"
    content = noted.read_text(encoding="utf-8")
    noted.write_text(content.replace('"base"', '"elsewhere"'), encoding="utf-8")
    try:
        assert compare(coarse, "--decide") == WRONG_INPUT
        assert "which plans nothing twice" in capfd.readouterr().err
    finally:
        noted.write_text(content, encoding="utf-8")


@pytest.mark.slow
def test_deciding_that_is_killed_goes_on_with_whole_results(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """After kill -9 every result is the old one or the new one, and the same command decides the rest."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    (tmp_path / "grid.yaml").write_text(GRID, encoding="utf-8")
    run_grid(GridRunOrder(grid=tmp_path / "grid.yaml", out=tmp_path / "run", gap=0.9, workers=1), lambda _: None)
    store = ParquetCaseStore(tmp_path / "run")
    before = {each.key: each for each in store.results()}
    command = [sys.executable, "-m", "cluster.main", "whatif", "compare", str(tmp_path / "run"), "--workers", "1"]
    process = subprocess.Popen([*command, "--decide", "--bound", "proved"], stdout=subprocess.PIPE)
    try:
        end = time.monotonic() + 120
        while {each.key: each for each in store.results()} == before:
            assert time.monotonic() < end, "no step ended"
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    killed = {each.key: each for each in store.results()}
    assert sorted(killed) == sorted(before)
    assert compare(tmp_path, "--decide", "--bound", "proved", "--seconds", "20") == DONE
    assert "0 undecided" in capfd.readouterr().out
    for now in store.results():
        assert (now.value or 0.0) >= (killed[now.key].value or 0.0) >= (before[now.key].value or 0.0)
