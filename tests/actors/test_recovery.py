"""What hosts write down of their agents, and what becomes of a host that lost one to another."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from actors.recovery import AgentDecommissioned, AgentRecovery, Turn
from actors.versions import AGENT_VERSIONS, PROTOCOL, IncompatibleVersions
from cluster.journals import agent_journal
from planner.application.agents import AgentPorts, retire_agent, rollback_agents, upgrade_agents
from planner.domain.agent_lifecycle import AgentState
from planner.events.agent_record import AGENT_PROJECTION
from planner.ports.agent_journal import AgentJournal, EpochFenced
from planner.ports.agent_records import SNAPSHOT_EVERY, read_record

NAMES = ("plant:1901", "segment:north")
TURN = Turn(id="t1", run="r1")


@pytest.fixture
def journal(tmp_path: Path) -> AgentJournal:
    """Return empty journals."""
    return agent_journal(tmp_path / "log.sqlite")


def hold(journal: AgentJournal, host: str, turn: Turn = TURN) -> AgentRecovery:
    """Return a host that holds both agents for a turn."""
    recovery = AgentRecovery(journal, host)
    recovery.take_up(recovery.versions(NAMES, turn), turn, "a-scenario")
    return recovery


def test_agents_are_who_they_were_after_everything_ended(journal: AgentJournal, tmp_path: Path) -> None:
    """Another process finds state, version, host, run and what each of them solved, and goes on from there."""
    hold(journal, "agents-0").end({"plant:1901": "b1"}, planned=True)
    other = agent_journal(tmp_path / "log.sqlite")
    plant = read_record(other, "plant:1901")
    assert (plant.state, plant.plan, plant.host, plant.scenario, plant.version) == (
        AgentState.MONITORING,
        "r1",
        "agents-0",
        "a-scenario",
        2,
    )
    assert plant.kept["block"] == "b1"
    hold(other, "agents-1", Turn(id="t2", run="r2", adapting=True))
    plant = read_record(journal, "plant:1901")
    assert (plant.state, plant.run, plant.plan, plant.epoch, plant.runs) == (AgentState.ADAPTING, "r2", "r1", 2, 2)


def test_a_host_whose_agents_were_taken_over_is_refused_at_the_end(journal: AgentJournal) -> None:
    """The old host's end is not written and told as an error; the new one's is."""
    old, new = hold(journal, "agents-0"), hold(journal, "agents-1", Turn(id="t2", run="r1"))
    with pytest.raises(EpochFenced, match="another host"):
        old.end({}, planned=True)
    assert read_record(journal, "plant:1901").state is AgentState.PLANNING
    new.end({}, planned=True)
    assert read_record(journal, "plant:1901").state is AgentState.MONITORING
    assert read_record(journal, "plant:1901").runs == 1, "the second try is the same run"
    old.end({}, planned=True)  # it holds nothing any more
    assert read_record(journal, "plant:1901").plan == "r1"


def test_a_plan_that_was_noted_but_not_written_is_taken_back(journal: AgentJournal) -> None:
    """Agents name the plan before it again, or are new where there was none; once taken back it stays so."""
    first = hold(journal, "agents-0")
    first.end({}, planned=True)
    first.end({}, planned=False)
    plant = read_record(journal, "plant:1901")
    assert (plant.state, plant.plan, plant.run) == (AgentState.INITIALISING, "", "r1")
    first.end({}, planned=False)
    assert read_record(journal, "plant:1901") == plant
    hold(journal, "agents-0", Turn(id="t2", run="r2")).end({}, planned=True)
    third = hold(journal, "agents-0", Turn(id="t3", run="r3"))
    third.end({}, planned=True)
    third.end({}, planned=True)
    assert read_record(journal, "plant:1901").plan == "r3"
    third.end({}, planned=False)
    plant = read_record(journal, "plant:1901")
    assert (plant.state, plant.plan) == (AgentState.MONITORING, "r2")


def test_a_note_of_an_earlier_turn_is_not_taken_back_in_the_next(journal: AgentJournal) -> None:
    """A plan that was written stands, also when the same host's next run ends without one."""
    recovery = hold(journal, "agents-0")
    recovery.end({}, planned=True)
    recovery.take_up(recovery.versions(NAMES, TURN), Turn(id="t2", run="r2"), "a-scenario")
    recovery.end({}, planned=False)
    plant = read_record(journal, "plant:1901")
    assert (plant.state, plant.plan, plant.run) == (AgentState.MONITORING, "r1", "r2")


