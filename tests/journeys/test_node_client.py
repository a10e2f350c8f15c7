"""A client in another language: Node.js, with messages made from the same proto files, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.certify import certify
from cluster.gateway import running_gateway
from cluster.runtimes import make_runtime
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.domain.folder_files import PLAN_FILES
from planner.service.server import DoorSettings
from tests.door_keys import Authority, token, token_door
from tests.gateway import LONG, gateway
from tests.guarded_gateway import guarded_gateway
from tests.micro_scenario import FREE, micro
from tests.node_programs import NodePrograms, node_programs
from tests.scenario_builder import small_scenario, with_cell

JOURNEY = Path(__file__).parent / "node" / "journey.mjs"
ORDER = {"partner": "shop", "market": "m", "product": "soap", "period": 1, "quantity": 1, "unitRevenue": 9}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> NodePrograms:
    """Return the folder in which the journeys can be run."""
    return node_programs(tmp_path_factory.mktemp("node") / "programs", JOURNEY)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    return tmp_path / "scenario"


async def journey(node: NodePrograms, *arguments: object, **environment: str) -> Any:
    """Run a journey while this event loop serves."""
    return await asyncio.to_thread(node.told, JOURNEY.name, *arguments, **environment)


@asynccontextmanager
async def planning_gateway(data: Path, door: DoorSettings) -> AsyncIterator[str]:
    """Serve plans that are really made; gives the address."""
    async with running_gateway(GatewaySettings(door=door, data=data, runtime="local"), make_runtime) as address:
        yield address


@pytest.mark.parametrize("guarded", [False, True], ids=["open", "TLS and token"])
def test_it_plans_watches_accepts_asks_and_downloads(node: NodePrograms, tmp_path: Path, *, guarded: bool) -> None:
    """From upload to a downloaded plan that verifies, on an open door and on one with TLS and tokens."""
    write_scenario(micro(), tmp_path / "scenario")
    environment: dict[str, str] = {}
    door = DoorSettings(listen="127.0.0.1:0")
    if guarded:
        authority = Authority(tmp_path)
        certificate, key = authority.certificate("server", "127.0.0.1", "localhost")
        door = token_door(tmp_path / "keys", tls_cert=certificate, tls_key=key)
        environment = {
            "CONCORDAT_TLS_CA": str(authority.file),
            "CONCORDAT_TOKEN": token("petra", "planner", "erp_integrator"),
        }

    async def run() -> Any:
        async with planning_gateway(tmp_path / "data", door) as address:
            port = address.rpartition(":")[2]
            shown = f"localhost:{port}" if guarded else address
            arguments = ("plans", shown, tmp_path / "scenario", tmp_path / "plan", json.dumps(ORDER))
            return await journey(node, *arguments, **environment)

    told = asyncio.run(asyncio.wait_for(run(), 120))
    assert told["same"]
    assert (told["plan"]["state"], told["plan"]["value"]) == ("PLANNED", pytest.approx(FREE))
    assert "certifying" in told["phases"]
    assert told["accepted"]["acceptance"]["acceptedBy"] == ("petra" if guarded else "node")
    assert told["explained"]["plan"] == told["plan"]["name"]
    assert told["quoted"]["changeLeast"] <= told["quoted"]["changeMost"] + 1e-9
    assert told["listed"] == [told["plan"]["name"]]
    assert sorted(told["files"]) == sorted(PLAN_FILES)
    plan = read_plan(tmp_path / "plan")
    assert plan.summary["plan_hash"] == told["plan"]["planHash"]
    assert certify(micro(), plan).breaches == ()


def test_it_cancels_and_sees_the_end(node: NodePrograms, tmp_path: Path, scenario: Path) -> None:
    """A plan cancelled once it has a value ends soon, by that, with its best plan."""

    async def run() -> Any:
        async with gateway(tmp_path / "data", LONG) as knock:
            return await journey(node, "cancels", knock.address, scenario)

    told = asyncio.run(asyncio.wait_for(run(), 60))
    assert (told["cancelRequested"], told["done"]) == (True, True)
    assert (told["plan"]["state"], told["plan"]["stoppedBy"]) == ("PLANNED", "cancelled")


def test_it_reads_why_it_was_refused(node: NodePrograms, tmp_path: Path) -> None:
    """Each refusal has its status, the stable reason, and the fields or findings that are wrong."""
    write_scenario(with_cell(small_scenario(), "orders", 0, "quantity", -1.0), tmp_path / "wrong")

    async def run() -> Any:
        async with gateway(tmp_path / "data") as knock:
            return await journey(node, "errs", knock.address, tmp_path / "wrong", "127.0.0.1:1")

    told = asyncio.run(asyncio.wait_for(run(), 60))
    assert (told["unknown"]["code"], told["unknown"]["reason"]) == ("NOT_FOUND", "NOT_FOUND")
    assert (told["range"]["code"], told["range"]["reason"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert [each["field"] for each in told["range"]["violations"]] == ["page_size"]
    assert told["findings"]["reason"] == "SCENARIO_INVALID"
    assert int(told["findings"]["metadata"]["findings"]) >= 1
    assert told["findings"]["violations"][0]["field"] == "orders[0].quantity"
    assert told["conflict"]["code"] == "NOT_FOUND"
    assert (told["gone"]["code"], told["gone"]["reason"]) == ("UNAVAILABLE", "")


def test_it_comes_back_when_the_server_says(node: NodePrograms, tmp_path: Path) -> None:
    """One call too many is refused with the time to wait, and a client that waits so long is served."""
    door = token_door(tmp_path / "keys", rate=2.0, rate_burst=2)

    async def run() -> Any:
        async with guarded_gateway(tmp_path / "data", door) as knock:
            return await journey(node, "waits", knock.address, CONCORDAT_TOKEN=token("p", "planner"))

    told = asyncio.run(asyncio.wait_for(run(), 60))
    assert (told["busy"]["code"], told["busy"]["reason"]) == ("RESOURCE_EXHAUSTED", "TOO_MANY_CALLS")
    assert 0 < told["busy"]["retrySeconds"] <= 0.6
    assert told["listed"] == 0
