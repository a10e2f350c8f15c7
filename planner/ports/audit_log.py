"""The port to the audit log: who asked for what and what was decided, each row chained to the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One decision at the door.

    ``decision`` is ``allow``, ``deny`` or ``unauthenticated``; ``reason`` names the policies or what was wrong.
    ``resource`` is what the caller named, ``identity`` by what it proved itself; both may be empty. ``time`` is UTC in
    ISO 8601; the text itself is what is hashed.
    """

    time: str
    principal: str
    identity: str
    roles: str
    partner: str
    method: str
    resource: str
    decision: str
    reason: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """An entry in its place: numbers from 1, the hash of the row before, and its own over that and its content."""

    sequence: int
    entry: AuditEntry
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """How many rows there are and the hash of the last one, kept apart from the rows."""

    count: int
    hash: str


class AuditLog(Protocol):
    """Keeps decisions forever, in one order; blocking, called from one thread at a time."""

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Store all the entries durably, or none, and anchor the last one.

        Raises
        ------
        StorageFailure
            If they could not be stored or anchored.
        """
        ...

    def rows(self) -> Iterator[AuditRow]:
        """Return all rows in their order, as they are stored."""
        ...

    def head(self) -> AuditHead | None:
        """Return the anchor; nothing where there is none."""
        ...
