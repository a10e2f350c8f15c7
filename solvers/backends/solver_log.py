"""A file that solvers tell their steps to, for people, and that does not grow without end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

MOST_BYTES = 64 << 20


class SolverLog:
    """A file that solves are appended to until it holds ``most_bytes``; it then says that it was cut.

    The size is looked at before each solve, so that the last one may go beyond. One log belongs to one process. A disk
    that is full, or a file that was taken away, ends no solve: then less is told.
    """

    def __init__(self, file: Path, *, most_bytes: int = MOST_BYTES) -> None:
        if not file.parent.is_dir():
            raise ValueError(f"there is no folder {file.parent} for the solver's log; create it or name another file")
        if most_bytes < 1:
            raise ValueError(f"a solver's log needs room for at least 1 byte, got {most_bytes}")
        self.file = file
        self._most_bytes, self._cut = most_bytes, False

    @property
    def takes_more(self) -> bool:
        """Whether one more solve is to be told; writes down, once, that none is any more."""
        if not self._cut and self._size() >= self._most_bytes:
            self._cut = True
            self._append(f"cut here: solves after the first {self._most_bytes} bytes are not told\n")
        return not self._cut

    def note(self, line: str) -> None:
        """Append a line of one's own, for what no solver tells by itself."""
        if self.takes_more:
            self._append(f"{line}\n")

    def _size(self) -> int:
        try:
            return self.file.stat().st_size
        except OSError:
            return 0

    def _append(self, text: str) -> None:
        with suppress(OSError), self.file.open("a", encoding="utf-8") as stream:
            stream.write(text)
