"""Plans that ended long ago lose their folder; what they were can still be asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.gateway import running_gateway
from cluster.retaining import retaining
from cluster.settings import GatewaySettings
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.plan_folder import write_plan
from planner.adapters.plan_store_folder import PlanFolders
from planner.adapters.random_ids import RandomIds
from planner.adapters.scenario_folder import write_scenario
from planner.adapters.scenario_store_folder import ScenarioFolders
from planner.adapters.system_clock import SystemClock
from planner.application.planning_ports import PlanningPorts
from planner.application.retain_plans import Retained, Retention, retain_plans
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.domain.errors import NotFound, PlanFolderExpired
from planner.events.catalogue import PlanCompleted, PlanExpired
from planner.events.codec import decode
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import PlanningParameters
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from planner.wire.v1 import what_if_pb2
from tests.gateway import LONG, Knock, at, first_value, seen
from tests.scenario_builder import small_scenario, with_cell
from tests.what_if_gateway import GRID, Scripted, WhatIfKnock, at_what_if

pytestmark = pytest.mark.usefixtures("_databases_closed")

AT_ONCE = Retention(days=0)


def ports_on(data: Path) -> PlanningPorts:
    """Return the ports of another process on the data of a server."""
    return PlanningPorts(
        log=SqlEventLog(open_database(data / "events.sqlite")),
        scenarios=ScenarioFolders(data / "scenarios", max_bytes=1 << 30),
        plans=PlanFolders(data / "plans"),
        clock=SystemClock(),
        ids=RandomIds(),
    )


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


async def planned(knock: Knock, scenario: Path, **parameters: object) -> PlanRecord:
    """Have a plan made and return its record."""
    asked = PlanningParameters(**parameters)  # type: ignore[arg-type]  # as the test says them
    record = await knock.client.create(await knock.client.upload(scenario), asked)
    return (await seen(knock, record.plan))[-1].record


async def downloaded(client: PlanningClient, plan: str) -> list[str]:
    """Return the names of a plan's files."""
    return [file async for file, _ in client.download(plan)]


def test_an_expired_plan_says_so_everywhere_and_keeps_its_record(tmp_path: Path, scenario: Path) -> None:
    """Once its folder is gone a plan tells when it expired and what to do, whatever is asked of it."""
    data = tmp_path / "data"

    async def visit(knock: Knock) -> None:
        before = await planned(knock, scenario)
        assert "plan.json" in await downloaded(knock.client, before.plan)
        found = await retain_plans(ports_on(data), AT_ONCE)
        assert found == Retained(expired=(before.plan,))
        assert not (data / "plans" / before.plan).exists()
        for attempt in (
            downloaded(knock.client, before.plan),
            knock.client.accept(before.plan, before.etag, accepted_by="ana"),
            planned(knock, scenario, base_plan=before.plan),
        ):
            with pytest.raises(PlanFolderExpired, match=r"expired at .* UTC.*ask for it anew"):
                await attempt
        after = (await seen(knock, before.plan))[-1].record
        assert isinstance(after.ending, PlanCompleted)
        assert isinstance(before.ending, PlanCompleted)
        assert (after.ending.value, after.ending.plan_hash) == (before.ending.value, before.ending.plan_hash)
        assert "expired at" in after.ending.detail
        assert await retain_plans(ports_on(data), AT_ONCE) == Retained()

    at(data, None, visit)


def test_young_accepted_and_needed_plans_are_kept(tmp_path: Path, scenario: Path) -> None:
    """Only what is old enough, accepted by nobody and the base of nothing that is kept loses its folder."""
    data = tmp_path / "data"

    async def visit(knock: Knock) -> None:
        base = await planned(knock, scenario)
        accepted = await planned(knock, scenario, base_plan=base.plan, seed=1)
        await knock.client.accept(accepted.plan, accepted.etag, accepted_by="ana")
        other = await planned(knock, scenario, seed=2)
        assert await retain_plans(ports_on(data), Retention(days=1)) == Retained()
        assert await retain_plans(ports_on(data), AT_ONCE) == Retained(
            expired=(other.plan,), kept_accepted=(accepted.plan,), kept_bases=(base.plan,)
        )
        assert "plan.json" in await downloaded(knock.client, accepted.plan)
        everything = await retain_plans(ports_on(data), replace(AT_ONCE, accepted=True))
        assert set(everything.expired) == {base.plan, accepted.plan}
        with pytest.raises(PlanFolderExpired):
            await downloaded(knock.client, accepted.plan)

    at(data, None, visit)


def test_the_base_of_a_plan_that_is_being_made_is_kept(tmp_path: Path, scenario: Path) -> None:
    """As long as a plan is not ended, the plan that it goes on from is there for it, and it is for itself."""
    data, bases = tmp_path / "data", []

    async def make(knock: Knock) -> None:
        bases.append((await planned(knock, scenario)).plan)

    async def visit(knock: Knock) -> None:
        wanted = PlanningParameters(base_plan=bases[0])
        live = await knock.client.create(await knock.client.upload(scenario), wanted)
        await first_value(knock, live.plan)
        assert await retain_plans(ports_on(data), AT_ONCE) == Retained(kept_bases=(bases[0],))
        assert (data / "plans" / bases[0] / "plan.json").is_file()
        await knock.client.cancel(live.plan)

    at(data, None, make)
    at(data, LONG, visit)


