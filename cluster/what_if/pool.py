"""What-if cases planned by warm workers, each of which is replaced when it is lost and after many cases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cluster.what_if.crew import Crew, ProcessCrew, ProcessWorker, Worker
from planner.application.case_results import failed_case
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult, ClauseOutcome

MOST_CASES = 250
"""After so many cases a worker is replaced: memory that native libraries scatter, some 0.1 MB a case, ends with it."""
_ATTEMPTS = 2


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

    ``crew`` is where workers come from, processes of this machine unless said. A case whose worker is lost is planned
    once more by another one; a case that outlives its time limit by far is a failure with that reason.
    """

    def __init__(
        self, run: Mapping[str, object], workers: int, *, crew: Crew | None = None, patience: Patience = PATIENCE
    ) -> None:
        if workers < 1:
            raise ValueError(f"a pool needs at least 1 worker, got {workers}")
        self._run, self._workers, self._patience = run, workers, patience
        self._crew = crew or ProcessCrew()
        self._idle: list[Worker] = []
        self._planned_by: dict[Worker, int] = {}
        self.asked_again = 0
        """How many cases were begun once more, since the worker that had them was lost."""

    @property
    def lanes(self) -> int:
        """How many workers there may be."""
        return self._workers

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes of this machine that live now."""
        return tuple(w.pid for w in self._planned_by if isinstance(w, ProcessWorker) and w.alive)

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Plan a chunk; see the port."""
        for order in orders:
            yield await self._planned(order)

    async def close(self) -> None:
        """End all workers, whatever they do."""
        await asyncio.gather(*(self._end(worker) for worker in list(self._planned_by)))
        self._idle.clear()
        await self._crew.close()

    async def _planned(self, order: CaseOrder) -> CaseResult:
        began = time.monotonic()
        for attempt in range(_ATTEMPTS):
            self.asked_again += attempt > 0
            worker = await self._take()
            try:
                async with asyncio.timeout(self._patience.of(order.parameters)):
                    answer = await worker.ask(_told(order))
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

    async def _take(self) -> Worker:
        """Return a worker that waits for a case: one that lives already, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            await self._end(worker)
        worker = await self._crew.start(self._run)
        self._planned_by[worker] = 0
        return worker

    async def _give_back(self, worker: Worker) -> None:
        """Let a worker wait for its next case, unless it has planned as many as one should or is in the wrong place."""
        self._planned_by[worker] += 1
        if self._planned_by[worker] < MOST_CASES and not self._crew.is_misplaced(worker):
            self._idle.append(worker)
        else:
            await self._end(worker)

    async def _end(self, worker: Worker) -> None:
        self._planned_by.pop(worker, None)
        await worker.end()


def _told(order: CaseOrder) -> dict[str, object]:
    held = None if order.held is None else asdict(order.held)
    return {
        "key": order.case.key,
        "parameters": asdict(order.parameters),
        "plan_folder": order.plan_folder,
        "held": held,
    }


def _result(told: dict[str, Any]) -> CaseResult:
    return CaseResult(**{**told, "clauses": tuple(ClauseOutcome(**clause) for clause in told["clauses"])})
