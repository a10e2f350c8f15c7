"""The long-lived agents of a server, as its operators see and steer them.

What agents are is told by their journals (`planner.ports.agent_journal`), which hosts write; here they are read, and a
few notes are added: a version was chosen for a kind, an agent was retired, a plan of theirs was accepted. Everything
takes effect at the next run, which reads the journals anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from planner.domain.agent_lifecycle import NEXT, AgentState, moved
from planner.domain.errors import AgentBusy, InvalidRequest, NotFound
from planner.events.agent_record import ACCEPTED, RETIRED, AgentRecord
from planner.events.agent_versions import KIND_PREFIX, PINNED
from planner.ports.agent_journal import AgentJournal, AgentNote, EpochFenced
from planner.ports.agent_records import agent_names, chosen_versions, read_record

_log = structlog.get_logger("concordat.agents")

SERVER = "server"
"""Who holds an agent while its journal is written here."""
LONGEST_REASON = 500
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPorts:
    """The journals of agents, and by kind the versions that this release has, oldest first.

    ``unwritten`` says why agents write no journals here, and what to do; empty where they do.
    """

    journal: AgentJournal
    versions: Mapping[str, tuple[int, ...]]
    unwritten: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindStanding:
    """The version that agents of a kind are of from their next run on; ``chosen`` by an operator, or the newest."""

    kind: str
    version: int
    chosen: bool
    versions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AgentPage:
    """Agents and the token of the next page, empty on the last one."""

    agents: tuple[AgentRecord, ...]
    next_page_token: str


def list_agents(ports: AgentPorts, *, kind: str = "", page_size: int = 0, page_token: str = "") -> AgentPage:
    """Return a page of agents, in the order of their first run.

    Raises
    ------
    InvalidRequest
        If there is no such kind, or page size or token are wrong.
    """
    if kind:
        _known_kind(ports, kind)
    if page_size < 0:
        raise InvalidRequest(f"page_size must not be negative, got {page_size}", "page_size")
    if page_token and not (page_token.isascii() and page_token.isdigit() and len(page_token) < 10):
        raise InvalidRequest(
            f"page_token {page_token[:40]!r} was not made by this server: pass the next_page_token of the page before",
            "page_token",
        )
    names = [name for name in agent_names(ports.journal) if not kind or name.partition(":")[0] == kind]
    start, size = int(page_token or 0), min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
    page = tuple(read_record(ports.journal, name) for name in names[start : start + size])
    return AgentPage(page, str(start + size) if len(names) > start + size else "")


def find_agent(ports: AgentPorts, name: str) -> AgentRecord:
    """Return one agent.

    Raises
    ------
    NotFound
        If none of this name ever took part in a run.
    """
    # A journal is looked into by the names there are only: others are somebody's input.
    if name.startswith(KIND_PREFIX) or not (record := read_record(ports.journal, name) if name else AgentRecord()).name:
        raise NotFound(f"no agent is called {name[:200]!r}: agents are named kind:identity; list them to see which are")
    return record


def kind_standings(ports: AgentPorts) -> tuple[KindStanding, ...]:
    """Return for every kind of which version its agents are to be."""
    chosen = chosen_versions(ports.journal)
    return tuple(_standing(ports, kind, chosen[kind]) for kind in ports.versions)


def upgrade_agents(ports: AgentPorts, kind: str, version: int) -> KindStanding:
    """Have the agents of a kind be of a version from their next run on; the same again changes nothing.

    Raises
    ------
    InvalidRequest
        If there is no such kind or version, or agents keep no journals here.
    """
    _known_kind(ports, kind)
    _written(ports)
    if version not in ports.versions[kind]:
        there = ", ".join(map(str, ports.versions[kind]))
        raise InvalidRequest(f"{kind} agents have no version {version}; this release has {there}", "version")
    history = chosen_versions(ports.journal)[kind]
    return _standing(ports, kind, history if history[-1] == version else _choose(ports, kind, version))


def rollback_agents(ports: AgentPorts, kind: str) -> KindStanding:
    """Take the last choice of a version back; agents are of the version before it from their next run on.

    Raises
    ------
    InvalidRequest
        If there is no such kind, no choice to take back, or agents keep no journals here.
    """
    _known_kind(ports, kind)
    _written(ports)
    history = chosen_versions(ports.journal)[kind]
    if len(history) < 2:
        raise InvalidRequest(f"no version was ever chosen for {kind} agents, so there is none to go back from", "kind")
    return _standing(ports, kind, _choose(ports, kind, history[-2]))


def retire_agent(ports: AgentPorts, name: str, reason: str, *, busy: bool) -> AgentRecord:
    """Decommission an agent; retiring it again changes nothing. ``busy``: a run that it is part of goes on.

    Raises
    ------
    NotFound
        If none of this name ever took part in a run.
    AgentBusy
        If it is part of a run that goes on.
    InvalidRequest
        If the reason is too long, or agents keep no journals here.
    """
    if len(reason) > LONGEST_REASON:
        raise InvalidRequest(f"reason must have at most {LONGEST_REASON} characters", "reason")
    _written(ports)
    record = find_agent(ports, name)
    if record.state is AgentState.DECOMMISSIONED:
        return record
    if busy:
        raise AgentBusy(
            f"agent {name} is part of plan {record.run}, which is being made: wait for its end or cancel it"
        )
    moved(name, record.state, AgentState.DECOMMISSIONED)
    ports.journal.begin({name: [AgentNote(kind=RETIRED, content={"reason": reason})]}, holder=SERVER)
    return read_record(ports.journal, name)


def note_accepted(journal: AgentJournal, plan: str) -> tuple[str, ...]:
    """Note that a finished plan was accepted, for every agent whose last plan it is; return their names."""
    noted = []
    for record in [read_record(journal, name) for name in agent_names(journal)]:
        if record.plan != plan or record.accepted == plan:
            continue
        if AgentState.EXECUTING not in NEXT[record.state]:
            _log.warning(
                "an agent's move is refused",
                agent=record.name,
                state=record.state.value,
                to=AgentState.EXECUTING.value,
            )
            continue
        note = AgentNote(kind=ACCEPTED, content={"plan": plan})
        # Under the epoch that was read: an agent that a run took up in this moment is left to that run.
        with suppress(EpochFenced):
            journal.append(record.name, record.epoch, [note])
            noted.append(record.name)
    return tuple(noted)


def _written(ports: AgentPorts) -> None:
    """Raise :class:`InvalidRequest` where hosts would not read what is to be written."""
    if ports.unwritten:
        raise InvalidRequest(ports.unwritten)


def _known_kind(ports: AgentPorts, kind: str) -> None:
    if kind not in ports.versions:
        there = ", ".join(ports.versions)
        raise InvalidRequest(f"no agents are called {kind[:40]!r}; choose one of {there}", "kind")


def _choose(ports: AgentPorts, kind: str, version: int) -> tuple[int, ...]:
    note = AgentNote(kind=PINNED, content={"version": version})
    ports.journal.begin({f"{KIND_PREFIX}{kind}": [note]}, holder=SERVER)
    return chosen_versions(ports.journal)[kind]


def _standing(ports: AgentPorts, kind: str, history: tuple[int, ...]) -> KindStanding:
    return KindStanding(
        kind=kind,
        version=history[-1] or ports.versions[kind][-1],
        chosen=history[-1] != 0,
        versions=ports.versions[kind],
    )
