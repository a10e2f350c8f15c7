"""The local runtime: each plan in one spawned worker process, without Ray."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from actors.settings import AgentSettings
from cluster.local_quoting import LocalQuoting
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from planner.ports.quoting import NewOrder, Quote

_GRACE_SECONDS = 5.0
_LONGEST_LINE = 1 << 24


class LocalRuntime:
    """Plans in worker processes of this machine; see :class:`planner.ports.planning_runtime.PlanningRuntime`."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._workers: dict[str, Process] = {}
        self._quoting = LocalQuoting(settings)
        self._answers: dict[tuple[str, str], asyncio.Future[bool]] = {}

    async def plan(
        self, run: str, scenario_folder: str, plan_folder: str, parameters: PlanningParameters
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Plan in a new worker; a worker that dies is told as a failed result."""
        started = time.monotonic()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cluster.local_worker", stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE
        )
        self._workers[run] = worker
        try:
            order = {
                "settings": asdict(self._settings),
                "parameters": asdict(parameters),
                "scenario_folder": scenario_folder,
                "plan_folder": plan_folder,
                "elapsed": time.monotonic() - started,
            }
            await _say(worker, json.dumps(order))
            async for line in _lines(worker):
                if "progress" in line:
                    yield Progress(**line["progress"])
                elif "accepting" in line:
                    self._answer(run, line["accepting"], accepted=line["accepted"])
                else:
                    yield _result(line["result"])
                    return
            yield PlanningResult(
                outcome=Outcome.FAILED,
                stopped_by="error",
                detail=f"the worker ended with code {await worker.wait()}; its last words are in the server's log",
            )
        finally:
            self._workers.pop(run, None)
            for of, incumbent in list(self._answers):
                if of == run:
                    self._answer(run, incumbent, accepted=False)
            await _end(worker)

    async def cancel(self, run: str) -> None:
        """Ask the worker of a run to stop with its best plan."""
        if run in self._workers:
            await _say(self._workers[run], "cancel")

    async def accept(self, run: str, incumbent: str) -> bool:
        """Ask the worker of a run to stop with exactly this incumbent; see the port."""
        if run not in self._workers:
            return False
        answer = self._answers.setdefault((run, incumbent), asyncio.get_running_loop().create_future())
        await _say(self._workers[run], f"accept {incumbent}")
        return await asyncio.shield(answer)

    def _answer(self, run: str, incumbent: str, *, accepted: bool) -> None:
        answer = self._answers.pop((run, incumbent), None)
        if answer is not None and not answer.done():
            answer.set_result(accepted)

    async def close(self) -> None:
        """End all workers."""
        await self._quoting.close()
        for worker in list(self._workers.values()):
            await _end(worker)

    async def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote:
        """Return what an order would mean for a plan; see the port."""
        return await self._quoting.quote(scenario_folder, plan_folder, order)


async def _say(worker: Process, line: str) -> None:
    if worker.stdin is not None:
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.stdin.write(f"{line}\n".encode())
            await worker.stdin.drain()


async def _lines(worker: Process) -> AsyncIterator[dict[str, Any]]:
    while worker.stdout is not None and (line := await worker.stdout.readline()):
        yield json.loads(line)


async def _end(worker: Process) -> None:
    if worker.stdin is not None:
        worker.stdin.close()
    try:
        await asyncio.wait_for(worker.wait(), _GRACE_SECONDS)
    except TimeoutError:
        worker.kill()
        await worker.wait()


def _result(line: dict[str, Any]) -> PlanningResult:
    line["outcome"] = Outcome(line["outcome"])
    line["conflict"] = tuple(line["conflict"])
    for pairs in ("relaxation", "terms", "repairs"):
        line[pairs] = tuple(tuple(pair) for pair in line[pairs])
    return PlanningResult(**line)
