"""Identifiers that begin with the time, so that they sort roughly by age and index well (the layout of UUID 7)."""

from __future__ import annotations

import secrets
import time
import uuid

_RANDOM_BITS = 74


class RandomIds:
    """Implements :class:`planner.ports.ids.Ids` by version 7 UUIDs (RFC 9562, section 5.7)."""

    def new(self) -> str:
        """Return an identifier of lower-case letters, digits and hyphens."""
        chance = secrets.randbits(_RANDOM_BITS)
        high, low = chance >> 62, chance & ((1 << 62) - 1)
        milliseconds = time.time_ns() // 1_000_000 & ((1 << 48) - 1)
        return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
