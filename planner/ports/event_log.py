"""The port to the append-only log on which requests, operations and restarts rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from planner.domain.errors import StorageFailure
from planner.events.envelope import Envelope


class SequenceConflict(StorageFailure):
    """An aggregate already has an event of that sequence: somebody else wrote first; read again and decide anew."""

    code = "SEQUENCE_CONFLICT"


class EventLog(Protocol):
    """Keeps events forever, in one order; blocking and safe to call from several threads.

    Every event has a position. Positions grow with the order in which events became readable: whoever has read up to
    a position never finds a smaller one later, whichever process appended.
    """

    def append(self, events: Sequence[Envelope]) -> None:
        """Store all the events durably, or none.

        Raises
        ------
        SequenceConflict
            If an aggregate already has an event of that sequence.
        StorageUnavailable
            If the database did not answer; whether the events were stored is then found out by reading.
        StorageFailure
            If they could not be stored.
        """
        ...

    def history(self, aggregate: str, *, after: int = -1) -> tuple[Envelope, ...]:
        """Return the events of an aggregate beyond a sequence, in that order; none if it is not known."""
        ...

    def last(self, aggregate: str) -> Envelope | None:
        """Return the latest event of an aggregate."""
        ...

    def since(self, position: int, *, limit: int) -> tuple[tuple[int, Envelope], ...]:
        """Return up to ``limit`` events beyond a position (0: from the beginning) with their positions, in order."""
        ...

    def latest(self, type_: str, *, before: int | None = None, limit: int) -> tuple[tuple[int, Envelope], ...]:
        """Return up to ``limit`` events of a type with their positions, newest first, from before a position."""
        ...

    def unended(self, begin: str, endings: Sequence[str]) -> tuple[str, ...]:
        """Return the aggregates with an event of type ``begin`` and none of ``endings``, in the order they began."""
        ...
