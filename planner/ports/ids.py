"""The port to fresh identifiers."""

from __future__ import annotations

from typing import Protocol


class Ids(Protocol):
    """Gives identifiers that were never given before."""

    def new(self) -> str:
        """Return an identifier of lower-case letters, digits and hyphens."""
        ...
