"""One worker process as the local runtime sees it: what it tells, in order, and its answers to what it is asked."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Self

_GRACE_SECONDS = 5.0
_LONGEST_LINE = 1 << 24


class PlanWorker:
    """Talks in lines with a worker; answers arrive whether or not anybody is listening to what it tells."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[bool]] = {}
        self._over = False
        self._reading = asyncio.create_task(self._read(), name="worker's lines")

    @classmethod
    async def start(cls) -> Self:
        """Start a worker that waits for its order."""
        command = (sys.executable, "-m", "cluster.local_worker")
        # Ctrl-C is for the server, which hands over what is under way: in a session of its own a worker hears none.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE, start_new_session=True
        )
        return cls(process)

    async def say(self, line: str) -> None:
        """Tell it something; a worker that is gone hears nothing."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._process.stdin.write(f"{line}\n".encode())
                await self._process.stdin.drain()

    async def accept(self, incumbent: str) -> bool:
        """Ask it to end with this incumbent; false where it cannot, or is over."""
        if self._over:
            return False
        answer = self._answers.setdefault(incumbent, asyncio.get_running_loop().create_future())
        await self.say(f"accept {incumbent}")
        return await asyncio.shield(answer)

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what it tells until its output ends."""
        while (line := await self._told.get()) is not None:
            yield line

    async def exit_code(self) -> int:
        """Wait until it is gone."""
        return await self._process.wait()

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process.returncode is None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    async def end(self) -> None:
        """Let it end by itself, or end it after a moment."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reading.cancel()
        self._finish()

    async def _read(self) -> None:
        try:
            while self._process.stdout is not None and (text := await self._process.stdout.readline()):
                line = json.loads(text)
                if "accepting" in line:
                    self._answer(line["accepting"], accepted=line["accepted"])
                else:
                    self._told.put_nowait(line)
        finally:
            self._finish()

    def _answer(self, incumbent: str, *, accepted: bool) -> None:
        answer = self._answers.pop(incumbent, None)
        if answer is not None and not answer.done():
            answer.set_result(accepted)

    def _finish(self) -> None:
        self._over = True
        for incumbent in list(self._answers):
            self._answer(incumbent, accepted=False)
        self._told.put_nowait(None)
