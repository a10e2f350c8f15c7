"""`concordat status`: what a server tells of itself, for people and for scripts, and when the exit code is not 0."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2_grpc

from cluster.main import launchers
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.cli.exit_codes import DONE, FAILED, WRONG_INPUT
from planner.client.connection import ServerAddress
from planner.client.server_status import ask_status
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.scripted_runtime import Script
from tests.gateway import LONG, Knock, at, first_value, seen
from tests.scenario_builder import small_scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


async def told(*arguments: str) -> tuple[int, str]:
    """Run the command in a thread of its own; return exit code and what it printed."""
    out, codes = StringIO(), list[int]()

    def command() -> None:
        with redirect_stdout(out):
            codes.append(run(launchers(), ["status", *arguments]))

    await asyncio.to_thread(command)
    return codes[0], out.getvalue()


def test_people_see_places_queue_and_plans(tmp_path: Path, scenario: Path) -> None:
    """The table names the running plan with phase and gap, the waiting one with its priority, and the host."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        running = await knock.client.create(stored, PlanningParameters())
        await first_value(knock, running.plan)
        waiting = await knock.client.create(stored, PlanningParameters(), priority=4)
        code, text = await told("--server", knock.address)
        assert code == DONE
        lines = text.splitlines()
        assert lines[0].startswith(f"{knock.address} serves: concordat 0.")
        assert lines[1].startswith("1 of 1 places taken, 1 plans wait (at most ")
        (first,) = [line.split() for line in lines if line.startswith(f"plans/{running.plan}")]
        (second,) = [line.split() for line in lines if line.startswith(f"plans/{waiting.plan}")]
        assert (first[1:3], first[4].endswith("%")) == (["running", "step"], True)
        assert (second[1:4], second[-1]) == (["queued", "–", "–"], "4")
        assert "1 hosts of agents; brought back since the start: 0" in text

    at(tmp_path / "data", LONG, visit)


def test_scripts_get_one_json_object(tmp_path: Path, scenario: Path) -> None:
    """With --json everything is a field of one object, also on a server that has nothing to do any more."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), PlanningParameters())
        await seen(knock, asked.plan)
        code, text = await told("--server", knock.address, "--json")
        assert code == DONE
        document = json.loads(text)
        assert document["serving"] is True
        assert (document["runtime"], document["plans"], document["queue_length"]) == ("ray", [], 0)
        assert 0 < document["uptime_seconds"] < 60
        assert (document["concurrency"], document["host_restarts"], document["hosts"]) == (1, 0, [])

    at(tmp_path / "data", Script(steps=1), visit)


def test_the_client_tells_the_same(tmp_path: Path, scenario: Path) -> None:
    """The typed client returns the running plan's gap as value and bound make it."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), PlanningParameters())
        await first_value(knock, asked.plan)
        status = (await ask_status(ServerAddress(knock.address))).status
        assert status is not None
        (plan,) = status.plans
        assert (plan.plan, plan.running, plan.priority) == (asked.plan, True, 0)
        step = int(plan.phase.removeprefix("step "))
        assert plan.gap == pytest.approx((2 * LONG.steps - 2 * step) / step)
        assert 0 < plan.seconds < 60
        assert [(host.name, host.answers) for host in status.hosts] == [(asked.plan, True)]

    at(tmp_path / "data", LONG, visit)


def test_where_nobody_answers_the_exit_code_says_so() -> None:
    """A server that is not there is an error with exit code 5."""
    code, text = asyncio.run(told("--server", "127.0.0.1:1"))
    assert (code, text) == (FAILED, "")


def in_a_health_server(serving: bool, visit: Callable[[str], None]) -> None:  # noqa: FBT001 - read best in place
    """Run a visit to a server that has a health service only."""

    async def serve(ready: threading.Event, ended: threading.Event, place: list[str]) -> None:
        server, servicer = grpc.aio.server(), health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        place.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        await server.start()
        if not serving:
            await servicer.enter_graceful_shutdown()
        ready.set()
        await asyncio.to_thread(ended.wait)
        await server.stop(None)

    ready, ended, place = threading.Event(), threading.Event(), list[str]()
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, ended, place)))
    thread.start()
    try:
        assert ready.wait(10)
        visit(place[0])
    finally:
        ended.set()
        thread.join()


def test_a_server_that_is_being_stopped_is_not_serving() -> None:
    """A server whose health says that it does not serve gives exit code 5 and says what that means."""

    def visit(address: str) -> None:
        assert asyncio.run(told("--server", address)) == (
            FAILED,
            f"{address} is not serving: it starts, or is being stopped\n",
        )
        code, text = asyncio.run(told("--server", address, "--json"))
        assert (code, json.loads(text)) == (FAILED, {"serving": False})

    in_a_health_server(serving=False, visit=visit)


def test_the_command_that_plans_hands_its_priority_on(tmp_path: Path, scenario: Path) -> None:
    """`concordat plan --priority` is the priority under which the server knows the plan; others are wrong input."""

    async def visit(knock: Knock) -> None:
        asked = ["plan", str(scenario), "--server", knock.address, "--out", str(tmp_path / "plan"), "--priority"]
        # A process of its own, since the command waits for signals.
        running = await asyncio.create_subprocess_exec(sys.executable, "-m", "cluster.main", *asked, "3")
        for _ in range(400):
            status = (await ask_status(ServerAddress(knock.address))).status
            if status is not None and status.plans:
                break
            await asyncio.sleep(0.05)
        assert status is not None
        assert [plan.priority for plan in status.plans] == [3]
        assert await asyncio.wait_for(running.wait(), 30) == DONE
        assert await asyncio.to_thread(run, launchers(), [*asked, "10"]) == WRONG_INPUT

    at(tmp_path / "data", Script(steps=5, step_seconds=0.2), visit)
