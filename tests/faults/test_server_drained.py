"""SIGTERM or Ctrl-C: the server lets short calls end, hands its plans over to the next one, leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient, PlanStep
from planner.domain.errors import ServerUnavailable
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from tests.faults.promise import check_promise
from tests.faults.served import Server, concordat_serve, descendants, processes, serving, wait_until
from tests.middling import middling_scenario
from tests.planning import plan_in_process

SEED = 5
PARAMETERS = PlanningParameters(gap=0.0, work_limit=20)
PLANS = 3


def terminate(server: Server) -> int:
    """Stop a server as a supervisor does; return its exit code."""
    return server.stop(signal.SIGTERM)


def interrupt(server: Server) -> int:
    """Stop a server as Ctrl-C in its terminal does, which is sent to all of its process group; return its exit code."""
    group = os.getpgid(server.process.pid)
    for pid in descendants(server.process.pid):
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == group:
                os.kill(pid, signal.SIGINT)
    return server.stop(signal.SIGINT)


async def drained_in_mid_plan(server: Server, scenario: Path, stop: Callable[[Server], int]) -> list[str]:
    """Ask for some plans, stop the server while the first is made, and see that it takes no further request."""
    async with PlanningClient(ServerAddress(server.address)) as client:
        stored = await client.upload(scenario)
        asked = [await client.create(stored, PARAMETERS, request_id=f"r-{i}") for i in range(PLANS)]
        async for step in client.watch(asked[0].plan):
            if isinstance(step, PlanStep) and step.progress is not None and step.progress.value is not None:
                break
        below = descendants(server.process.pid)
        assert await asyncio.to_thread(stop, server) == 0
        assert below
        await asyncio.to_thread(wait_until, lambda: not below & processes().keys(), "nothing of the server is left")
        with pytest.raises(ServerUnavailable):
            await client.create(stored, PARAMETERS, request_id="r-late")
    return [record.plan for record in asked]


async def all_ended(server: Server, plans: list[str]) -> None:
    """Follow plans until they are made."""
    async with PlanningClient(ServerAddress(server.address)) as client:
        for plan in plans:
            steps = [step async for step in client.watch(plan)]
            assert not any(isinstance(step, ConnectionLost) for step in steps)
            last = steps[-1]
            assert isinstance(last, PlanStep)
            assert isinstance(last.record.ending, PlanCompleted)


@pytest.mark.parametrize(
    ("runtime", "stop"),
    [
        ("local", terminate),
        pytest.param("local", interrupt, marks=pytest.mark.slow),
        pytest.param("ray", terminate, marks=pytest.mark.slow),
    ],
)
def test_a_drained_server_hands_its_plans_over(tmp_path: Path, runtime: str, stop: Callable[[Server], int]) -> None:
    """Stopped in mid-plan with others waiting, it exits with 0; its successor makes all of them, each once."""
    scenario, data = middling_scenario(SEED), tmp_path / "data"
    write_scenario(scenario, tmp_path / "scenario")
    with serving(concordat_serve(data, "--runtime", runtime)) as first:
        plans = asyncio.run(asyncio.wait_for(drained_in_mid_plan(first, tmp_path / "scenario", stop), 120))
    with serving(concordat_serve(data, "--runtime", runtime)) as second:
        asyncio.run(asyncio.wait_for(all_ended(second, plans), 240))
    here = plan_in_process(scenario, tmp_path / "here", PARAMETERS).plan
    assert here is not None
    check_promise(data, plans, str(here.summary["plan_hash"]))
