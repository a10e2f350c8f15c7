"""What-if cases on a real Ray cluster of two nodes: the loss of one costs what was under way there, and no answer."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.what_if import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.scenario_folder import write_scenario
from planner.cli.what_if_order import GridRunOrder
from tests.faults.served import PATIENCE_SECONDS, descendants, processes, wait_until
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
RAY = Path(sys.executable).with_name("ray")
WORKER = b"ray::LineWorker"


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@contextmanager
def ray_node(told: dict[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node of one processor until the context ends; nothing of it is left then."""
    command = [str(RAY), "start", "--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=80000000"]
    command += ["--disable-usage-stats", "--block", *options]
    node = subprocess.Popen(command, env=told, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        yield node
    finally:
        kill(node)


def kill(node: subprocess.Popen[bytes]) -> None:
    """Kill a node and all below it at once; one that was killed before is left alone."""
    if node.poll() is None:
        below = descendants(node.pid)
        node.kill()
        node.wait()
        for pid in below:
            subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)


def workers_below(*roots: int) -> list[int]:
    """Return how many workers of a run each of these nodes has."""
    known = processes()
    return [sum(known.get(pid, (0, b""))[1].startswith(WORKER) for pid in descendants(root)) for root in roots]


def hashes(folder: Path) -> dict[str, str]:
    """Return what plan came of each case."""
    return {result.key: result.plan_hash for result in ParquetCaseStore(folder).results()}


@contextmanager
def two_nodes() -> Iterator[tuple[dict[str, str], str, list[subprocess.Popen[bytes]]]]:
    """Yield what processes are told who join, the address, and the nodes of a cluster."""
    told = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    told |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "150", "POLARS_MAX_THREADS": "1"}
    place, port = Path(tempfile.mkdtemp(prefix="r", dir="/tmp")), free_port()  # paths of sockets must be short
    address = f"127.0.0.1:{port}"

    def stands() -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", port)) == 0

    try:
        with ray_node(told, "--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={place}") as first:
            wait_until(stands, "the head answers")
            with ray_node(told, f"--address={address}") as second:
                yield told, address, [first, second]
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.slow
def test_a_killed_node_costs_what_was_under_way_there_and_a_new_one_is_used(tmp_path: Path) -> None:
    """Workers live on both nodes, one is killed, another comes: all cases have the plans of one process, each once."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    grid = tmp_path / "grid.yaml"
    grid.write_text(GRID, encoding="utf-8")
    run_grid(GridRunOrder(grid=grid, out=tmp_path / "here", gap=GAP, workers=1), lambda _: None)
    out = tmp_path / "there"
    with two_nodes() as (told, address, nodes):
        command = [sys.executable, "-m", "cluster.main", "whatif", "run", str(grid), "--out", str(out)]
        command += ["--address", address, "--workers", "2", "--gap", str(GAP)]
        run = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def results() -> int:
            return len(list((out / "results").glob("*.parquet")))

        both = [node.pid for node in nodes]
        wait_until(lambda: workers_below(*both) == [1, 1] or run.poll() is not None, "both nodes have a worker")
        before = results()
        wait_until(lambda: results() >= before + 4 or run.poll() is not None, "both plan")
        kill(nodes[1])
        kept = {file.name: file.stat().st_mtime_ns for file in (out / "results").glob("*.parquet")}
        with ray_node(told, f"--address={address}") as third:
            wait_until(lambda: workers_below(third.pid) == [1] or run.poll() is not None, "the new node has a worker")
            said, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 0, said.decode()
    assert hashes(out) == hashes(tmp_path / "here")
    assert len(hashes(out)) == CASES
    assert {name: (out / "results" / name).stat().st_mtime_ns for name in kept} == kept
