"""The server as a process of its own: started, killed, started again, told to stop."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient, PlanStep
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from tests.scenario_builder import small_scenario

SERVER = Path(__file__).with_name("scripted_server.py")
FOREVER = 100_000


@contextmanager
def server(data: Path, *, steps: int, port: int = 0, rest: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server process; gives the process and the address it says it listens on."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(data), str(port), str(steps), *filter(None, [rest])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.removeprefix("listening on ").strip()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


def test_a_plan_survives_the_kill_of_its_server(tmp_path: Path, scenario: Path) -> None:
    """After kill -9 in mid-plan a new server ends the plan, and the client that watched sees both."""

    async def run(stack: ExitStack) -> None:
        process, address = stack.enter_context(server(tmp_path / "data", steps=FOREVER))
        port, parameters, lost, final = int(address.rpartition(":")[2]), PlanningParameters(time_limit=120.0), 0, None
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), parameters, request_id="r-1")
            async for step in client.watch(asked.plan, patience_seconds=60):
                final = step
                if isinstance(step, ConnectionLost):
                    lost += 1
                    if lost == 1:
                        stack.enter_context(server(tmp_path / "data", steps=5, port=port))
                elif process.poll() is None and step.progress is not None:
                    process.kill()
                    process.wait()
            assert lost >= 1
            assert isinstance(final, PlanStep)
            assert isinstance(final.record.ending, PlanCompleted)
            again = await client.create(asked.request.scenario, parameters, request_id="r-1")
            assert again.plan == asked.plan

    with ExitStack() as stack:
        asyncio.run(asyncio.wait_for(run(stack), 90))


def test_an_acceptance_survives_the_kill_of_its_server(tmp_path: Path, scenario: Path) -> None:
    """After kill -9 between acceptance and certificate a new server makes exactly the plan that was accepted."""

    async def accept(address: str) -> tuple[str, str]:
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), PlanningParameters(time_limit=120.0))
            async for step in client.watch(asked.plan):
                if isinstance(step, PlanStep) and step.progress is not None and step.progress.etag:
                    await client.accept(asked.plan, step.progress.etag, accepted_by="ana")
                    return asked.plan, step.progress.etag
        raise AssertionError("the plan ended before there was anything to accept")

    async def end(address: str, plan: str) -> object:
        async with PlanningClient(ServerAddress(address)) as client:
            return [step async for step in client.watch(plan)][-1]

    with server(tmp_path / "data", steps=FOREVER, rest="certifies-long") as (process, address):
        plan, etag = asyncio.run(accept(address))
        process.kill()
        process.wait()
    with server(tmp_path / "data", steps=FOREVER) as (_, address):
        final = asyncio.run(asyncio.wait_for(end(address, plan), 60))
    assert isinstance(final, PlanStep)
    assert isinstance(final.record.ending, PlanCompleted)
    assert final.record.ending.value == float(etag.partition("-")[0])
    assert final.record.acceptance is not None
    assert (final.record.acceptance.accepted_by, final.record.acceptance.etag) == ("ana", etag)


def test_a_signal_stops_the_server_and_leaves_the_plan_for_the_next(tmp_path: Path, scenario: Path) -> None:
    """A stopped server exits with 0 in mid-plan, having loaded no solver, kernel compiler or Ray."""

    async def begin(address: str) -> str:
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), PlanningParameters())
            async for step in client.watch(asked.plan):
                if isinstance(step, PlanStep) and step.progress is not None:
                    break
            return asked.plan

    async def end(address: str, plan: str) -> object:
        async with PlanningClient(ServerAddress(address)) as client:
            return [step async for step in client.watch(plan)][-1]

    with server(tmp_path / "data", steps=FOREVER) as (process, address):
        plan = asyncio.run(begin(address))
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        loaded = set(told.removeprefix("loaded ").split())
        assert "grpc" in loaded
        assert loaded & {"highspy", "ortools", "pyomo", "numba", "ray"} == set()
    with server(tmp_path / "data", steps=3) as (_, address):
        final = asyncio.run(end(address, plan))
        assert isinstance(final, PlanStep)
        assert isinstance(final.record.ending, PlanCompleted)


def test_a_child_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A server that watches its standard input stops when that is closed."""
    with server(tmp_path / "data", steps=3, rest="until-stdin-closes") as (process, address):
        assert address.startswith("127.0.0.1:")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_two_servers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    """A second server on the same data is refused, since both would make every plan."""
    with server(tmp_path / "data", steps=3), server(tmp_path / "data", steps=3) as (second, address):
        assert address == ""
        assert second.wait(20) == 1
        assert second.stderr is not None
        assert "held by another server" in second.stderr.read()
