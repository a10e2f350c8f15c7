"""Where the workers of what-if runs come from: processes of this machine, or anybody who can be asked line by line."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from planner.domain.errors import PlanningFailed

WORKER = (sys.executable, "-m", "cluster.what_if.worker")
"""The command that starts a worker."""
_LONGEST_LINE = 1 << 26
_START_SECONDS = 300.0
_END_SECONDS = 5.0


class Worker(Protocol):
    """Whoever plans one case after the other, with the base in memory."""

    @property
    def alive(self) -> bool:
        """Tell whether it can be asked, as far as is known."""
        ...

    async def ask(self, line: Mapping[str, object]) -> dict[str, Any] | None:
        """Return the answer to a line; None where the worker is gone."""
        ...

    async def end(self) -> None:
        """End it, whatever it does."""
        ...


class Crew(Protocol):
    """Whoever starts workers."""

    async def start(self, run: Mapping[str, object]) -> Worker:
        """Return a worker that was told the run and is ready for cases; PlanningFailed where none can be had."""
        ...

    def is_misplaced(self, worker: Any) -> bool:
        """Tell whether a new worker elsewhere would be better off than this one, which waits."""
        ...

    async def close(self) -> None:
        """Release what all workers share."""
        ...


class ProcessWorker:
    """A process of this machine; see :class:`Worker`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended, None while it lives."""
        return self._process.returncode

    @property
    def alive(self) -> bool:
        """See the protocol."""
        return self._process.returncode is None

    async def ask(self, line: Mapping[str, object]) -> dict[str, Any] | None:
        """See the protocol."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise PlanningFailed("a worker was started without pipes")
        try:
            process.stdin.write(f"{json.dumps(line)}\n".encode())
            await process.stdin.drain()
            answer = await process.stdout.readline()
        except (BrokenPipeError, ConnectionResetError):
            return None
        if not answer.endswith(b"\n"):
            return None
        told: dict[str, Any] = json.loads(answer)
        return told

    async def end(self) -> None:
        """See the protocol."""
        process = self._process
        if process.stdout is not None and process.stdout.at_eof():
            # It ends by itself, and its exit code may tell why.
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _END_SECONDS)
        with suppress(ProcessLookupError):
            process.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_SECONDS)


class ProcessCrew:
    """Starts processes of this machine; see :class:`Crew`."""

    async def start(self, run: Mapping[str, object]) -> ProcessWorker:
        """See the protocol."""
        # Ctrl-C is for whoever started the run, who ends the workers: in a session of their own they do not hear it.
        process = await asyncio.create_subprocess_exec(
            *WORKER, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE, start_new_session=True
        )
        worker = ProcessWorker(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                ready = await worker.ask(run)
        except TimeoutError:
            ready = None
        except BaseException:
            await worker.end()
            raise
        if ready is None:
            await worker.end()
            raise PlanningFailed(f"a worker did not get ready (exit code {worker.code}); its last words stand above")
        return worker

    def is_misplaced(self, _: Worker) -> bool:
        """See the protocol; there is one place only."""
        return False

    async def close(self) -> None:
        """See the protocol; there is nothing."""
