"""What every event carries besides its own content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event as it is stored.

    ``aggregate`` is what it happened to (``plan/…``, ``scenario/…``, ``request/…``) and ``sequence`` its 0-based place
    in that aggregate's history: the two are unique together, so of two writers who saw the same history one fails.
    ``cause`` is the id of the event that led to this one and ``correlation`` the id of the request it all began
    with; both may be empty. ``data`` is JSON-ready.
    """

    id: str
    type: str
    version: int
    aggregate: str
    sequence: int
    time: datetime
    cause: str
    correlation: str
    data: Mapping[str, object]

    def __post_init__(self) -> None:
        if not self.id or not self.type or not self.aggregate:
            raise ValueError("an event needs an id, a type and an aggregate")
        if self.version < 1 or self.sequence < 0:
            raise ValueError(f"version must be ≥ 1 and sequence ≥ 0, got {self.version} and {self.sequence}")
        if self.time.utcoffset() is None:
            raise ValueError(f"the time of an event needs a time zone, got {self.time.isoformat()}")
