"""`kill -9` of the gateway before and after it acknowledged a request, and around everything it writes down."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.domain.errors import ConcordatError
from planner.events.catalogue import PlanCompleted, PlanRequested, PlanStarted, RequestReceived
from planner.events.codec import decode
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate
from tests.faults.promise import check_promise, kept
from tests.faults.served import Server, concordat_serve, serving, wait_until
from tests.planning import plan_in_process

DYING = Path(__file__).with_name("dying_server.py")
SEED = 3
PARAMETERS = PlanningParameters()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a scenario's folder, and the hash of the plan that is made of it where nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    scenario = generate("tiny", seed=SEED)
    write_scenario(scenario, folder / "scenario")
    planned = plan_in_process(scenario, folder / "plan", PARAMETERS)
    assert planned.plan is not None
    return folder / "scenario", str(planned.plan.summary["plan_hash"])


async def asked(address: str, scenario: Path) -> str:
    """Ask for the plan under the one request id of these tests; returns the plan that was acknowledged."""
    async with PlanningClient(ServerAddress(address)) as client:
        record = await client.create(await client.upload(scenario), PARAMETERS, request_id="r-1")
        return record.plan


async def ended(address: str, plan: str) -> None:
    """Follow a plan until it was made."""
    async with PlanningClient(ServerAddress(address)) as client:
        last = [step async for step in client.watch(plan)][-1]
        assert isinstance(last, PlanStep)
        assert isinstance(last.record.ending, PlanCompleted)


def acknowledged_by(server: Server, scenario: Path) -> set[str]:
    """Ask a server that may die over it; returns the plan if it was acknowledged."""
    with suppress(ConcordatError):
        return {asyncio.run(asyncio.wait_for(asked(server.address, scenario), 60))}
    return set()


@pytest.mark.parametrize(
    ("event", "moment"),
    [
        pytest.param(RequestReceived, "before", id="before the request is on disk"),
        pytest.param(RequestReceived, "after", id="on disk and not acknowledged"),
        pytest.param(PlanStarted, "before", id="before the run is noted", marks=pytest.mark.slow),
        pytest.param(PlanStarted, "after", id="as the run begins", marks=pytest.mark.slow),
        pytest.param(PlanCompleted, "before", id="the plan is made and not recorded", marks=pytest.mark.slow),
        pytest.param(PlanCompleted, "after", id="recorded and not told", marks=pytest.mark.slow),
    ],
)
def test_a_gateway_killed_around_a_write_loses_and_doubles_nothing(
    tmp_path: Path, undisturbed: tuple[Path, str], event: type, moment: str
) -> None:
    """Killed around a write, the server's successor answers the repeated request with one plan, the undisturbed one."""
    scenario, expected = undisturbed
    data = tmp_path / "data"
    with serving([sys.executable, DYING, data, "0", event.__name__, moment]) as dying:
        acknowledged = acknowledged_by(dying, scenario)
        wait_until(lambda: dying.process.poll() is not None, "the server dies at the event")
    if event is RequestReceived:
        assert not acknowledged
    with serving(concordat_serve(data, "--runtime", "local")) as server:
        plan = asyncio.run(asked(server.address, scenario))
        assert acknowledged <= {plan}
        asyncio.run(asyncio.wait_for(ended(server.address, plan), 120))
        assert asyncio.run(asked(server.address, scenario)) == plan
    check_promise(data, {plan}, expected)


def test_a_gateway_killed_once_it_acknowledged_makes_the_plan_unasked(
    tmp_path: Path, undisturbed: tuple[Path, str]
) -> None:
    """Killed the moment it acknowledged, its successor makes the plan though nobody asks for it again."""
    scenario, expected = undisturbed
    data = tmp_path / "data"
    with serving(concordat_serve(data, "--runtime", "local")) as first:
        plan = asyncio.run(asked(first.address, scenario))
        first.kill()
    with serving(concordat_serve(data, "--runtime", "local")):
        wait_until(lambda: happened(data, lambda event: isinstance(event, PlanCompleted)), "the plan is made")
    check_promise(data, {plan}, expected)
    assert happened(data, lambda event: isinstance(event, PlanRequested) and event.request_id == "r-1")


def happened(data: Path, what: Callable[[object], bool]) -> bool:
    """Tell whether something stands in the log."""
    return any(what(decode(envelope)) for envelope in kept(data / "events.sqlite"))
