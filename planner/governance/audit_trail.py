"""Decisions on their way into the audit log: on disk before the call goes on, many at a time where many wait."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import structlog

from planner.domain.errors import AuditUnavailable, ConcordatError
from planner.ports.audit_log import AuditEntry, AuditLog

LARGEST_BATCH = 500
MOST_WAITING = 10_000

_log = structlog.get_logger("concordat.audit")


class AuditTrail:
    """Writes entries in the order in which they come, in a thread of its own, so that no event loop waits for a disk.

    While one batch is written the next one gathers: the more calls there are, the fewer writes each costs.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._waiting: deque[tuple[AuditEntry, asyncio.Future[None]]] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit log")
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def record(self, entry: AuditEntry) -> None:
        """Return once the entry is on disk.

        Raises
        ------
        AuditUnavailable
            If it could not be written, or too many wait; whatever it was about must not be done then.
        """
        if self._closed or len(self._waiting) >= MOST_WAITING:
            raise _unavailable()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await written

    async def close(self) -> None:
        """Write what waits, and take no more."""
        self._closed = True
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        self._thread.shutdown()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(LARGEST_BATCH, len(self._waiting)))]
            error: Exception | None = None
            try:
                await loop.run_in_executor(self._thread, self._log.append, [entry for entry, _ in batch])
            except Exception as failed:  # noqa: BLE001 - whatever it was, nobody is let in and the next batch is tried
                shown = str(failed) if isinstance(failed, ConcordatError) else repr(failed)
                _log.error("audit log cannot be written", entries=len(batch), cause=shown)
                error = failed
            for _, written in batch:
                if written.done():
                    continue  # the caller went away; what was decided is written all the same
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(_unavailable())


def _unavailable() -> AuditUnavailable:
    return AuditUnavailable(
        "the decision about this call could not be written to the audit log, so nothing was done: try again later, and "
        "tell whoever runs the server"
    )
