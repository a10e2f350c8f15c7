"""Customers stand in scenario and plan folders, which can be removed, and never in the log, which cannot."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.domain.errors import NotFound, PlanUnreadable
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


@dataclass(frozen=True, slots=True)
class Ran:
    """A server's data after one plan was made and accepted, and another one could not be made."""

    data: Path
    made: PlanRecord
    customers: frozenset[str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return what a server left that was used for a while."""
    place, customers = tmp_path_factory.mktemp("ran"), set[str]()
    for seed in (FEASIBLE, INFEASIBLE):
        scenario = generate("tiny", seed=seed)
        customers |= set(scenario["customers"]["customer"].to_list())
        write_scenario(scenario, place / f"scenario-{seed}")

    async def run(address: str) -> PlanRecord:
        async with PlanningClient(ServerAddress(address)) as client:
            made = await plan(client, place / f"scenario-{FEASIBLE}", "made")
            await client.accept(made.plan, made.etag, accepted_by="ana", comment="as agreed")
            await plan(client, place / f"scenario-{INFEASIBLE}", "not-made")
            return made

    with server(place / "data") as address:
        made = asyncio.run(asyncio.wait_for(run(address), 120))
    return Ran(place / "data", made, frozenset(customers))


def naming(folder: Path, customers: frozenset[str]) -> set[str]:
    """Return the files below a folder that name a customer, in plain bytes or in the rows of a table."""
    found = set()
    for file in folder.rglob("*"):
        if file.is_file():
            rows = json.dumps(pl.read_parquet(file).to_dicts(), default=str) if file.suffix == ".parquet" else ""
            if any(customer.encode() in file.read_bytes() or customer in rows for customer in customers):
                found.add(str(file.relative_to(folder)))
    return found


def test_no_event_of_real_runs_names_a_customer(ran: Ran) -> None:
    """Of a plan that is made and accepted, and of one that cannot be, the log holds references and hashes only."""
    assert naming(ran.data / "plans" / ran.made.plan, ran.customers), "the plan names nobody; this proves nothing"
    events = [envelope for _, envelope in SqlEventLog(open_database(ran.data / "events.sqlite")).since(0, limit=1000)]
    assert {envelope.type for envelope in events} == {kind.__name__ for kind in EVERYTHING}
    for envelope in events:
        text = json.dumps(envelope.data, ensure_ascii=False) + envelope.aggregate + envelope.correlation
        assert [customer for customer in ran.customers if customer in text] == [], envelope.type
    raw = b"".join(file.read_bytes() for file in sorted(ran.data.glob("events.sqlite*")))
    assert b"as agreed" in raw
    assert [customer for customer in ran.customers if customer.encode() in raw] == []


def test_a_customer_is_erased_with_the_folders_that_hold_it(ran: Ran, tmp_path: Path) -> None:
    """Only scenario and plan folders name customers: without them nothing does, and the server goes on by its log."""
    data, made = shutil.copytree(ran.data, tmp_path / "data"), ran.made
    assert {Path(file).parts[0] for file in naming(data, ran.customers)} == {"scenarios", "plans"}
    for folder in (data / "scenarios" / made.request.scenario, data / "plans" / made.plan):
        shutil.rmtree(folder)
    assert not any(made.plan in file or made.request.scenario in file for file in naming(data, ran.customers))

    async def ask(address: str) -> None:
        async with PlanningClient(ServerAddress(address)) as client:
            record = (await client.plan(made.plan)).record
            assert (record.ending, record.acceptance is not None) == (made.ending, True)
            with pytest.raises(PlanUnreadable, match="was removed from the server") as gone:
                await client.save(made.plan, tmp_path / "plan")
            assert str(data) not in str(gone.value)
            with pytest.raises(NotFound, match="upload it first"):
                await client.create(made.request.scenario, PlanningParameters())

    with server(data) as address:
        asyncio.run(asyncio.wait_for(ask(address), 60))
