"""Agents outlive everything: a killed server, an upgrade and its rollback; and a retired one is not planned with."""

from __future__ import annotations

import asyncio
import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cluster.journals import agent_journal, shared_place
from cluster.main import launchers
from cluster.runtimes import make_runtime
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.cli.exit_codes import DONE, WRONG_INPUT
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.domain.agent_lifecycle import AgentState
from planner.events.agent_record import ENDED, HELD, WITHDRAWN
from planner.events.catalogue import PlanCompleted, PlanFailed
from planner.events.plan_record import PlanRecord
from planner.ports.agent_records import agent_names, read_record
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult
from planner.simulation.generate import generate
from tests.faults.served import concordat_serve, serving

SEED = 3


def concordat_agents(address: str, *arguments: str) -> tuple[int, str]:
    """Run a command of `concordat agents`; return its exit code and what it told."""
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run(launchers(), ["agents", *arguments, "--server", address])
    return code, out.getvalue()


def listed(address: str) -> dict[str, dict[str, Any]]:
    """Return all agents by name."""
    code, text = concordat_agents(address, "list", "--json")
    assert code == DONE, text
    return {agent["name"]: agent for agent in json.loads(text)["agents"]}


def planned(address: str, scenario: Path, *, accept: bool = False) -> PlanRecord:
    """Have a scenario planned and, if asked, accept the plan; return its record."""

    async def ask() -> PlanRecord:
        async with PlanningClient(ServerAddress(address)) as client:
            asked = await client.create(await client.upload(scenario), PlanningParameters(gap=0.0, work_limit=20))
            record = asked
            async for step in client.watch(asked.plan):
                if isinstance(step, PlanStep):
                    record = step.record
            if accept:
                record = await client.accept(record.plan, etag=record.etag, accepted_by="somebody")
            return record

    return asyncio.run(asyncio.wait_for(ask(), 240))


def hash_of(record: PlanRecord) -> str:
    """Return the hash of a plan that was made."""
    assert isinstance(record.ending, PlanCompleted), record.ending
    return record.ending.plan_hash


@pytest.mark.parametrize("runtime", ["local", pytest.param("ray", marks=pytest.mark.slow)])
def test_agents_are_who_they_were_through_kills_upgrades_and_rollbacks(tmp_path: Path, runtime: str) -> None:
    """A killed server forgets no agent; each version of plants makes the same plan; a retired one is refused."""
    scenario, command = tmp_path / "scenario", concordat_serve(tmp_path / "data", "--runtime", runtime)
    write_scenario(generate("tiny", seed=SEED), scenario)
    with serving(command) as server:
        address = server.address
        assert listed(address) == {}
        first = planned(address, scenario, accept=True)
        agents = listed(address)
        assert {agent["state"] for agent in agents.values()} == {"executing"}
        assert {agent["plan"] for agent in agents.values()} == {first.plan}
        assert concordat_agents(address, "upgrade", "plant", "--to", "1")[0] == DONE
        server.kill()
    with serving(command) as server:
        address = server.address
        assert listed(address) == agents
        older = planned(address, scenario)
        assert hash_of(older) == hash_of(first)
        plants = [agent for name, agent in listed(address).items() if name.startswith("plant:")]
        assert {(plant["version"], plant["state"], plant["runs"]) for plant in plants} == {(1, "monitoring", 2)}
        code, text = concordat_agents(address, "rollback", "plant")
        assert (code, "version 2" in text) == (DONE, True), text
        assert hash_of(planned(address, scenario)) == hash_of(first)
        plants = [agent for name, agent in listed(address).items() if name.startswith("plant:")]
        assert {(plant["version"], plant["runs"]) for plant in plants} == {(2, 3)}
        retired = plants[0]["name"]
        assert concordat_agents(address, "retire", retired, "--reason", "it was sold")[0] == DONE
        server.kill()
    with serving(command) as server:
        address = server.address
        code, text = concordat_agents(address, "show", retired)
        assert code == DONE
        assert "decommissioned" in text
        ending = planned(address, scenario).ending
        assert isinstance(ending, PlanFailed)
        assert "AGENT_DECOMMISSIONED" in ending.detail
        assert retired in ending.detail
        assert "it was sold" in ending.detail


