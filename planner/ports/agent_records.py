"""What the journals of agents tell: of one agent, and which versions operators chose for each kind."""

from __future__ import annotations

from planner.events.agent_record import AGENT_PROJECTION, AgentRecord
from planner.events.agent_versions import KIND_PREFIX, KINDS, version_history
from planner.ports.agent_journal import AgentJournal, agent_aggregate

SNAPSHOT_EVERY = 64
"""Events of a journal after which a snapshot spares its reader the beginning."""


def read_record(journal: AgentJournal, name: str) -> AgentRecord:
    """Return what is known of an agent; without a name where nothing is."""
    snapshot = journal.snapshot(name, AGENT_PROJECTION.version)
    after = -1 if snapshot is None else snapshot.sequence
    return AGENT_PROJECTION.fold(journal.read(name, after=after), snapshot)


def shorten(journal: AgentJournal, name: str, epoch: int) -> None:
    """Keep a snapshot of an agent where many events came since the last one."""
    snapshot = journal.snapshot(name, AGENT_PROJECTION.version)
    after = -1 if snapshot is None else snapshot.sequence
    entries = journal.read(name, after=after)
    if entries and entries[-1].sequence - after >= SNAPSHOT_EVERY:
        state = AGENT_PROJECTION.fold(entries, snapshot)
        journal.keep_snapshot(epoch, AGENT_PROJECTION.snapshot(agent_aggregate(name), state, entries[-1].sequence))


def agent_names(journal: AgentJournal) -> tuple[str, ...]:
    """Return the names of all agents that were ever held, in the order of their first."""
    return tuple(name for name in journal.agents() if not name.startswith(KIND_PREFIX))


def chosen_versions(journal: AgentJournal) -> dict[str, tuple[int, ...]]:
    """Return, by kind, the versions that were chosen for it one after the other; 0 is the newest there is."""
    return {kind: version_history(journal.read(f"{KIND_PREFIX}{kind}")) for kind in KINDS}
