"""The journals of agents on the event log; the log's own rule for two writers is what fences them.

A journal is the aggregate ``agent/<name>``. Taking an epoch is an event like every note, at the next sequence, and no
two events share a sequence. So a note can only be stored behind everything its writer has seen: an epoch that was taken
meanwhile stands where the note would go, the note is refused, and its writer looks again and finds itself fenced. Check
and write need no common transaction for that.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
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

    def begin(self, notes: Mapping[str, Sequence[AgentNote]], *, holder: str) -> dict[str, int]:
        """Take the next epoch of every agent and write its notes under it; see the port."""
        for _ in range(_ATTEMPTS):
            heads = {agent: self._look(agent) for agent in notes}
            epochs = {agent: head.epoch + 1 for agent, head in heads.items()}
            events = {
                agent: [AgentEpochTaken(agent=agent, epoch=epochs[agent], holder=holder), *_noted(agent, epochs, notes)]
                for agent in notes
            }
            try:
                self._write_all(heads, events)
            except SequenceConflict:
                continue
            return epochs
        raise _crowded(next(iter(notes), ""))

    def append_all(self, epochs: Mapping[str, int], notes: Mapping[str, Sequence[AgentNote]]) -> None:
        """Write the notes of several agents, each under its epoch, or none; see the port."""
        for _ in range(_ATTEMPTS):
            heads = {agent: self._look(agent) for agent in notes}
            for agent, head in heads.items():
                if head.epoch != epochs[agent]:
                    raise _fenced(agent, epochs[agent], head.epoch)
            try:
                self._write_all(heads, {agent: _noted(agent, epochs, notes) for agent in notes})
            except SequenceConflict:
                continue
            return
        raise _crowded(next(iter(notes), ""))

    def append(self, agent: str, epoch: int, notes: Sequence[AgentNote]) -> int:
        """Write all the notes durably, or none; see the port."""
        events = _noted(agent, {agent: epoch}, {agent: notes})
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
        self._write_all({agent: head}, {agent: events})
        return head.sequence + len(events)

    def _write_all(
        self, heads: Mapping[str, _Head], events: Mapping[str, Sequence[AgentEpochTaken | AgentNoted]]
    ) -> None:
        """Append behind heads and remember the new ones; after any failure they are looked for again."""
        envelopes = {
            agent: [self._enveloped(event, heads[agent], number) for number, event in enumerate(of_agent, start=1)]
            for agent, of_agent in events.items()
            if of_agent
        }
        with self._lock:
            for agent in envelopes:
                self._heads.pop(agent, None)
        self._log.append([envelope for of_agent in envelopes.values() for envelope in of_agent])
        with self._lock:
            for agent, of_agent in envelopes.items():
                self._heads[agent] = _Head(of_agent[-1].sequence, events[agent][-1].epoch, of_agent[-1].id)

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


def _noted(
    agent: str, epochs: Mapping[str, int], notes: Mapping[str, Sequence[AgentNote]]
) -> list[AgentEpochTaken | AgentNoted]:
    return [AgentNoted(agent=agent, epoch=epochs[agent], kind=n.kind, content=n.content) for n in notes[agent]]


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
