"""A server process that is killed while it plans what-if cases loses none of them and plans none twice."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from planner.adapters.scenario_folder import write_scenario
from planner.client.blocking_what_if_client import BlockingWhatIfClient
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.client.what_if_client import ExecutionStep, WhatIfClient
from planner.ports.what_if_jobs import ExecutionState
from tests.cluster.test_gateway_process import server
from tests.scenario_builder import small_scenario

GRID = """
schema: concordat.grid/1
scenario: scenarios/of-the-request
factors:
  demand: {scale: demand.quantity, where: {family: care}, levels: [0.5, 0.7, 0.9, 1.1, 1.2]}
cross: [demand]
"""
CASES = 6


async def begun(address: str, scenario: Path) -> str:
    """Have the grid asked; return the execution once two results are there."""
    server_address = ServerAddress(address)
    async with PlanningClient(server_address) as client:
        uploaded = await client.upload(scenario)
    async with WhatIfClient(server_address) as what_if:
        job = await what_if.submit(uploaded, GRID, gap=1e-6)
        assert job.cases == CASES
        execution = await what_if.run(job.name)
        async for step in what_if.watch(execution.name):
            if isinstance(step, ExecutionStep) and step.result is not None and step.result.sequence == 2:
                break
    return execution.name


def stamps(data: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of every result that is on disk."""
    files = data.glob("what-if/*/executions/*/run/results/*.parquet")
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def test_a_killed_server_goes_on_with_its_execution(tmp_path: Path) -> None:
    """After kill -9 in mid-grid a new server on the same data ends the execution; what was there stays as it was."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    data = tmp_path / "data"
    with ExitStack() as stack:
        process, address = stack.enter_context(server(data, steps=5))
        name = asyncio.run(begun(address, tmp_path / "scenario"))
        process.kill()
        process.wait()
        before = stamps(data)
        assert len(before) >= 2
        _, address = stack.enter_context(server(data, steps=5))
        with BlockingWhatIfClient(ServerAddress(address)) as client:
            ended = client.wait(name)
            client.save(name, tmp_path / "results.arrow")
    assert (ended.state, ended.done, ended.total) == (ExecutionState.SUCCEEDED, CASES, CASES)
    after = stamps(data)
    assert {file: after[file] for file in before} == before
    table = pl.read_ipc_stream(tmp_path / "results.arrow")
    assert table["outcome"].to_list() == ["planned"] * CASES
    assert (table["value"] <= table["bound_checked"] * (1 + 1e-9)).all()
