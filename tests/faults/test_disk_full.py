"""The server's disk runs full in mid-plan, and is given room again: a real file system, full to its last block."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.domain.errors import StorageFull
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate
from tests.faults.promise import check_promise
from tests.faults.served import concordat_serve, serving
from tests.middling import middling_scenario
from tests.planning import plan_in_process

SEED = 5
PARAMETERS = PlanningParameters(gap=0.0, work_limit=20)
IN_A_SMALL_DISK = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"']
"""Runs a command that alone sees a disk of 16 MB in the place of a folder; it has the process id of the command."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Return a folder that a server can have a small disk at, where this machine lets anybody mount one."""
    folder = tmp_path / "data"
    folder.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("no disk can be made full here: there is no program unshare")
    tried = subprocess.run([*IN_A_SMALL_DISK, folder, "true"], check=False, capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"no disk can be made full here: {tried.stderr.strip()}")
    return folder


def fill(file: Path) -> None:
    """Take all the room that is left on a disk."""
    with file.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))


async def seen_phase(client: PlanningClient, plan: str, phase: str) -> None:
    """Follow a plan until it tells a phase."""
    async for step in client.watch(plan):
        if isinstance(step, PlanStep) and step.progress is not None and step.progress.phase == phase:
            return
    raise AssertionError(f"the plan ended before it was {phase}")


def test_a_plan_outlasts_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    """On a full disk requests and uploads are refused by its name; the plan under way waits for room, and is made."""
    scenario = middling_scenario(SEED)
    write_scenario(scenario, tmp_path / "scenario")
    write_scenario(generate("tiny", seed=3), tmp_path / "other")
    filler = Path("filler")

    async def visit(address: str, disk: Path) -> list[str]:
        async with PlanningClient(ServerAddress(address)) as client:
            stored = await client.upload(tmp_path / "scenario")
            first = await client.create(stored, PARAMETERS, request_id="r-1")
            await seen_phase(client, first.plan, "relaxing")
            fill(disk / filler)
            with pytest.raises(StorageFull, match="free space"):
                await client.create(stored, PARAMETERS, request_id="r-2")
            with pytest.raises(StorageFull, match="free space"):
                await client.upload(tmp_path / "other")
            await seen_phase(client, first.plan, "certifying")
            assert not (await client.plan(first.plan)).record.done
            (disk / filler).unlink()
            second = await client.create(stored, PARAMETERS, request_id="r-2")
            for plan in (first.plan, second.plan):
                last = [step async for step in client.watch(plan)][-1]
                assert isinstance(last, PlanStep)
                assert isinstance(last.record.ending, PlanCompleted)
            return [first.plan, second.plan]

    command = [*IN_A_SMALL_DISK, small_disk, *concordat_serve(small_disk, "--runtime", "local")]
    with serving(command) as server:
        disk = Path(f"/proc/{server.process.pid}/root{small_disk}")
        assert os.statvfs(disk).f_blocks * os.statvfs(disk).f_frsize == 16 << 20
        plans = asyncio.run(asyncio.wait_for(visit(server.address, disk), 180))
        shutil.copytree(disk, tmp_path / "kept")
    here = plan_in_process(scenario, tmp_path / "here", PARAMETERS).plan
    assert here is not None
    check_promise(tmp_path / "kept", plans, str(here.summary["plan_hash"]))
