"""Ray's head is killed and comes back, and the gateway is killed while its cluster lives on."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from tests.faults.promise import check_promise
from tests.faults.served import Server, concordat_serve, descendants, processes, serving, wait_until
from tests.middling import middling_scenario
from tests.planning import plan_in_process

pytestmark = pytest.mark.slow

SEED = 5
PARAMETERS = PlanningParameters(gap=0.0, work_limit=20)
WAITED_SECONDS = 280.0
RAY = Path(sys.executable).with_name("ray")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a scenario's folder, and the hash of the plan that is made of it where nothing happens."""
    folder, scenario = tmp_path_factory.mktemp("undisturbed"), middling_scenario(SEED)
    write_scenario(scenario, folder / "scenario")
    planned = plan_in_process(scenario, folder / "plan", PARAMETERS)
    assert planned.plan is not None
    return folder / "scenario", str(planned.plan.summary["plan_hash"])


@contextmanager
def cluster(port: int, environment: dict[str, str]) -> Iterator[None]:
    """Give a Ray cluster of one node that servers can join; its processes are killed with the context."""
    options = ("--head", "--block", f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false")
    process = subprocess.Popen(
        [RAY, "start", *options, "--disable-usage-stats", "--num-cpus=2", "--object-store-memory=200000000"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(port), "the cluster listens")
        yield
    finally:
        below = descendants(process.pid)
        process.kill()
        process.wait()
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not below & processes().keys(), "nothing of the cluster is left")


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


@pytest.fixture
def joined() -> tuple[int, dict[str, str]]:
    """Return a free port for a cluster, and the environment of whoever belongs to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    return port, {
        "CONCORDAT_RAY_ADDRESS": f"127.0.0.1:{port}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
    }


async def begun(server: Server, scenario: Path) -> str:
    """Ask for a plan and follow it until it has a value."""
    async with PlanningClient(ServerAddress(server.address)) as client:
        asked = await client.create(await client.upload(scenario), PARAMETERS, request_id="r-1")
        async for step in client.watch(asked.plan):
            if isinstance(step, PlanStep) and step.progress is not None and step.progress.value is not None:
                return asked.plan
    raise AssertionError("the plan ended without a value")


async def made(server: Server, plan: str) -> None:
    """Follow a plan until it was made."""
    async with PlanningClient(ServerAddress(server.address)) as client:
        last = [step async for step in client.watch(plan)][-1]
        assert isinstance(last, PlanStep)
        assert isinstance(last.record.ending, PlanCompleted), last.record.ending


def run(work: object) -> object:
    """Run a coroutine within the time that is waited."""
    return asyncio.run(asyncio.wait_for(work, WAITED_SECONDS))  # type: ignore[arg-type]  # any coroutine


def test_the_head_of_an_own_cluster_is_killed(tmp_path: Path, undisturbed: tuple[Path, str]) -> None:
    """With the server's own Ray head killed in mid-plan a new one is started, and the plan is made on it."""
    scenario, expected = undisturbed
    with serving(concordat_serve(tmp_path / "data", "--runtime", "ray")) as server:
        plan = str(run(begun(server, scenario)))
        known = processes()
        below = descendants(server.process.pid)
        (head,) = [pid for pid in below if b"actors.on_ray" in known[pid][1]]
        os.kill(head, signal.SIGKILL)
        run(made(server, plan))
        server.below |= below
    check_promise(tmp_path / "data", {plan}, expected)


def test_the_head_of_a_joined_cluster_is_restarted(
    tmp_path: Path, undisturbed: tuple[Path, str], joined: tuple[int, dict[str, str]]
) -> None:
    """With a joined cluster killed in mid-plan and started again at its address, the server finds it and goes on."""
    scenario, expected = undisturbed
    port, environment = joined
    command = concordat_serve(tmp_path / "data", "--runtime", "ray")
    with ExitStack() as stack:
        with cluster(port, environment):
            server = stack.enter_context(serving(command, environment))
            plan = str(run(begun(server, scenario)))
        with cluster(port, environment):
            run(made(server, plan))
            check_promise(tmp_path / "data", {plan}, expected)
            stack.close()


def test_the_gateway_is_killed_while_its_cluster_lives_on(
    tmp_path: Path, undisturbed: tuple[Path, str], joined: tuple[int, dict[str, str]]
) -> None:
    """With the gateway killed in mid-plan its successor stops what still runs of it on the cluster, and plans anew."""
    scenario, expected = undisturbed
    port, environment = joined
    command = concordat_serve(tmp_path / "data", "--runtime", "ray")
    with cluster(port, environment):
        with serving(command, environment) as first:
            plan = str(run(begun(first, scenario)))
            first.kill()
        with serving(command, environment) as second:
            run(made(second, plan))
        check_promise(tmp_path / "data", {plan}, expected)
