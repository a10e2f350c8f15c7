"""The queue of plans: who is next, who is refused, who is told that it is too late, and that nobody starves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.application.plan_queue import AGEING_SECONDS, LEAST_SHARE, PlanQueue, Ticket
from planner.domain.errors import QueueFull


@dataclass(slots=True)
class Hand:
    """A clock that is moved by hand, and what the queue told last."""

    now: float = 0.0
    told: list[tuple[int, int]] = field(default_factory=list)

    def queue(self, *, places: int = 1, most_waiting: int = 100) -> PlanQueue:
        """Return a queue by this clock."""
        return PlanQueue(
            lambda: self.now,
            places=places,
            most_waiting=most_waiting,
            told=lambda waiting, placed: self.told.append((waiting, placed)),
        )


def in_loop(visit: Callable[[Hand], Awaitable[None]]) -> None:
    """Run a visit in an event loop."""

    async def run() -> None:
        await asyncio.wait_for(visit(Hand()), 20)

    asyncio.run(run())


def placed(tickets: list[Ticket]) -> list[Ticket]:
    """Return the tickets that have, or had, a place."""
    return [ticket for ticket in tickets if ticket.begun is not None]


Wish = tuple[int, float | None]
wishes = st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.floats(1.0, 1000.0))), min_size=1, max_size=20)


@given(wishes)
@settings(max_examples=60, deadline=None)
def test_the_higher_priority_goes_first_then_the_earlier_deadline_then_arrival(asked: list[Wish]) -> None:
    """Places are given in the order of priority, deadline and arrival to those who came in one moment."""

    async def visit(hand: Hand) -> None:
        queue = hand.queue()
        first = queue.enter(priority=9, seconds=None)
        tickets = [queue.enter(priority=priority, seconds=seconds) for priority, seconds in asked]
        served = [first]
        while queue.waiting:
            queue.leave(served[-1])
            served += [ticket for ticket in tickets if ticket.begun is not None and ticket not in served]
        endless = float("inf")
        keys = [(-wish[0], endless if wish[1] is None else wish[1], place) for place, wish in enumerate(asked)]
        expected = [tickets[place] for _, _, place in sorted(keys)]
        assert served[1:] == expected
        assert hand.told[-1] == (0, 1)

    in_loop(visit)


@given(st.integers(0, 9), st.lists(st.floats(0.1, 30.0), min_size=1, max_size=5), st.sampled_from([None, 5.0, 100.0]))
@settings(max_examples=40, deadline=None)
def test_nobody_starves(priority: int, runs: list[float], seconds: float | None) -> None:
    """Whoever has no deadline has its place within ten ageing steps, however many of priority 9 keep coming."""

    async def visit(hand: Hand) -> None:
        queue = hand.queue()
        running = queue.enter(priority=9, seconds=None)
        patient = queue.enter(priority=priority, seconds=None)
        turn = 0
        while patient.begun is None:
            assert hand.now <= (10 - priority) * AGEING_SECONDS + 2 * max(runs)
            rivals = [queue.enter(priority=9, seconds=seconds) for _ in range(2)]
            hand.now += runs[turn % len(runs)]
            turn += 1
            queue.leave(running)
            (running,) = placed([patient, *rivals]) or [running]
            for rival in rivals:
                if rival.begun is None:
                    queue.leave(rival)

    in_loop(visit)


@given(st.integers(1, 4), st.integers(0, 5), st.lists(st.booleans(), max_size=60))
@settings(max_examples=60, deadline=None)
def test_places_and_queue_never_hold_more_than_they_may(places: int, most: int, moves: list[bool]) -> None:
    """Whatever comes and goes, places and waiting stay within their numbers, and a free place is never withheld."""

    async def visit(hand: Hand) -> None:
        queue, inside = hand.queue(places=places, most_waiting=most), list[Ticket]()
        for comes in moves:
            if comes:
                full = len(inside) >= places + most
                try:
                    with queue.hold(priority=0, seconds=None):
                        assert not full
                    inside.append(queue.enter(priority=0, seconds=None))
                except QueueFull:
                    assert full
            elif inside:
                queue.leave(inside.pop(0))
            assert len(placed(inside)) == min(places, len(inside))
            assert queue.waiting == len(inside) - len(placed(inside)) <= most

    in_loop(visit)


def test_room_that_is_held_counts() -> None:
    """While one request is written down, the last room is not promised to another."""

    async def visit(hand: Hand) -> None:
        queue = hand.queue(most_waiting=0)
        with queue.hold(priority=0, seconds=None), pytest.raises(QueueFull, match="wait already") as refused:
            queue.check_room(priority=9, seconds=None)
        assert refused.value.retry_seconds >= 1.0
        queue.check_room(priority=0, seconds=None)

    in_loop(visit)


def test_who_is_too_late_by_its_turn_is_told_so_and_the_next_is_served() -> None:
    """A plan with less than the least share of its time left has no turn; the one behind it has."""

    async def visit(hand: Hand) -> None:
        queue = hand.queue()
        running = queue.enter(priority=0, seconds=None)
        late, next_ = queue.enter(priority=0, seconds=100.0), queue.enter(priority=0, seconds=None)
        hand.now = 100.0 * (1.0 - LEAST_SHARE) + 0.1
        queue.leave(running)
        assert await queue.turn(late) is False
        assert await queue.turn(next_) is True
        assert queue.waited(next_) == pytest.approx(hand.now)

    in_loop(visit)


def test_waiting_ends_when_beginning_makes_no_sense_any_more() -> None:
    """A plan is told within its limit that it had no turn, and leaves a queue that serves others."""

    async def visit(hand: Hand) -> None:
        queue = hand.queue()
        running = queue.enter(priority=0, seconds=None)
        waiting = queue.enter(priority=0, seconds=0.05)
        assert await queue.turn(waiting) is False
        queue.leave(waiting)
        other = queue.enter(priority=0, seconds=None)
        queue.leave(running)
        assert await queue.turn(other) is True

    in_loop(visit)


def test_what_would_come_too_late_is_refused_at_once() -> None:
    """By what plans took so far a request behind others is refused; one of higher priority, or with time, is not."""

    async def visit(hand: Hand) -> None:
        queue = hand.queue()
        for _ in range(5):
            ticket = queue.enter(priority=0, seconds=None)
            hand.now += 10.0
            queue.leave(ticket)
        for _ in range(4):
            queue.enter(priority=1, seconds=19.0)  # one runs, three wait: 30 s until the next begins
        with pytest.raises(QueueFull, match="go first") as refused:
            queue.check_room(priority=1, seconds=20.0)
        assert refused.value.retry_seconds == 10.0
        queue.check_room(priority=2, seconds=20.0)
        queue.check_room(priority=1, seconds=60.0)
        queue.check_room(priority=1, seconds=None)

    in_loop(visit)


@pytest.mark.parametrize(("places", "most"), [(0, 1), (1, -1)])
def test_a_queue_without_places_is_refused(places: int, most: int) -> None:
    """Numbers that make no queue are an error at birth."""
    with pytest.raises(ValueError, match="at least 1 place"):
        Hand().queue(places=places, most_waiting=most)
