"""A plan that is being made, as those who watch it see it."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from planner.application.plan_queue import Ticket
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import Progress

_SEEN = 24
"""How many of the latest incumbents somebody may still have before their eyes."""


class LivePlan:
    """The latest state of a running plan; readers wait for the next change and may miss those in between.

    ``ticket`` is its turn in the queue, or its place.
    """

    def __init__(self, record: PlanRecord, deadline: float | None, ticket: Ticket) -> None:
        self.record = record
        self.ticket = ticket
        self.deadline = deadline  # monotonic seconds of the clock port
        self.passed_before = 0.0  # seconds since it was asked for, as it was begun with here
        self.progress: Progress | None = None
        self.cancelled = asyncio.Event()
        self.over = False
        self._seen: deque[str] = deque(maxlen=_SEEN)
        self._version = 0
        self._changed = asyncio.Condition()

    @property
    def etag(self) -> str:
        """Names the best plan so far; empty before the first."""
        return self._seen[-1] if self._seen else ""

    def saw(self, etag: str) -> bool:
        """Tell whether an etag names one of the latest plans that watchers were shown."""
        return etag in self._seen

    async def update(self, record: PlanRecord, progress: Progress | None, *, over: bool = False) -> None:
        """Publish a new state; with ``over`` the last one."""
        async with self._changed:
            if progress is None:
                self._seen.clear()
            elif progress.etag and progress.etag != self.etag:
                self._seen.append(progress.etag)
            self.record, self.progress, self.over = record, progress, over
            self._version += 1
            self._changed.notify_all()

    async def ended(self, seconds: float) -> bool:
        """Wait for the last state, at most so long; tells whether it came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.over)
        return self.over

    async def next_version(self, seen: int) -> int:
        """Wait until there is a newer state than version ``seen``, or the last one; return its version."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._version > seen or self.over)
            return self._version