def test_a_folder_left_by_a_crash_is_removed_by_the_next_turn(tmp_path: Path, scenario: Path) -> None:
    """A plan that expired in the log, and whose folder is still there, loses it; it expires once."""
    data = tmp_path / "data"

    async def visit(knock: Knock) -> None:
        plan = (await planned(knock, scenario)).plan
        ports = ports_on(data)
        await retain_plans(ports, AT_ONCE)
        (data / "plans" / plan).mkdir()
        async with retaining(ports, 0.0, named=tuple):
            for _ in range(200):
                await asyncio.sleep(0.01)
                if not (data / "plans" / plan).exists():
                    break
        assert not (data / "plans" / plan).exists()
        events = [decode(envelope) for envelope in ports.log.history(f"plan/{plan}")]
        assert sum(isinstance(event, PlanExpired) for event in events) == 1

    at(data, None, visit)


def ordering(folder: Path, quantity: float) -> Path:
    """Return the folder of a small scenario of its own."""
    write_scenario(with_cell(small_scenario(), "orders", 0, "quantity", quantity), folder / f"ordering-{quantity}")
    return folder / f"ordering-{quantity}"


def long_ago(data: Path) -> None:
    """Let no scenario have been asked for since long ago."""
    for folder in (data / "scenarios").iterdir():
        os.utime(folder, (0, 0))


async def removed(data: Path, named: Iterable[str] | None, **how: bool) -> tuple[str, ...]:
    """Return the scenarios that are removed when none was asked for in a long time."""
    long_ago(data)
    return (await retain_plans(ports_on(data), replace(AT_ONCE, **how), named=named)).scenarios


def test_a_scenario_goes_with_the_last_plan_that_needs_it(tmp_path: Path, scenario: Path) -> None:
    """An accepted plan and whoever names one keep theirs; one that is gone can be uploaded and planned again."""
    data = tmp_path / "data"

    async def visit(knock: Knock) -> None:
        accepted = await planned(knock, ordering(tmp_path, 1.0))
        await knock.client.accept(accepted.plan, accepted.etag, accepted_by="ana")
        expired = await planned(knock, scenario)
        named = await knock.client.upload(ordering(tmp_path, 2.0))
        unused = await knock.client.upload(ordering(tmp_path, 3.0))
        gone = expired.request.scenario
        assert (await retain_plans(ports_on(data), Retention(days=1), named=())).scenarios == ()
        assert await removed(data, None) == (), "not knowing who else names one, nobody can tell that none does"
        assert await removed(data, [named]) == tuple(sorted((gone, unused)))
        assert await removed(data, [named]) == ()
        with pytest.raises(NotFound, match="not any more: upload it first"):
            await knock.client.create(gone, PlanningParameters())
        assert (await planned(knock, scenario)).request.scenario == gone
        assert set(await removed(data, (), accepted=True)) == {accepted.request.scenario, gone, named}

    at(data, None, visit)


def test_a_plan_that_is_being_made_and_one_just_given_up_keep_their_scenario(tmp_path: Path, scenario: Path) -> None:
    """However long it runs; without a plan in the end the scenario stays for the days that plans are kept."""
    data = tmp_path / "data"

    async def visit(knock: Knock) -> None:
        live = await knock.client.create(await knock.client.upload(scenario), PlanningParameters())
        await first_value(knock, live.plan)
        assert await removed(data, ()) == ()
        stored = await knock.client.upload(ordering(tmp_path, 1.0))
        waiting = await knock.client.create(stored, PlanningParameters())
        await knock.client.cancel(waiting.plan)
        await seen(knock, waiting.plan)
        long_ago(data)
        assert (await retain_plans(ports_on(data), Retention(days=1), named=())).scenarios == ()
        assert await removed(data, ()) == (stored,)
        await knock.client.cancel(live.plan)

    at(data, LONG, visit)


def test_a_scenario_that_was_just_uploaded_is_kept_for_its_request(tmp_path: Path, scenario: Path) -> None:
    """Where plans are kept for no time at all, a request may still be on its way."""
    data = tmp_path / "data"

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        assert await retain_plans(ports_on(data), AT_ONCE, named=()) == Retained()
        await knock.client.create(stored, PlanningParameters())

    at(data, None, visit)


def test_a_server_keeps_the_scenarios_of_its_what_if_jobs(tmp_path: Path) -> None:
    """At its start it removes the scenario that nobody names, and not the one that a job of an earlier server names."""
    data = tmp_path / "data"
    asked, unused = [], []

    async def visit(knock: WhatIfKnock) -> None:
        await knock.stub.CreateWhatIfJob(what_if_pb2.CreateWhatIfJobRequest(scenario=knock.scenario, grid=GRID))
        asked.append(knock.scenario.partition("/")[2])
        async with PlanningClient(ServerAddress(knock.address)) as client:
            unused.append(await client.upload(ordering(tmp_path, 1.0)))

    def left() -> list[str]:
        return sorted(folder.name for folder in (data / "scenarios").iterdir())

    async def run() -> None:
        settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=data, keep_plans_days=0.0)
        async with running_gateway(settings, lambda _: ScriptedRuntime(Script(), write_plan)):
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if left() == asked:
                    break
            assert left() == asked

    at_what_if(tmp_path, Scripted(), visit)
    assert left() == sorted(asked + unused)
    long_ago(data)
    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf")])
def test_a_retention_of_no_time_is_refused(days: float) -> None:
    """Days before now, and no number of days, are no retention."""
    with pytest.raises(ValueError, match="days"):
        Retention(days=days)
