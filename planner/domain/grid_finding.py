"""One thing that is wrong with a grid file, told so that whoever wrote it can find the place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GridFinding:
    """What is wrong, where, and what to do about it.

    ``path`` leads through the keys of the file to the place (``factors.outage.where.plant``), empty for the file as a
    whole; ``line`` is counted from 1, 0 where it is not known.
    """

    path: str
    message: str
    line: int = 0

    def at(self, file: str) -> str:
        """Return the finding on one line, with its place in a file."""
        place = f"{file}:{self.line}" if self.line else file
        return f"{place}: {f'{self.path}: ' if self.path else ''}{self.message}"
