"""Ask every question of a grid that has no answer yet, a few at a time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from planner.ports.what_if import CaseOrder, CaseResult, CaseRunner, CaseStore

CHUNK_SECONDS = 0.5
"""How long a chunk should take: handing one over costs a hundredth of that."""
MOST_IN_CHUNK = 32
BASE_TIMES = 4.0
"""The base is planned from nothing, and all others go on from it: it may take so many times as long as they may."""


@dataclass(frozen=True, slots=True)
class GridProgress:
    """How many of all cases have a result, how many of this run, and its seconds; the latest result, if any."""

    done: int
    total: int
    here: int
    seconds: float
    latest: CaseResult | None = None

    @property
    def seconds_left(self) -> float | None:
        """Return how long the rest takes at the rate of this run; None before its first result."""
        return (self.total - self.done) * self.seconds / self.here if self.here else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridEnd:
    """How a run ended: results there are, cases without one, and whether the budget of seconds was used up."""

    done: int
    left: int
    out_of_budget: bool


class GridRun:
    """One run over the cases of a grid; results that are kept already are not asked for again.

    ``clock`` gives seconds since the run began. After ``budget`` seconds (None: no limit) what is under way is given up
    without a result, so that a later run asks it anew.
    """

    def __init__(
        self,
        runner: CaseRunner,
        store: CaseStore,
        *,
        clock: Callable[[], float],
        budget: float | None = None,
        tell: Callable[[GridProgress], None] = lambda _: None,
    ) -> None:
        self._runner, self._store, self._clock, self._budget, self._tell = runner, store, clock, budget, tell
        self._left: deque[CaseOrder] = deque()
        self._here = self._done = self._total = self._measured = 0
        self._seconds = 0.0

    def missing(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the keys that have no result yet, in their order."""
        done = self._store.done()
        return tuple(key for key in keys if key not in done)

    async def ask(self, orders: Sequence[CaseOrder], *, among: Collection[str] = ()) -> GridEnd:
        """Plan all cases that have no result yet, each once, in order as far as lanes allow; cases differ.

        Whoever asks a part of a run at a time names all its keys: progress and end count the cases ``among`` them, and
        a part begins without telling again what the one before told in the end.
        """
        keys = frozenset(among) or frozenset(order.key for order in orders)
        missing = frozenset(self.missing(keys))
        self._left = deque(order for order in orders if order.key in missing)
        before = (self._done, self._total)
        self._total, self._done, self._measured = len(keys), len(keys) - len(missing), 0
        self._seconds = 0.0
        if (self._done, self._total) != before:
            self._tell(GridProgress(self._done, self._total, self._here, self._clock()))
        left = None if self._budget is None else self._budget - self._clock()
        spent = left is not None and left <= 0
        try:
            if not spent:
                async with asyncio.timeout(left):
                    await self._work()
        except TimeoutError:
            spent = True
        return GridEnd(done=self._done, left=self._total - self._done, out_of_budget=spent)

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as lanes:
                for number in range(min(self._runner.lanes, len(self._left))):
                    lanes.create_task(self._lane(), name=f"what-if lane {number}")
        except ExceptionGroup as several:
            # Lanes fail for one reason, such as a full disk: the first to meet it tells it.
            raise several.exceptions[0] from several

    async def _lane(self) -> None:
        while self._left:
            chunk = [self._left.popleft() for _ in range(self._chunk())]
            async for result in self._runner.run(chunk):
                self._store.keep(result)
                self._here, self._done, self._measured = self._here + 1, self._done + 1, self._measured + 1
                self._seconds += result.seconds
                self._tell(GridProgress(self._done, self._total, self._here, self._clock(), result))

    def _chunk(self) -> int:
        """Return how many cases the next chunk has: one at first, then as many as take `CHUNK_SECONDS`."""
        if not self._measured:
            return 1
        fitting = math.ceil(CHUNK_SECONDS / max(self._seconds / self._measured, 1e-3))
        fair = math.ceil(len(self._left) / self._runner.lanes)
        return max(1, min(fitting, fair, MOST_IN_CHUNK))
