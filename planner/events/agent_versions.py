"""Which version agents of a kind are to be of: the fold of one journal per kind.

The journal is that of ``kind/<kind>``, whose notes ``pinned`` name a version, or 0 for the newest there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.events.agent_record import Note

PINNED = "pinned"
KIND_PREFIX = "kind/"
KINDS = ("plant", "partner", "segment")


def version_history(entries: Iterable[Note]) -> tuple[int, ...]:
    """Return the versions that were chosen for a kind, in order; before the first one it was 0, the newest."""
    return (0, *(v for entry in entries if entry.kind == PINNED and isinstance(v := entry.content["version"], int)))
