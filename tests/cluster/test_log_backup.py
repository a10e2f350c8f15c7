"""`concordat log backup`: a whole copy, also beside a running server, that overwrites nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from cluster.main import launchers
from planner.adapters.plan_store_folder import PlanFolders
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.events.catalogue import PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.scripted_runtime import Script
from tests.door_keys import token_door
from tests.gateway import Knock, at, seen
from tests.guarded_gateway import GuardedKnock, at_guarded
from tests.scenario_builder import small_scenario

QUICK = Script(steps=3)


def concordat(*words: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(word) for word in words])


def test_a_copy_of_a_running_server_goes_on_from_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was made by the time of the copy is found by a server on the copy, what came later is not."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    plans: list[str] = []

    async def ask(knock: Knock, request: str) -> str:
        scenario = await knock.client.upload(tmp_path / "scenario")
        asked = await knock.client.create(scenario, PlanningParameters(), request_id=request)
        assert isinstance((await seen(knock, asked.plan))[-1].record.ending, PlanCompleted)
        return asked.plan

    async def work(knock: Knock) -> None:
        plans.append(await ask(knock, "r-1"))
        copied = await asyncio.to_thread(concordat, "log", "backup", "--data", tmp_path / "data", tmp_path / "copy")
        assert copied == 0
        plans.append(await ask(knock, "r-2"))

    at(tmp_path / "data", QUICK, work)
    assert {"event log: events.sqlite", "scenarios: 1", "plans: 1"} <= set(capsys.readouterr().out.splitlines())

    async def look(knock: Knock) -> None:
        known = [record.plan for record in await knock.client.plans(10)]
        assert known == plans[:1]
        assert (await ask(knock, "r-1")) == plans[0]
        assert (await ask(knock, "r-2")) not in plans

    at(tmp_path / "copy", QUICK, look)
    assert PlanFolders(tmp_path / "copy" / "plans").summary(plans[0])["plan_hash"]


def test_the_audit_log_is_in_it_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The copy of a guarded server's folder holds the chain and its head, which fit each other."""

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.as_role("auditor")
        await client.plans(10)
        assert await asyncio.to_thread(concordat, "log", "backup", "--data", knock.data, tmp_path / "copy") == 0
        await client.plans(10)

    at_guarded(tmp_path / "data", token_door(tmp_path / "keys"), visit)
    assert "audit log: audit.sqlite" in capsys.readouterr().out
    assert concordat("audit", "verify", "--data", tmp_path / "copy") == 0
    assert "the chain holds: 1 rows" in capsys.readouterr().out


def test_nothing_is_overwritten_and_nothing_grows_into_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A target that holds something, a target in the data folder and a folder without a log are refused."""
    data, held = tmp_path / "data", tmp_path / "held"
    held.mkdir()
    (held / "letter").write_text("dear", encoding="utf-8")
    assert concordat("log", "backup", "--data", data, tmp_path / "copy") == 2
    assert f"there is no data folder {data}" in capsys.readouterr().err
    data.mkdir()
    for target, message in (
        (data / "copy", "lies in the data folder"),
        (held, "a backup replaces none"),
        (tmp_path / "copy", "there is no event log"),
    ):
        assert concordat("log", "backup", "--data", data, target) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()
    assert [entry.name for entry in held.iterdir()] == ["letter"]


def test_a_damaged_log_is_not_taken_for_a_backup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file whose pages are damaged leaves no copy, and the message says so."""
    data = tmp_path / "data"
    data.mkdir()
    file = data / "events.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.executemany("INSERT INTO words VALUES (?)", [("x" * 500,)] * 200)
    connection.close()
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    file.write_bytes(content)
    assert concordat("log", "backup", "--data", data, tmp_path / "copy") == 5
    assert "damaged" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()
