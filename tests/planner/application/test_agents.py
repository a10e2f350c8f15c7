"""Agents as operators see and steer them: listed, shown, upgraded, rolled back, retired, all of it kept in journals."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cluster.journals import agent_journal
from planner.application.agents import (
    AgentPorts,
    find_agent,
    kind_standings,
    list_agents,
    note_accepted,
    retire_agent,
    rollback_agents,
    upgrade_agents,
)
from planner.domain.agent_lifecycle import AgentState
from planner.domain.errors import AgentBusy, InvalidRequest, NotFound
from planner.events.agent_record import ENDED, HELD
from planner.ports.agent_journal import AgentNote

VERSIONS = {"plant": (1, 2, 3), "partner": (1,), "segment": (1,)}
NAMES = ("plant:1901", "plant:1902", "segment:north")


def took_part(ports: AgentPorts, run: str, *names: str, planned: bool = True) -> None:
    """Write down that agents took part in a run."""
    told = {"state": "planning", "version": 2, "host": "agents-0", "scenario": "s", "run": run}
    notes = {name: [AgentNote(kind=HELD, content=told)] for name in names}
    epochs = ports.journal.begin(notes, holder="agents-0")
    end = AgentNote(kind=ENDED, content={"planned": planned, "kept": {"block": f"hash of {run}"}})
    ports.journal.append_all(epochs, {name: [end] for name in names})


@pytest.fixture
def ports(tmp_path: Path) -> AgentPorts:
    """Return journals of three agents that made a plan."""
    ports = AgentPorts(journal=agent_journal(tmp_path / "log.sqlite"), versions=VERSIONS)
    took_part(ports, "r1", *NAMES)
    return ports


def again(ports: AgentPorts, tmp_path: Path) -> AgentPorts:
    """Return the same journals as another process finds them."""
    return AgentPorts(journal=agent_journal(tmp_path / "log.sqlite"), versions=ports.versions)


def test_agents_are_listed_page_by_page_and_kind_by_kind(ports: AgentPorts) -> None:
    """Pages follow one another in the order of first runs; a kind is a choice of them; kinds are no agents."""
    upgrade_agents(ports, "plant", 2)
    first = list_agents(ports, page_size=2)
    second = list_agents(ports, page_size=2, page_token=first.next_page_token)
    assert [agent.name for agent in (*first.agents, *second.agents)] == list(NAMES)
    assert second.next_page_token == ""
    assert [agent.name for agent in list_agents(ports, kind="segment").agents] == ["segment:north"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"kind": "robot"}, ""), ({"page_size": -1}, "page_size"), ({"page_token": "x"}, "page_token")],
)
def test_wrong_questions_are_refused(ports: AgentPorts, asked: dict[str, object], field: str) -> None:
    """A kind there is none of, a negative page and somebody else's token are named in the error."""
    with pytest.raises(InvalidRequest, match=field or "robot"):
        list_agents(ports, **asked)  # type: ignore[arg-type]  # by case


@pytest.mark.parametrize("name", ["", "plant:nobody", "kind/plant", "../x"])
def test_what_is_no_agent_is_not_found(ports: AgentPorts, name: str) -> None:
    """Only names that took part in a run are agents."""
    upgrade_agents(ports, "plant", 2)
    with pytest.raises(NotFound, match="no agent is called"):
        find_agent(ports, name)


def test_an_upgrade_and_its_rollback_are_kept_and_lose_nothing(ports: AgentPorts, tmp_path: Path) -> None:
    """Versions are chosen kind by kind, taken back one by one, and still stand for the next process; agents stay."""
    before = list_agents(ports).agents
    assert [(kind.version, kind.chosen) for kind in kind_standings(ports)] == [(3, False), (1, False), (1, False)]
    assert upgrade_agents(ports, "plant", 1).version == 1
    assert upgrade_agents(ports, "plant", 2).version == 2
    other = again(ports, tmp_path)
    assert [kind.version for kind in kind_standings(other)] == [2, 1, 1]
    assert rollback_agents(other, "plant").version == 1
    assert list_agents(ports).agents == before


def test_a_version_that_there_is_not_is_not_chosen(ports: AgentPorts) -> None:
    """The error says which versions there are; without a choice there is nothing to roll back."""
    with pytest.raises(InvalidRequest, match="1, 2, 3"):
        upgrade_agents(ports, "plant", 9)
    with pytest.raises(InvalidRequest, match="robot"):
        upgrade_agents(ports, "robot", 1)
    with pytest.raises(InvalidRequest, match="partner"):
        rollback_agents(ports, "partner")


def test_a_retired_agent_stays_so(ports: AgentPorts, tmp_path: Path) -> None:
    """Whoever looks later finds it decommissioned, with the reason, and its history; doing it again changes nothing."""
    retired = retire_agent(ports, "plant:1901", "sold", busy=False)
    assert (retired.state, retired.reason, retired.plan) == (AgentState.DECOMMISSIONED, "sold", "r1")
    assert retire_agent(again(ports, tmp_path), "plant:1901", "other words", busy=False) == retired
    with pytest.raises(NotFound):
        retire_agent(ports, "plant:nobody", "", busy=False)
    with pytest.raises(InvalidRequest, match="reason"):
        retire_agent(ports, "plant:1902", "x" * 10_000, busy=False)


def test_an_agent_is_not_taken_out_of_a_run(ports: AgentPorts) -> None:
    """Who is part of a run that goes on is named with it, and goes on."""
    with pytest.raises(AgentBusy, match="r1"):
        retire_agent(ports, "plant:1901", "", busy=True)
    assert find_agent(ports, "plant:1901").state is AgentState.MONITORING


def test_agents_of_an_accepted_plan_execute_it(ports: AgentPorts) -> None:
    """Those whose last plan it is; one that made another since does not, one that was retired is refused and logged."""
    took_part(ports, "r2", "plant:1902")
    retire_agent(ports, "segment:north", "", busy=False)
    with capture_logs() as logged:
        assert note_accepted(ports.journal, "r1") == ("plant:1901",)
    assert [(line["agent"], line["state"], line["to"]) for line in logged] == [
        ("segment:north", "decommissioned", "executing")
    ]
    states = [agent.state for agent in list_agents(ports).agents]
    assert states == [AgentState.EXECUTING, AgentState.MONITORING, AgentState.DECOMMISSIONED]
    assert note_accepted(ports.journal, "unheard of") == ()


def test_a_run_that_took_an_agent_up_is_not_disturbed_by_an_acceptance(ports: AgentPorts) -> None:
    """Noting an acceptance takes no epoch, so that a host goes on writing, and a second note of it changes nothing."""
    epoch = ports.journal.epoch("plant:1901")
    assert note_accepted(ports.journal, "r1") == NAMES
    assert note_accepted(ports.journal, "r1") == ()
    assert ports.journal.epoch("plant:1901") == epoch
    took_part(ports, "r2", "plant:1901", planned=False)
    assert find_agent(ports, "plant:1901").accepted == "r1"


def test_where_agents_keep_no_journals_nothing_is_promised(ports: AgentPorts) -> None:
    """An upgrade, rollback or retirement that no host would read is refused with the reason."""
    deaf = AgentPorts(journal=ports.journal, versions=VERSIONS, unwritten="give the server a database")
    for what in (
        lambda: upgrade_agents(deaf, "plant", 1),
        lambda: rollback_agents(deaf, "plant"),
        lambda: retire_agent(deaf, "plant:1901", "", busy=False),
    ):
        with pytest.raises(InvalidRequest, match="a database"):
            what()
