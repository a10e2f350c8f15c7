"""The port to what long-lived agents must not forget: one journal per agent, written by one host at a time.

A host writes under an *epoch*. It takes the next one by compare-and-set; from that moment on nothing that is written
under an earlier epoch gets into the journal, however long an old host lives on behind a cut in the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from planner.domain.errors import StorageFailure
from planner.events.snapshot import Snapshot

AGENT_PREFIX = "agent/"


class EpochFenced(StorageFailure):
    """Another host has taken over the agent: whoever is told so must stop acting for it, and not try again."""

    code = "EPOCH_FENCED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNote:
    """What an agent writes down: its own ``kind`` of note with JSON-ready content."""

    kind: str
    content: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.kind:
            raise ValueError("a note needs a kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A note in the journal of ``agent``, written under ``epoch``.

    ``sequence`` grows from entry to entry, but not by 1 where an epoch was taken in between.
    """

    agent: str
    epoch: int
    sequence: int
    kind: str
    content: Mapping[str, object]


def agent_aggregate(agent: str) -> str:
    """Return the aggregate of an agent's journal, which is also that of its snapshots.

    Raises
    ------
    ValueError
        If the agent has no name.
    """
    if not agent:
        raise ValueError("an agent needs a name")
    return f"{AGENT_PREFIX}{agent}"


class AgentJournal(Protocol):
    """Keeps the journals of all agents; blocking and safe to call from several threads.

    Every method raises ``StorageFailure`` if the database cannot be used, ``StorageUnavailable`` if that may pass.
    """

    def epoch(self, agent: str) -> int:
        """Return the epoch of an agent; 0 before any was taken."""
        ...

    def take(self, agent: str, *, expected: int, holder: str) -> int:
        """Take the epoch after ``expected`` for a holder and return it.

        Raises
        ------
        EpochFenced
            If the agent's epoch is not ``expected`` any more: somebody else took it.
        """
        ...

    def begin(self, notes: Mapping[str, Sequence[AgentNote]], *, holder: str) -> dict[str, int]:
        """Take the next epoch of every agent named, and write its notes under it, all durably or none; return epochs.

        Whoever held one of them before is fenced from then on.
        """
        ...

    def append_all(self, epochs: Mapping[str, int], notes: Mapping[str, Sequence[AgentNote]]) -> None:
        """Write the notes of several agents durably, each under the epoch given for it, or none.

        Raises
        ------
        EpochFenced
            If one of the agents is in another epoch by now.
        """
        ...

    def append(self, agent: str, epoch: int, notes: Sequence[AgentNote]) -> int:
        """Write all the notes durably, or none; return the sequence of the last one.

        Raises
        ------
        EpochFenced
            If the agent's epoch is another one by now.
        """
        ...

    def read(self, agent: str, *, after: int = -1) -> tuple[JournalEntry, ...]:
        """Return the notes of an agent beyond a sequence, in order."""
        ...

    def keep_snapshot(self, epoch: int, snapshot: Snapshot) -> None:
        """Keep what an agent's state was after an entry; ``snapshot.aggregate`` is that of the agent.

        Raises
        ------
        EpochFenced
            If the agent's epoch is another one by now.
        """
        ...

    def snapshot(self, agent: str, version: int) -> Snapshot | None:
        """Return the newest snapshot of an agent that a projection of this version wrote."""
        ...

    def agents(self) -> tuple[str, ...]:
        """Return the names of all agents an epoch was ever taken for, in the order of their first."""
        ...
