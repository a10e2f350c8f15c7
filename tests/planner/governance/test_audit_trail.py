"""Decisions on their way to disk: in order, in batches, never lost silently."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

import pytest

from planner.domain.errors import AuditUnavailable, StorageFailure
from planner.governance.audit_trail import AuditTrail
from planner.ports.audit_log import AuditEntry, AuditHead, AuditRow

ENTRY = AuditEntry(**dict.fromkeys((field.name for field in fields(AuditEntry)), ""))


class SlowLog:
    """A log whose every write takes a while, and fails where told."""

    def __init__(self, *, failing: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.failing = failing
        self.threads: set[str] = set()

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Note the batch."""
        self.threads.add(threading.current_thread().name)
        time.sleep(0.02)
        if self.failing:
            raise StorageFailure("no room")
        self.batches.append([entry.method for entry in entries])

    def rows(self) -> Iterator[AuditRow]:
        """Return nothing."""
        return iter(())

    def head(self) -> AuditHead | None:
        """Return nothing."""
        return None


def test_many_decisions_share_few_writes_in_their_order() -> None:
    """Two hundred decisions at once cost two or three writes, none of them in the thread of the event loop."""
    log = SlowLog()

    async def run() -> None:
        trail = AuditTrail(log)
        await asyncio.gather(*(trail.record(replace(ENTRY, method=str(number))) for number in range(200)))
        await trail.close()

    asyncio.run(run())
    assert [method for batch in log.batches for method in batch] == [str(number) for number in range(200)]
    assert len(log.batches) <= 3
    assert threading.main_thread().name not in log.threads


def test_the_event_loop_goes_on_while_the_disk_is_slow() -> None:
    """Waiting for a write blocks nobody else."""

    async def run() -> int:
        trail, ticks = AuditTrail(SlowLog()), 0
        waiting = asyncio.create_task(trail.record(ENTRY))
        while not waiting.done():
            ticks += 1
            await asyncio.sleep(0.001)
        await trail.close()
        return ticks

    assert asyncio.run(run()) >= 4


def test_whoever_waits_for_a_write_that_fails_is_told_and_the_next_is_tried() -> None:
    """A failed write refuses its whole batch, and what comes later is written."""
    log = SlowLog(failing=True)

    async def run() -> list[object]:
        trail = AuditTrail(log)
        failed = await asyncio.gather(*(trail.record(ENTRY) for _ in range(3)), return_exceptions=True)
        log.failing = False
        await trail.record(ENTRY)
        await trail.close()
        return list(failed)

    assert [type(each) for each in asyncio.run(run())] == [AuditUnavailable] * 3
    assert log.batches == [[""]]


def test_a_caller_who_goes_away_does_not_take_its_decision_along() -> None:
    """A cancelled call was decided about all the same, and the others of its batch are answered."""
    log = SlowLog()

    async def run() -> None:
        trail = AuditTrail(log)
        first = asyncio.create_task(trail.record(replace(ENTRY, method="first")))
        gone = asyncio.create_task(trail.record(replace(ENTRY, method="gone")))
        await asyncio.sleep(0.001)
        gone.cancel()
        await first
        await trail.close()

    asyncio.run(run())
    assert sorted(method for batch in log.batches for method in batch) == ["first", "gone"]


def test_a_closed_trail_takes_nothing() -> None:
    """After the end nothing is let in."""

    async def run() -> None:
        trail = AuditTrail(SlowLog())
        await trail.close()
        with pytest.raises(AuditUnavailable):
            await trail.record(ENTRY)

    asyncio.run(run())
