"""`kill -9` of the gateway in the middle of a client's call: all faces ask again, and nothing is executed twice."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.blocking_client import BlockingPlanningClient
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.client.retry import RetryPolicy
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate
from tests.faults.promise import check_promise
from tests.faults.served import Server, concordat_serve, serving, wait_until
from tests.node_programs import node_programs
from tests.planning import plan_in_process

DYING = Path(__file__).with_name("dying_server.py")
JOURNEY = Path(__file__).parents[1] / "journeys" / "node" / "journey.mjs"
PATIENT = RetryPolicy(attempts=1000, first_wait=0.1, longest_wait=0.5)
PARAMETERS = PlanningParameters()

Face = Callable[[str, Path, Future[str]], str]
"""Asks for a plan at an address, tells the first answer, watches to the end and returns the state of the plan."""


def asynchronous(address: str, scenario: Path, answer: Future[str]) -> str:
    """Ask by the asynchronous client."""

    async def run() -> str:
        async with PlanningClient(ServerAddress(address), retry=PATIENT) as client:
            stored = await client.upload(scenario)
            answer.set_result((await client.create(stored, PARAMETERS, request_id="asynchronous")).plan)
            return ended([step async for step in client.watch(answer.result())][-1])

    return asyncio.run(run())


def blocking(address: str, scenario: Path, answer: Future[str]) -> str:
    """Ask by the blocking client."""
    with BlockingPlanningClient(ServerAddress(address), retry=PATIENT) as client:
        answer.set_result(client.create(client.upload(scenario), PARAMETERS, request_id="blocking").plan)
        return ended(list(client.watch(answer.result()))[-1])


def ended(step: object) -> str:
    """Return the state in the last step of a watch."""
    assert isinstance(step, PlanStep)
    return step.record.state.name


def in_node(folder: Path) -> Face:
    """Return how to ask by a client in another language."""
    node = node_programs(folder, JOURNEY)

    def ask(address: str, scenario: Path, answer: Future[str]) -> str:
        with node.start(JOURNEY.name, "survives", address, scenario, "node") as process:
            try:
                assert process.stdout is not None
                answer.set_result(process.stdout.readline().strip().removeprefix("operations/"))
                out, err = process.communicate(timeout=120)
                assert process.returncode == 0, err
            finally:
                process.kill()
        return str(json.loads(out.splitlines()[-1])["plan"]["state"])

    return ask


@contextmanager
def dying_at_request(data: Path, port: int) -> Iterator[Server]:
    """Serve until a new request is on disk, and die before it is acknowledged."""
    with serving([sys.executable, DYING, data, str(port), "RequestReceived", "after"]) as server:
        yield server


@pytest.mark.parametrize("faces", ["python", "node"])
def test_a_call_cut_off_by_a_kill_is_answered_by_the_next_server(tmp_path: Path, faces: str) -> None:
    """Each face's request reaches the disk as its server dies; asked again, it is that very plan, made once."""
    scenario = generate("tiny", seed=3)
    write_scenario(scenario, tmp_path / "scenario")
    undisturbed = plan_in_process(scenario, tmp_path / "undisturbed", PARAMETERS).plan
    assert undisturbed is not None
    asked: list[Face] = [asynchronous, blocking] if faces == "python" else [in_node(tmp_path / "node")]
    data, port, address = tmp_path / "data", 0, ""
    answers: list[Future[str]] = []
    endings: list[Future[str]] = []
    with ThreadPoolExecutor(len(asked)) as pool:
        for face in asked:
            with dying_at_request(data, port) as server:
                port, address = server.port, server.address
                for earlier in answers:
                    earlier.result(60)
                answers.append(Future())
                endings.append(pool.submit(face, address, tmp_path / "scenario", answers[-1]))
                wait_until(lambda: server.process.poll() is not None, "the server dies over the request")
                assert not answers[-1].done()
        with serving(concordat_serve(data, "--runtime", "local", port=port)):
            assert [ending.result(120) for ending in endings] == ["PLANNED"] * len(asked)
    plans = {answer.result(0) for answer in answers}
    assert len(plans) == len(asked)
    check_promise(data, plans, str(undisturbed.summary["plan_hash"]))
