"""What-if cases on a real Ray cluster of two nodes: the loss of one costs what was under way there, and no answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.process_tree import processes_below, title_of
from benchmarks.ray_nodes import kill_with_all_below, ray_head, ray_node
from cluster.what_if import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.scenario_folder import write_scenario
from planner.cli.what_if_order import GridRunOrder
from tests.faults.served import PATIENCE_SECONDS, wait_until
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: scenario
factors:
  demand: {scale: demand.quantity, range: [0.5, 1.5]}
  seed: {set: seed, levels: [1, 2, 3]}
sample: {count: 40, seed: 1}
"""
CASES, GAP = 41, 1e-6
WORKER = b"ray::LineWorker"


def workers_below(*roots: int) -> list[int]:
    """Return how many workers of a run each of these nodes has."""
    return [sum(title_of(pid).startswith(WORKER) for pid in processes_below(root)) for root in roots]


def hashes(folder: Path) -> dict[str, str]:
    """Return what plan came of each case."""
    return {result.key: result.plan_hash for result in ParquetCaseStore(folder).results()}


@pytest.mark.slow
def test_a_killed_node_costs_what_was_under_way_there_and_a_new_one_is_used(tmp_path: Path) -> None:
    """Workers live on both nodes, one is killed, another comes: all cases have the plans of one process, each once."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    grid = tmp_path / "grid.yaml"
    grid.write_text(GRID, encoding="utf-8")
    run_grid(GridRunOrder(grid=grid, out=tmp_path / "here", gap=GAP, workers=1), lambda _: None)
    out = tmp_path / "there"
    with ray_head() as (address, told, head), ray_node(told, f"--address={address}") as second:
        command = [sys.executable, "-m", "cluster.main", "whatif", "run", str(grid), "--out", str(out)]
        command += ["--address", address, "--workers", "2", "--gap", str(GAP)]
        run = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def results() -> int:
            return len(list((out / "results").glob("*.parquet")))

        wait_until(lambda: workers_below(head, second) == [1, 1] or run.poll() is not None, "both nodes have a worker")
        before = results()
        wait_until(lambda: results() >= before + 4 or run.poll() is not None, "both plan")
        kill_with_all_below(second)
        kept = {file.name: file.stat().st_mtime_ns for file in (out / "results").glob("*.parquet")}
        with ray_node(told, f"--address={address}") as third:
            wait_until(lambda: workers_below(third) == [1] or run.poll() is not None, "the new node has a worker")
            said, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 0, said.decode()
    assert hashes(out) == hashes(tmp_path / "here")
    assert len(hashes(out)) == CASES
    assert {name: (out / "results" / name).stat().st_mtime_ns for name in kept} == kept
