"""Customers stand in scenario and plan folders, which can be removed, and never in the log, which cannot."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.events.catalogue import (
    AgentEpochTaken,
    AgentNoted,
    PlanAccepted,
    PlanCompleted,
    PlanFoundInfeasible,
    PlanRequested,
    PlanStarted,
    RequestReceived,
    ScenarioUploaded,
)
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate

pytestmark = pytest.mark.usefixtures("_databases_closed")

FEASIBLE, INFEASIBLE = 3, 9
EVERYTHING = (
    *(ScenarioUploaded, RequestReceived, PlanRequested, PlanStarted),
    *(PlanCompleted, PlanFoundInfeasible, PlanAccepted),
    *(AgentEpochTaken, AgentNoted),
)


@contextmanager
def server(data: Path) -> Iterator[str]:
    """Give the address of a server process that really plans."""
    options = ("--listen", "127.0.0.1:0", "--data", str(data), "--runtime", "local", "--until-stdin-closes")
    process = subprocess.Popen(
        [sys.executable, "-m", "cluster.main", "serve", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        yield process.stdout.readline().removeprefix("listening on ").strip()
    process.wait(30)


async def plan(client: PlanningClient, folder: Path, name: str) -> PlanRecord:
    """Have a scenario planned to its end."""
    asked = await client.create(await client.upload(folder), PlanningParameters(gap=0.05), request_id=name)
    steps = [step async for step in client.watch(asked.plan)]
    assert not isinstance(steps[-1], ConnectionLost)
    return steps[-1].record


def test_no_event_of_real_runs_names_a_customer(tmp_path: Path) -> None:
    """Of a plan that is made and accepted, and of one that cannot be, the log holds references and hashes only."""
    data, customers = tmp_path / "data", set()
    for seed in (FEASIBLE, INFEASIBLE):
        scenario = generate("tiny", seed=seed)
        customers |= set(scenario["customers"]["customer"].to_list())
        write_scenario(scenario, tmp_path / f"scenario-{seed}")

    async def run(address: str) -> PlanRecord:
        async with PlanningClient(ServerAddress(address)) as client:
            made = await plan(client, tmp_path / f"scenario-{FEASIBLE}", "made")
            await client.accept(made.plan, made.etag, accepted_by="ana", comment="as agreed")
            await plan(client, tmp_path / f"scenario-{INFEASIBLE}", "not-made")
            return made

    with server(data) as address:
        made = asyncio.run(asyncio.wait_for(run(address), 120))
    folder = b"".join(file.read_bytes() for file in sorted((data / "plans" / made.plan).iterdir()))
    assert any(customer.encode() in folder for customer in customers), "the plan names nobody; this proves nothing"
    events = [envelope for _, envelope in SqlEventLog(open_database(data / "events.sqlite")).since(0, limit=1000)]
    assert {envelope.type for envelope in events} == {kind.__name__ for kind in EVERYTHING}
    for envelope in events:
        text = json.dumps(envelope.data, ensure_ascii=False) + envelope.aggregate + envelope.correlation
        assert [customer for customer in customers if customer in text] == [], envelope.type
    raw = b"".join(file.read_bytes() for file in sorted(data.glob("events.sqlite*")))
    assert b"as agreed" in raw
    assert [customer for customer in customers if customer.encode() in raw] == []
