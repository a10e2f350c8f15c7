"""What-if cases planned by warm worker processes of this machine, each of which is replaced when it is lost."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from planner.application.case_results import failed_case
from planner.domain.errors import PlanningFailed
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult, ClauseOutcome

_LONGEST_LINE = 1 << 26
WORKER = (sys.executable, "-m", "cluster.what_if_worker")
"""The command that starts a worker."""
MOST_CASES = 250
"""After so many cases a worker is replaced: memory that native libraries scatter, some 0.1 MB a case, ends with it."""
_START_SECONDS = 300.0
_ATTEMPTS = 2
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may take for a case: ``factor`` times its time limit and ``seconds`` more, for certifying."""

    factor: float = 1.5
    seconds: float = 30.0

    def of(self, parameters: PlanningParameters) -> float | None:
        """Return the seconds after which a worker is given up; None without a time limit."""
        limit = parameters.time_limit
        return None if limit is None else self.factor * limit + self.seconds


PATIENCE = Patience()


class WorkerPool:
    """See :class:`planner.ports.what_if.CaseRunner`; ``run`` is what each worker is told first.

    A case whose worker is killed is planned once more by another one; a case that outlives its time limit by far is
    a failure with that reason.
    """

    def __init__(self, run: Mapping[str, object], workers: int, *, patience: Patience = PATIENCE) -> None:
        if workers < 1:
            raise ValueError(f"a pool needs at least 1 worker, got {workers}")
        self._run, self._workers, self._patience = run, workers, patience
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._planned_by: dict[Process, int] = {}

    @property
    def lanes(self) -> int:
        """How many workers there may be."""
        return self._workers

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that live now."""
        return tuple(worker.pid for worker in self._all if worker.returncode is None)

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Plan a chunk; see the port."""
        for order in orders:
            yield await self._planned(order)

    async def close(self) -> None:
        """End all workers, whatever they do."""
        await asyncio.gather(*(self._end(worker) for worker in list(self._all)))
        self._idle.clear()

    async def _planned(self, order: CaseOrder) -> CaseResult:
        began = time.monotonic()
        for _ in range(_ATTEMPTS):
            worker = await self._take()
            try:
                async with asyncio.timeout(self._patience.of(order.parameters)):
                    answer = await _asked(worker, order)
            except TimeoutError:
                await self._end(worker)
                limit = order.parameters.time_limit
                reason = f"TIMED_OUT: no answer long after its {limit:g} seconds; allow more, or a larger gap"
                return failed_case(order.case, reason, seconds=time.monotonic() - began, stopped_by="time")
            except BaseException:
                await self._end(worker)
                raise
            if answer is not None:
                await self._give_back(worker)
                return _result(answer["result"])
            await self._end(worker)
        reason = f"WORKER_LOST: {_ATTEMPTS} workers ended while they planned it; the machine may be out of memory"
        return failed_case(order.case, reason, seconds=time.monotonic() - began)

    async def _take(self) -> Process:
        """Return a worker that waits for a case: one that lives already, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
            self._all.discard(worker)
        worker = await asyncio.create_subprocess_exec(*WORKER, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE)
        self._all.add(worker)
        try:
            async with asyncio.timeout(_START_SECONDS):
                ready = await _said(worker, self._run)
        except TimeoutError:
            ready = None
        except BaseException:
            await self._end(worker)
            raise
        if ready is None:
            await self._end(worker)
            code = worker.returncode
            raise PlanningFailed(f"a worker did not get ready (exit code {code}); its last words stand above")
        return worker

    async def _give_back(self, worker: Process) -> None:
        """Let a worker wait for its next case, unless it has planned as many as one should."""
        self._planned_by[worker] = self._planned_by.get(worker, 0) + 1
        if self._planned_by[worker] < MOST_CASES:
            self._idle.append(worker)
        else:
            await self._end(worker)

    async def _end(self, worker: Process) -> None:
        self._all.discard(worker)
        self._planned_by.pop(worker, None)
        if worker.stdout is not None and worker.stdout.at_eof():
            # It ends by itself, and its exit code may tell why.
            with suppress(TimeoutError):
                await asyncio.wait_for(worker.wait(), _END_SECONDS)
        with suppress(ProcessLookupError):
            worker.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(worker.wait(), _END_SECONDS)


async def _asked(worker: Process, order: CaseOrder) -> dict[str, Any] | None:
    told = {
        "key": order.case.key,
        "parameters": asdict(order.parameters),
        "plan_folder": order.plan_folder,
    }
    return await _said(worker, told)


async def _said(worker: Process, line: Mapping[str, object]) -> dict[str, Any] | None:
    """Tell a worker something and return its answer; None where it is gone."""
    if worker.stdin is None or worker.stdout is None:
        raise PlanningFailed("a worker was started without pipes")
    try:
        worker.stdin.write(f"{json.dumps(line)}\n".encode())
        await worker.stdin.drain()
        answer = await worker.stdout.readline()
    except (BrokenPipeError, ConnectionResetError):
        return None
    if not answer.endswith(b"\n"):
        return None
    told: dict[str, Any] = json.loads(answer)
    return told


def _result(told: dict[str, Any]) -> CaseResult:
    return CaseResult(**{**told, "clauses": tuple(ClauseOutcome(**clause) for clause in told["clauses"])})
