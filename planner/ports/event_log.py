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
    """Keeps events forever, in one order; blocking and safe to call from several threads."""

    def append(self, events: Sequence[Envelope]) -> None:
        """Store all the events durably, or none.

        Raises
        ------
        SequenceConflict
            If an aggregate already has an event of that sequence.
        StorageFailure
            If they could not be stored.
        """
        ...

    def history(self, aggregate: str) -> tuple[Envelope, ...]:
        """Return the events of an aggregate in the order of their sequence; none if it is not known."""
        ...

    def latest(self, type_: str, *, before: int | None = None, limit: int) -> tuple[tuple[int, Envelope], ...]:
        """Return up to ``limit`` events of a type with their positions, newest first, from before a position."""
        ...

    def unended(self, begin: str, endings: Sequence[str]) -> tuple[str, ...]:
        """Return the aggregates with an event of type ``begin`` and none of ``endings``, in the order they began."""
        ...
