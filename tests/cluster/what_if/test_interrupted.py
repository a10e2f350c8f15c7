"""Ctrl-C ends a what-if run with what it has, for the same command to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from cluster.what_if.run import run_grid
from planner.adapters.scenario_folder import write_scenario
from planner.cli.exit_codes import INTERRUPTED
from planner.cli.what_if_order import GridRunOrder
from tests.faults.served import descendants, processes, wait_until
from tests.scenario_builder import small_scenario

GRID = """schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, where: {family: care}, range: [0.5, 1.5]}
sample: {count: 6, seed: 1}
"""
CASES = 7


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of every result."""
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in (folder / "results").glob("*.parquet")}


def test_an_interrupted_run_says_where_it_stands_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """The signal goes to the whole group, as a terminal sends it: nobody is left, nothing is lost or planned twice."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    (tmp_path / "grid.yaml").write_text(GRID, encoding="utf-8")
    out = tmp_path / "run"
    command = [sys.executable, "-m", "cluster.main", "whatif", "run", str(tmp_path / "grid.yaml"), "--out", str(out)]
    command += ["--workers", "1", "--gap", "1e-6"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        try:
            wait_until(lambda: len(stamps(out)) >= 2 or run.poll() is not None, "two cases have a result")
            workers = descendants(run.pid)
            os.killpg(run.pid, signal.SIGINT)
            _, told = run.communicate(timeout=60)
            wait_until(lambda: not workers & processes().keys(), "all workers are gone")
        finally:
            run.kill()
    assert workers
    assert run.returncode == INTERRUPTED, told
    assert f"interrupted: results so far are in {out}, and the same command goes on from there" in told
    assert "Traceback" not in told
    before = stamps(out)
    assert 2 <= len(before) < CASES
    end = run_grid(GridRunOrder(grid=tmp_path / "grid.yaml", out=out, workers=1, gap=1e-6), lambda _: None)
    assert (end.done, end.left, end.unanswered) == (CASES, 0, 0)
    assert {name: stamp for name, stamp in stamps(out).items() if name in before} == before
