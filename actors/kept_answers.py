"""Answers that agents keep from run to run, so that a question about an unchanged block is solved once.

What an agent answers depends on its program, the prices of the rows it is in, the options it is allowed and the nodes
it may spend, and on nothing else. The key is a hash of exactly these, so an answer from memory is the one that solving
again would give, and a plan does not depend on what was remembered. Answers that a clock or an interruption cut short
are not kept.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from solvers.core.program import Floats, Program

MOST_BYTES = 64 * 1024 * 1024
"""What the answers of one host may take: thousands of them, while a run asks an agent some dozens of questions."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptAnswer:
    """A bound, whose word it is, and the solution behind the proposal: float64 [columns], None without one."""

    bound: float
    proved_by: str
    x: Floats | None


class KeptAnswers:
    """Answers by question; those that were asked for longest ago are forgotten first.

    ``most_bytes`` bounds the memory of the solutions kept.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        if most_bytes < 0:
            raise ValueError(f"most_bytes is {most_bytes}; give 0 to keep nothing, or more")
        self._most, self._bytes = most_bytes, 0
        self._known: OrderedDict[bytes, KeptAnswer] = OrderedDict()
        self.hits = 0

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._known)

    def copy(self) -> KeptAnswers:
        """Return answers that go their own way from here."""
        other = KeptAnswers(most_bytes=self._most)
        other._known, other._bytes = self._known.copy(), self._bytes
        return other

    def find(self, key: bytes) -> KeptAnswer | None:
        """Return the answer to a question, None where it is not known."""
        answer = self._known.get(key)
        if answer is not None:
            self._known.move_to_end(key)
            self.hits += 1
        return answer

    def keep(self, key: bytes, answer: KeptAnswer) -> None:
        """Keep an answer, and forget others where there is no room for all."""
        if key in self._known:
            return
        self._known[key] = answer
        self._bytes += _size(answer)
        while self._bytes > self._most:
            self._bytes -= _size(self._known.popitem(last=False)[1])


def program_digest(program: Program) -> bytes:
    """Return a hash of a program: rows, bounds, integrality, objective and offset."""
    digest = hashlib.sha256(np.float64(program.offset).tobytes())
    rows = program.rows
    for part in (
        program.objective,
        program.lower,
        program.upper,
        program.integer,
        rows.start,
        rows.index,
        rows.value,
        program.row_lower,
        program.row_upper,
    ):
        content = np.ascontiguousarray(part)
        digest.update(f"{content.dtype.str}{content.shape}".encode())
        digest.update(content.tobytes())
    return digest.digest()


def _size(answer: KeptAnswer) -> int:
    return 256 + (0 if answer.x is None else answer.x.nbytes)
