"""The journals of agents on the event log; the log's own rule for two writers is what fences them.

A journal is the aggregate ``agent/<name>``. Taking an epoch is an event like every note, at the next sequence, and no
two events share a sequence. So a note can only be stored behind everything its writer has seen: an epoch that was taken
meanwhile stands where the note would go, the note is refused, and its writer looks again and finds itself fenced. Check
and write need no common transaction for that.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from planner.domain.errors import StorageFailure
from planner.events.catalogue import AgentEpochTaken, AgentNoted
from planner.events.codec import decode, encode
from planner.events.envelope import Envelope
from planner.events.snapshot import Snapshot
from planner.ports.agent_journal import AGENT_PREFIX, AgentNote, EpochFenced, JournalEntry, agent_aggregate
from planner.ports.clock import Clock
from planner.ports.event_log import EventLog, SequenceConflict
from planner.ports.ids import Ids
from planner.ports.snapshot_store import SnapshotStore

_ATTEMPTS = 100
"""How often a write is begun anew because another thread of the same epoch came first."""


@dataclass(frozen=True, slots=True)
class _Head:
    """The latest event of a journal as it was last seen: where it stands, its epoch and its id."""

    sequence: int
    epoch: int
    id: str


_EMPTY = _Head(sequence=-1, epoch=0, id="")


class EventLogJournal:
    """Implements :class:`planner.ports.agent_journal.AgentJournal`."""

    def __init__(self, log: EventLog, snapshots: SnapshotStore, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._snapshots = snapshots
        self._clock = clock
        self._ids = ids
        self._heads: dict[str, _Head] = {}
        self._lock = threading.Lock()

    def epoch(self, agent: str) -> int:
        """Return the epoch of an agent; 0 before any was taken."""
        return self._look(agent).epoch

    def take(self, agent: str, *, expected: int, holder: str) -> int:
        """Take the epoch after ``expected``; see the port."""
        for _ in range(_ATTEMPTS):
            head = self._look(agent)
            if head.epoch != expected:
                raise _fenced(agent, expected, head.epoch)
            taken = AgentEpochTaken(agent=agent, epoch=expected + 1, holder=holder)
            try:
                self._write(agent, head, [taken])
            except SequenceConflict:
                continue
            return taken.epoch
        raise _crowded(agent)

    def append(self, agent: str, epoch: int, notes: Sequence[AgentNote]) -> int:
        """Write all the notes durably, or none; see the port."""
        events = [AgentNoted(agent=agent, epoch=epoch, kind=note.kind, content=note.content) for note in notes]
        with self._lock:
            seen = self._heads.get(agent)
        for _ in range(_ATTEMPTS):
            head = seen if seen is not None and seen.epoch == epoch else self._look(agent)
            if head.epoch != epoch:
                raise _fenced(agent, epoch, head.epoch)
            if not events:
                return head.sequence
            try:
                return self._write(agent, head, events)
            except SequenceConflict:
                seen = None
        raise _crowded(agent)

    def read(self, agent: str, *, after: int = -1) -> tuple[JournalEntry, ...]:
        """Return the notes of an agent beyond a sequence, in order."""
        history = self._log.history(agent_aggregate(agent), after=after)
        found = ((envelope.sequence, decode(envelope)) for envelope in history)
        return tuple(
            JournalEntry(agent=agent, epoch=event.epoch, sequence=sequence, kind=event.kind, content=event.content)
            for sequence, event in found
            if isinstance(event, AgentNoted)
        )

    def keep_snapshot(self, epoch: int, snapshot: Snapshot) -> None:
        """Keep what an agent's state was; see the port."""
        agent = snapshot.aggregate.removeprefix(AGENT_PREFIX)
        head = self._look(agent)
        if head.epoch != epoch:
            raise _fenced(agent, epoch, head.epoch)
        if snapshot.sequence > head.sequence:
            raise ValueError(f"agent {agent!r} has no entry {snapshot.sequence} yet, its last one is {head.sequence}")
        # An epoch taken in this very moment does no harm: up to its sequence the journal says the same for ever.
        self._snapshots.keep(snapshot)

    def snapshot(self, agent: str, version: int) -> Snapshot | None:
        """Return the newest snapshot of an agent and version."""
        return self._snapshots.newest(agent_aggregate(agent), version)

    def agents(self) -> tuple[str, ...]:
        """Return the names of all agents an epoch was ever taken for."""
        aggregates = self._log.unended(AgentEpochTaken.__name__, ())
        return tuple(aggregate.removeprefix(AGENT_PREFIX) for aggregate in aggregates)

    def _look(self, agent: str) -> _Head:
        """Return the head of a journal as it is now."""
        last = self._log.last(agent_aggregate(agent))
        head = _EMPTY if last is None else _Head(last.sequence, _epoch(last), last.id)
        with self._lock:
            self._heads[agent] = head
        return head

    def _write(self, agent: str, head: _Head, events: Sequence[AgentEpochTaken | AgentNoted]) -> int:
        """Append behind a head and remember the new one; after any failure it is looked for again."""
        envelopes = [self._enveloped(event, head, number) for number, event in enumerate(events, start=1)]
        with self._lock:
            self._heads.pop(agent, None)
        self._log.append(envelopes)
        last = envelopes[-1]
        with self._lock:
            self._heads[agent] = _Head(last.sequence, events[-1].epoch, last.id)
        return last.sequence

    def _enveloped(self, event: AgentEpochTaken | AgentNoted, head: _Head, number: int) -> Envelope:
        kind, version, data = encode(event)
        return Envelope(
            id=self._ids.new(),
            type=kind,
            version=version,
            aggregate=agent_aggregate(event.agent),
            sequence=head.sequence + number,
            time=self._clock.now(),
            cause=head.id,
            correlation="",
            data=data,
        )


def _epoch(envelope: Envelope) -> int:
    event = decode(envelope)
    if isinstance(event, AgentEpochTaken | AgentNoted):
        return event.epoch
    raise StorageFailure(f"event {envelope.id} of type {envelope.type} is no entry of an agent's journal")


def _fenced(agent: str, epoch: int, present: int) -> EpochFenced:
    return EpochFenced(
        f"agent {agent!r} is in epoch {present}, not {epoch}: another host has taken it over; act for it no more"
    )


def _crowded(agent: str) -> StorageFailure:
    return StorageFailure(
        f"the journal of agent {agent!r} was written by others {_ATTEMPTS} times in a row: let one thread write for it"
    )
