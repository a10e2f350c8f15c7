"""Who waits to be planned, and who is next: priorities, deadlines, and an end to how many may wait."""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from planner.domain.errors import QueueFull

AGEING_SECONDS = 60.0
"""Whoever has waited that long counts as one priority higher, and once more after as long again: nobody starves."""

LEAST_SHARE = 0.05
"""A plan that has less than this share of its time left when its turn comes is not begun: it would end without one."""

_KNOWN_RUNS = 16
_RUNS_TO_JUDGE_BY = 4
_SHORTEST_RETRY, _LONGEST_RETRY = 1.0, 60.0


@dataclass(slots=True, eq=False)
class Ticket:
    """One plan's turn: ``number`` in the order of arrival, since when it waits, and until when beginning makes sense.

    ``deadline`` and ``latest`` are moments of the queue's clock, infinite where a plan has no time limit.
    """

    number: int
    priority: int
    since: float
    deadline: float
    latest: float
    begun: float | None = None
    turn: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def rank(self, now: float) -> tuple[int, float, int]:
        """Return what the lowest of goes first: level (priority, and time waited), deadline, arrival."""
        return -(self.priority + int((now - self.since) / AGEING_SECONDS)), self.deadline, self.number


class PlanQueue:
    """Gives out ``places`` places; at most ``most_waiting`` plans wait for one.

    ``told`` hears how many wait and how many have a place whenever that changes. Everything happens in one event loop.
    """

    def __init__(
        self, clock: Callable[[], float], *, places: int, most_waiting: int, told: Callable[[int, int], None]
    ) -> None:
        if places < 1 or most_waiting < 0:
            raise ValueError(f"a queue has at least 1 place and 0 who wait, got {places} and {most_waiting}")
        self._clock, self._told = clock, told
        self._places, self._most_waiting = places, most_waiting
        self._waiting: list[Ticket] = []
        self._placed: set[Ticket] = set()
        self._reserved = self._arrived = 0
        self._runs: deque[float] = deque(maxlen=_KNOWN_RUNS)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def check_room(self, *, priority: int, seconds: float | None) -> None:
        """Return if a plan could be taken that is to end within ``seconds``.

        Raises
        ------
        QueueFull
            If too many wait already, or if by the plans made before it would not be begun in time.
        """
        free = self._places - len(self._placed)
        if self._reserved + len(self._waiting) >= self._most_waiting + free:
            raise QueueFull(
                f"{len(self._waiting)} plans wait already: ask again later, or let the server make more plans at a "
                "time (concurrency)",
                retry_seconds=self._retry_seconds(),
            )
        if seconds is None or len(self._runs) < _RUNS_TO_JUDGE_BY:
            return
        newcomer = self._ticket(priority, seconds)
        ahead = sum(ticket.rank(newcomer.since) < newcomer.rank(newcomer.since) for ticket in self._waiting)
        expected = (self._reserved + ahead) * statistics.median(self._runs) / self._places
        if newcomer.since + expected > newcomer.latest:
            raise QueueFull(
                f"{ahead} plans go first, which takes about {expected:.0f} s by what plans took so far, and the time "
                f"limit is {seconds:.6g} s: ask again later, or allow more time",
                retry_seconds=self._retry_seconds(),
            )

    def hold(self, *, priority: int, seconds: float | None) -> AbstractContextManager[None]:
        """Hold room for a plan, until the context is left, while its request is written down.

        Raises
        ------
        QueueFull
            As :meth:`check_room` does.
        """
        self.check_room(priority=priority, seconds=seconds)
        self._reserved += 1
        return self._held()

    @contextmanager
    def _held(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._reserved -= 1

    def enter(self, *, priority: int, seconds: float | None) -> Ticket:
        """Wait in the queue, or have a place at once; whoever enters leaves by :meth:`leave`."""
        self._arrived += 1
        ticket = self._ticket(priority, seconds)
        self._waiting.append(ticket)
        self._give()
        return ticket

    async def turn(self, ticket: Ticket) -> bool:
        """Wait for a place; false once beginning makes no sense any more."""
        left = None if ticket.latest == float("inf") else max(0.0, ticket.latest - self._clock())
        await asyncio.wait({ticket.turn}, timeout=left)
        return ticket.turn.done() and ticket.turn.result()

    def leave(self, ticket: Ticket) -> None:
        """Leave the queue or the place."""
        if ticket.begun is not None:
            self._placed.remove(ticket)
            self._runs.append(self._clock() - ticket.begun)
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        self._give()

    def waited(self, ticket: Ticket) -> float:
        """Return the seconds from its arrival until it had its place, or until now."""
        return (self._clock() if ticket.begun is None else ticket.begun) - ticket.since

    def _ticket(self, priority: int, seconds: float | None) -> Ticket:
        now = self._clock()
        limit = float("inf") if seconds is None else seconds
        return Ticket(self._arrived, priority, now, now + limit, now + (1.0 - LEAST_SHARE) * limit)

    def _give(self) -> None:
        """Give free places to those who are next; whoever is too late by then is told so."""
        now = self._clock()
        while self._waiting and len(self._placed) < self._places:
            ticket = min(self._waiting, key=lambda waiting: waiting.rank(now))
            self._waiting.remove(ticket)
            in_time = now < ticket.latest
            if in_time:
                ticket.begun = now
                self._placed.add(ticket)
            if not ticket.turn.done():
                ticket.turn.set_result(in_time)
        self._told(len(self._waiting), len(self._placed))

    def _retry_seconds(self) -> float:
        """Return when a place is likely to get free."""
        typical = statistics.median(self._runs) / self._places if self._runs else _SHORTEST_RETRY
        return min(max(typical, _SHORTEST_RETRY), _LONGEST_RETRY)
