"""Quotes without Ray: one worker process keeps plans ready, and answers one question at a time."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from actors.refusal import Refusal
from actors.settings import AgentSettings
from planner.domain.errors import QuoteFailed
from planner.ports.quoting import Binding, NewOrder, Quote

_GRACE_SECONDS = 5.0
_LONGEST_LINE = 1 << 24


@dataclass(slots=True, kw_only=True)
class _Question:
    """One question: the worker it was put to, nobody as long as it waits its turn, and whether anybody waits for it."""

    line: str
    name: str
    worker: Process | None = None
    begun: bool = False
    withdrawn: bool = False


class LocalQuoting:
    """Answers through a worker process; see :class:`planner.ports.quoting.QuotingRuntime`."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._worker: Process | None = None
        self._turn = asyncio.Lock()

    async def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote:
        """Return what an order would mean; a worker that died is replaced by a new one, once."""
        name = secrets.token_hex(8)
        told = {
            "question": name,
            "scenario_folder": scenario_folder,
            "plan_folder": plan_folder,
            "order": asdict(order),
        }
        question = _Question(line=json.dumps(told), name=name)
        # Whoever stops waiting must not leave an answer behind for the next one: it is read all the same.
        asking = asyncio.ensure_future(self._asked(question))
        try:
            answer = await asyncio.shield(asking)
        except asyncio.CancelledError:
            _withdraw(question, asking)
            raise
        if "refusal" in answer:
            raise Refusal(**answer["refusal"]).error()
        return quote_of(answer["quote"])

    async def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.stdin is not None:
            worker.stdin.close()
        try:
            await asyncio.wait_for(worker.wait(), _GRACE_SECONDS)
        except TimeoutError:
            worker.kill()
            await worker.wait()

    async def _asked(self, question: _Question) -> dict[str, Any]:
        async with self._turn:
            question.begun = True
            for _ in range(2):
                if self._worker is None or self._worker.returncode is not None:
                    self._worker = await self._hired()
                if question.withdrawn:
                    raise QuoteFailed("whoever asked for this quote does not wait for it any more")
                worker = question.worker = self._worker
                with suppress(BrokenPipeError, ConnectionResetError):
                    await _say(worker, question.line)
                    line = await worker.stdout.readline() if worker.stdout is not None else b""
                    if line:
                        answer: dict[str, Any] = json.loads(line)
                        return answer
                await worker.wait()
        raise QuoteFailed("the process that answers quotes died twice; its last words are in the server's log")

    async def _hired(self) -> Process:
        command = (sys.executable, "-m", "cluster.quoting_worker")
        # Ctrl-C is for the server, which ends its workers: in a session of its own this one hears none.
        worker = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE, start_new_session=True
        )
        await _say(worker, json.dumps(asdict(self._settings)))
        return worker


def _withdraw(question: _Question, asking: asyncio.Future[dict[str, Any]]) -> None:
    """End a question that nobody waits for: take it out of the queue, or have the worker end its solve."""
    question.withdrawn = True
    asking.add_done_callback(_overlook)
    if not question.begun:
        asking.cancel()
    elif question.worker is not None and question.worker.stdin is not None and not asking.done():
        # A worker that died over it has closed its input: what is written then goes nowhere, and does no harm.
        question.worker.stdin.write(f"{json.dumps({'withdraw': question.name})}\n".encode())


def _overlook(asking: asyncio.Future[dict[str, Any]]) -> None:
    """Look at how a question ended, or the event loop complains that nobody did."""
    if not asking.cancelled():
        asking.exception()


async def _say(worker: Process, line: str) -> None:
    if worker.stdin is not None:
        worker.stdin.write(f"{line}\n".encode())
        await worker.stdin.drain()


def quote_of(told: dict[str, Any]) -> Quote:
    """Return a quote from its JSON form."""
    return Quote(
        **{
            **told,
            "served": tuple((int(t), float(quantity)) for t, quantity in told["served"]),
            "parts": tuple((str(name), float(amount)) for name, amount in told["parts"]),
            "binding": tuple(Binding(**one) for one in told["binding"]),
        }
    )