def test_a_run_that_fails_leaves_agents_as_they_were(tmp_path: Path) -> None:
    """Agents that have no plan yet are new again after a run in which an earlier plan could not be read."""
    scenario = tmp_path / "scenario"
    write_scenario(generate("tiny", seed=SEED), scenario)
    place = str(tmp_path / "log.sqlite")
    runtime = make_runtime("local", journals=place)
    parameters = PlanningParameters(base_plan=str(tmp_path / "nowhere"))

    async def fail() -> PlanningResult:
        told = [each async for each in runtime.plan("r1", str(scenario), str(tmp_path / "plan"), parameters)]
        await runtime.close()
        assert isinstance(told[-1], PlanningResult)
        return told[-1]

    assert asyncio.run(asyncio.wait_for(fail(), 60)).outcome is Outcome.FAILED
    journal = agent_journal(place)
    records = [read_record(journal, name) for name in agent_names(journal)]
    assert {(record.state, record.run) for record in records} == {(AgentState.INITIALISING, "r1")}


def test_a_plan_that_cannot_be_written_is_not_the_plan_of_its_agents(tmp_path: Path) -> None:
    """Where the folder for the plan holds something else the run fails after its end was noted, which is taken back."""
    scenario, plan = tmp_path / "scenario", tmp_path / "plan"
    write_scenario(generate("tiny", seed=SEED), scenario)
    plan.mkdir()
    (plan / "letter.txt").write_text("not a plan", encoding="utf-8")
    place = str(tmp_path / "log.sqlite")
    runtime = make_runtime("local", journals=place)

    async def fail() -> PlanningResult:
        told = [each async for each in runtime.plan("r1", str(scenario), str(plan), PlanningParameters(gap=0.0))]
        await runtime.close()
        assert isinstance(told[-1], PlanningResult)
        return told[-1]

    result = asyncio.run(asyncio.wait_for(fail(), 60))
    assert result.outcome is Outcome.FAILED
    assert "letter" in result.detail or str(plan) in result.detail, result.detail
    journal = agent_journal(place)
    records = [read_record(journal, name) for name in agent_names(journal)]
    assert {(record.state, record.run, record.plan) for record in records} == {(AgentState.INITIALISING, "r1", "")}
    kinds = {entry.kind for name in agent_names(journal) for entry in journal.read(name)}
    assert kinds == {HELD, ENDED, WITHDRAWN}


def test_what_cannot_be_done_with_agents_is_told_with_its_cure(tmp_path: Path) -> None:
    """Unknown agents, kinds and versions, and a rollback of nothing, end with a code of wrong input and a reason."""
    with serving(concordat_serve(tmp_path / "data", "--runtime", "local")) as server:
        for arguments, reason in (
            (("show", "plant:nobody"), "no agent is called"),
            (("upgrade", "plant", "--to", "9"), "this release has 1, 2"),
            (("upgrade", "robot", "--to", "1"), "choose one of plant, partner, segment"),
            (("rollback", "segment"), "no version was ever chosen"),
            (("retire", "segment:nobody"), "no agent is called"),
            (("list", "--kind", "robot"), "choose one of plant, partner, segment"),
        ):
            code, text = concordat_agents(server.address, *arguments)
            assert code == WRONG_INPUT, (arguments, code, text)
            assert reason in " ".join(text.split()), text


def test_hosts_elsewhere_write_to_a_database_only() -> None:
    """A file, also one named by a URL, is written by hosts of this machine only, a database by those of any cluster."""
    assert shared_place("/data/log.sqlite", joined=False) == "/data/log.sqlite"
    assert shared_place("/data/log.sqlite", joined=True) == ""
    assert shared_place("sqlite:////data/log.sqlite", joined=True) == ""
    assert shared_place("postgresql://log", joined=True) == "postgresql://log"
