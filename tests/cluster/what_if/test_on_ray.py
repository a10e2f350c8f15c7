"""What-if cases on a real Ray cluster: a lost node costs what was under way there, and one that comes is used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.process_tree import processes_below, title_of
from benchmarks.ray_nodes import kill_with_all_below, ray_head, ray_node
from cluster.what_if.run import run_grid
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
sample: {count: COUNT, seed: 1}
"""
GAP = 1e-6
WORKER = b"ray::LineWorker"


def workers_below(*roots: int) -> list[int]:
    """Return how many workers of a run each of these nodes has."""
    return [sum(title_of(pid).startswith(WORKER) for pid in processes_below(root)) for root in roots]


def hashes(folder: Path) -> dict[str, str]:
    """Return what plan came of each case."""
    return {result.key: result.plan_hash for result in ParquetCaseStore(folder).results()}


def asked(folder: Path, count: int) -> Path:
    """Return a grid of so many cases and its base, beside its scenario."""
    write_scenario(small_scenario(), folder / "scenario")
    file = folder / "grid.yaml"
    file.write_text(GRID.replace("COUNT", str(count)), encoding="utf-8")
    return file


@contextmanager
def running(grid: Path, out: Path, address: str, told: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a grid by two workers on a cluster; killed at the end of the context, if it did not end before."""
    command = [sys.executable, "-m", "cluster.main", "whatif", "run", str(grid), "--out", str(out)]
    command += ["--address", address, "--workers", "2", "--gap", str(GAP)]
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        try:
            yield run
        finally:
            run.kill()


def wait_for(run: subprocess.Popen[bytes], holds: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds while a run goes on."""
    wait_until(lambda: holds() or run.poll() is not None, what)
    assert run.poll() is None, f"the run ended before this: {what}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_node_costs_what_was_under_way_there(tmp_path: Path) -> None:
    """Workers live on both nodes, one is killed: all cases have the plans of one process, and none is kept twice."""
    grid, out = asked(tmp_path, 24), tmp_path / "there"
    run_grid(GridRunOrder(grid=grid, out=tmp_path / "here", gap=GAP, workers=1), lambda _: None)

    def kept() -> dict[str, int]:
        return {file.name: file.stat().st_mtime_ns for file in (out / "results").glob("*.parquet")}

    with (
        ray_head() as (address, told, head),
        ray_node(told, f"--address={address}") as second,
        running(grid, out, address, told) as run,
    ):
        wait_for(run, lambda: workers_below(head, second) == [1, 1], "both nodes have a worker")
        before = len(kept())
        wait_for(run, lambda: len(kept()) >= before + 3, "cases end")
        kill_with_all_below(second)
        stood = kept()
        said, _ = run.communicate(timeout=2 * PATIENCE_SECONDS)
        assert run.returncode == 0, said.decode()
    assert hashes(out) == hashes(tmp_path / "here")
    assert len(hashes(out)) == 25
    assert {name: moment for name, moment in kept().items() if name in stood} == stood


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_node_that_comes_gets_a_worker(tmp_path: Path) -> None:
    """Both workers of a run begin on the only node there is; once another comes, one of them is replaced there."""
    grid, out = asked(tmp_path, 5000), tmp_path / "there"
    with ray_head() as (address, told, head), running(grid, out, address, told) as run:
        wait_for(run, lambda: workers_below(head) == [2], "the only node has both workers")
        with ray_node(told, f"--address={address}") as second:
            wait_for(run, lambda: workers_below(head, second) == [1, 1], "the node that came has one of them")
