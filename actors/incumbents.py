"""The plans one run found on its way: numbered and named, so that the last few can be accepted and found again.

An incumbent's name (its etag) is its number in the run and a digest of the whole solution. A run that is repeated finds
the same incumbents in the same order, so the name also tells where a run was: that is what a stopped run journals.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from actors.allowance import Allowance
from actors.candidate import Candidate

KEPT = 24
"""How many of the latest incumbents a run keeps; a solution of a large scenario takes some megabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """A plan that was the best one when it was found, as the ``number``-th, while step ``step`` was under way.

    ``whole`` tells that no solve it came from was cut short, so that a repeated run finds it again.
    """

    number: int
    step: int
    etag: str
    whole: bool
    candidate: Candidate


class Incumbents:
    """The incumbents of one run; it also ends a run that is to end at a journalled moment."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._kept: OrderedDict[str, Incumbent] = OrderedDict()
        self.last: Incumbent | None = None

    @property
    def best(self) -> Candidate | None:
        """The best plan so far."""
        return None if self.last is None else self.last.candidate

    def offer(self, candidate: Candidate) -> bool:
        """Keep a plan if it is better than all before; tells whether it was kept.

        Once time is out, what solvers leave depends on the moment they were stopped at: such a plan is kept only
        where there is none yet.
        """
        if self.last is not None and candidate.value <= self.last.candidate.value:
            return False
        cut_short, stop = self._allowance.out_of_time(), self._allowance.stop
        if self.last is not None and cut_short:
            return False
        number = 1 if self.last is None else self.last.number + 1
        if stop is not None and stop.steps is not None and number > stop.number:
            self._allowance.end("replay")  # the run that is repeated had stopped before it found this one
            return False
        etag = f"{number}-{_digest(candidate)}"
        self.last = Incumbent(number, self._allowance.steps, etag, not cut_short, candidate)
        self._kept[etag] = self.last
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if stop is not None and stop.steps is None and etag == stop.incumbent:
            self._allowance.end("accepted")
        return True

    def find(self, etag: str) -> Incumbent | None:
        """Return the incumbent of this name if it is still kept."""
        return self._kept.get(etag)


def _digest(candidate: Candidate) -> str:
    digest = hashlib.sha256()
    for part in (candidate.x, candidate.shares):
        digest.update(np.ascontiguousarray(part, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]