def test_a_retired_agent_is_not_taken_up_and_none_beside_it(journal: AgentJournal) -> None:
    """The run is refused, and logged, by agent, reason and scenario; the others keep their epoch."""
    hold(journal, "agents-0").end({}, planned=True)
    retire_agent(AgentPorts(journal=journal, versions={}), "plant:1901", "sold", busy=False)
    with (
        capture_logs() as logged,
        pytest.raises(AgentDecommissioned, match=r"plant:1901 was retired \(sold\).*a-scenario"),
    ):
        hold(journal, "agents-0", Turn(id="t2", run="r2"))
    assert (journal.epoch("segment:north"), read_record(journal, "segment:north").run) == (1, "r1")
    assert [(line["agent"], line["state"], line["to"]) for line in logged] == [
        ("plant:1901", "decommissioned", "planning")
    ]


def test_a_chosen_version_is_that_of_the_next_turn(journal: AgentJournal) -> None:
    """An upgrade takes effect where agents are next taken up, and what they knew is still there."""
    hold(journal, "agents-0").end({"plant:1901": "b1"}, planned=True)
    upgrade_agents(AgentPorts(journal=journal, versions={"plant": (1, 2)}), "plant", 1)
    recovery = AgentRecovery(journal, "agents-0")
    assert recovery.versions(NAMES, TURN) == {"plant:1901": 1, "segment:north": 1}
    assert read_record(journal, "plant:1901").version == 2
    hold(journal, "agents-0", Turn(id="t2", run="r2"))
    plant = read_record(journal, "plant:1901")
    assert (plant.version, plant.kept["block"], plant.plan) == (1, "b1", "r1")


def test_an_upgrade_and_its_rollback_leave_a_turn_alone_that_goes_on(journal: AgentJournal) -> None:
    """Chosen in the middle of a turn, a version waits for the next one; nothing that was noted is lost either way."""
    ports = AgentPorts(journal=journal, versions=dict(AGENT_VERSIONS))

    def seen() -> tuple[int, str, str, int]:
        plant = read_record(journal, "plant:1901")
        return plant.version, plant.plan, plant.kept.get("block", ""), plant.runs

    first = hold(journal, "agents-0")
    upgrade_agents(ports, "plant", 1)
    first.end({"plant:1901": "b1"}, planned=True)
    assert seen() == (2, "r1", "b1", 1)
    second = hold(journal, "agents-0", Turn(id="t2", run="r2"))
    rollback_agents(ports, "plant")
    assert seen() == (1, "r1", "b1", 2)
    second.end({"plant:1901": "b2"}, planned=True)
    assert seen() == (1, "r2", "b2", 2)
    hold(journal, "agents-1", Turn(id="t3", run="r3"))
    assert seen() == (2, "r2", "b2", 3)


def test_a_coordinator_of_another_release_is_refused_before_anything_is_written(journal: AgentJournal) -> None:
    """Messages that an agent does not understand are refused before it is taken, naming both versions."""
    recovery = AgentRecovery(journal, "agents-0")
    with pytest.raises(IncompatibleVersions, match=f"protocol {PROTOCOL + 1}"):
        recovery.versions(NAMES, Turn(id="t1", run="r1", protocol=PROTOCOL + 1))
    assert journal.agents() == ()


def test_a_long_journal_is_read_from_a_snapshot(journal: AgentJournal) -> None:
    """After many runs a reader begins near the end, and knows the same as from the beginning."""
    for number in range(SNAPSHOT_EVERY // 2):
        hold(journal, "agents-0", Turn(id=f"t{number}", run=f"r{number}")).end({}, planned=True)
    snapshot = journal.snapshot("plant:1901", AGENT_PROJECTION.version)
    assert snapshot is not None
    assert snapshot.sequence > 0
    plant = read_record(journal, "plant:1901")
    assert (plant.runs, plant.epoch) == (SNAPSHOT_EVERY // 2, SNAPSHOT_EVERY // 2)


def test_without_a_journal_nothing_is_written_and_everything_works() -> None:
    """Agents of tests and of single commands have no server whose log could hold them."""
    recovery = AgentRecovery(None, "here")
    recovery.take_up(recovery.versions(NAMES, TURN), TURN, "a-scenario")
    recovery.end({}, planned=True)
