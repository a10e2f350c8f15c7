"""What-if executions of a server: which wait, which are under way, and who watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import structlog

from planner.application.ask_grid import ask_grid
from planner.application.recording import OUTAGE_SECONDS
from planner.application.run_grid import GridProgress, GridRun
from planner.domain.case_tree import base_parents
from planner.domain.errors import ConcordatError, NotFound, QueueFull, StorageFailure, StorageFull
from planner.domain.grid import BASE_CASE
from planner.ports.clock import Clock
from planner.ports.ids import Ids
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.scenario_store import ScenarioStore
from planner.ports.silent_telemetry import SILENT
from planner.ports.telemetry import Telemetry
from planner.ports.what_if import CaseResult
from planner.ports.what_if_jobs import (
    ExecutionState,
    GridReader,
    RunnerMaker,
    WhatIfExecution,
    WhatIfJob,
    WhatIfStore,
)

_RETRY_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0
"""Each look for room on a full disk costs a case that is planned and cannot be kept."""

_log = structlog.get_logger("concordat.what_if")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfPorts:
    """What the use cases of what-if jobs stand on; stores and readers block, so they are called in threads.

    ``telemetry`` is told of executions and cases.
    """

    store: WhatIfStore
    scenarios: ScenarioStore
    clock: Clock
    ids: Ids
    read_grid: GridReader
    make_runner: RunnerMaker
    telemetry: Telemetry = SILENT


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfLimits:
    """How much a server takes.

    ``jobs`` are kept, each of at most ``cases`` questions; ``concurrency`` executions are under way at a time, up to
    ``waiting`` others wait. Further ones are refused.
    """

    jobs: int = 1000
    cases: int = 10_000
    concurrency: int = 1
    waiting: int = 20


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """An execution as it stands: results there are, in order, and questions there are."""

    execution: WhatIfExecution
    order: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _BasePlan:
    """The plan of an execution's base, the only one that is kept; see :class:`planner.ports.what_if.CasePlans`."""

    store: WhatIfStore
    execution: WhatIfExecution

    def place(self, key: str) -> str:
        return self.store.base_plan(self.execution) if key == BASE_CASE.key else ""

    def found(self, key: str) -> str:
        return self.place(key) if self.store.has_base_plan(self.execution) else ""


class WhatIfRuns:
    """All jobs and executions of a server, and the tasks that plan; for one event loop."""

    def __init__(self, ports: WhatIfPorts, limits: WhatIfLimits) -> None:
        self.ports, self.limits = ports, limits
        self.jobs: dict[str, WhatIfJob] = {}
        self.executions: dict[str, WhatIfExecution] = {}
        self.accepting = asyncio.Lock()
        """Held by whoever adds or removes a job or an execution."""
        self.checking = asyncio.Lock()
        """Held by whoever checks a grid: every level makes a scenario, so that many at once would fill the memory."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        self._turn = asyncio.Semaphore(limits.concurrency)
        self._changed = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> tuple[WhatIfExecution, ...]:
        """The executions that wait for their turn or are under way, in the order they were begun with."""
        # A task may still say that it has ended while its execution is removed.
        begun = (self.executions.get(each) for each in self._tasks)
        return tuple(each for each in begun if each is not None and not each.state.done)

    def scenarios(self) -> frozenset[str]:
        """Return the scenarios that jobs ask about: without them nobody could run these (again)."""
        return frozenset(job.scenario for job in self.jobs.values())

    async def resume(self) -> int:
        """Read what is kept, and go on with every execution that has not ended; return how many."""
        store = self.ports.store
        self.jobs = {job.job: job for job in await asyncio.to_thread(store.jobs)}
        kept = await asyncio.to_thread(store.executions)
        self.executions = {each.execution: each for each in kept if each.job in self.jobs}
        unended = [each for each in self.executions.values() if not each.state.done]
        for execution in unended:
            self.begin(replace(execution, state=ExecutionState.QUEUED))
        return len(unended)

    async def close(self) -> None:
        """Break off what is under way; the next server on the same data goes on with it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def check_room(self) -> None:
        """Raise :class:`QueueFull` where no more execution may wait."""
        most = self.limits.concurrency + self.limits.waiting
        if len(self._tasks) >= most:
            raise QueueFull(
                f"{len(self._tasks)} what-if executions wait or run already, which is as many as this server lets: try "
                "again later, or cancel one",
                _RETRY_SECONDS,
            )

    def begin(self, execution: WhatIfExecution) -> None:
        """Have an execution that is kept wait for its turn."""
        self.executions[execution.execution] = execution
        task = asyncio.create_task(self._run(execution), name=f"what-if {execution.execution}")
        self._tasks[execution.execution] = task
        task.add_done_callback(lambda _: self._tasks.pop(execution.execution, None))
        self._count()

    def find(self, job: str, execution: str) -> WhatIfExecution:
        """Return an execution.

        Raises
        ------
        NotFound
            If the job has none of this name.
        """
        found = self.executions.get(execution)
        if found is None or found.job != job:
            raise NotFound(f"what-if job {job[:80]!r} has no execution {execution[:80]!r}: list them to see which are")
        return found

    async def view(self, execution: WhatIfExecution) -> ExecutionView:
        """Return how an execution stands now."""
        now = self.executions.get(execution.execution, execution)
        order = await asyncio.to_thread(self.ports.store.results(now).order)
        return ExecutionView(now, order, self.jobs[now.job].cases if now.job in self.jobs else len(order))

    async def cancel(self, execution: WhatIfExecution) -> None:
        """Stop an execution and wait until it has ended; one that has ended stays as it is."""
        task = self._tasks.get(execution.execution)
        if task is None:
            return
        if execution.execution not in self._cancelled:
            self._cancelled.add(execution.execution)
            task.cancel()
        await asyncio.wait([task])
        if not self._ended(execution):  # its task had not begun, and so could not say how it ended
            await self._ends(execution, ExecutionState.CANCELLED)
        self._cancelled.discard(execution.execution)

    async def watch(
        self, execution: WhatIfExecution, after: int
    ) -> AsyncIterator[tuple[ExecutionView, int, CaseResult | None]]:
        """Yield the execution, each result behind the first ``after`` with its number, in the end the execution."""
        results = self.ports.store.results(execution)
        seen = after
        yield await self.view(execution), 0, None
        while True:
            view = await self.view(execution)
            for key in view.order[seen:]:
                seen += 1
                yield view, seen, await asyncio.to_thread(results.result, key)
            if view.execution.state.done or execution.execution not in self.executions:
                yield view, 0, None
                return
            async with self._changed:
                # The second look is under the lock under which changes are told: none is missed.
                if len(await asyncio.to_thread(results.order)) <= seen and not self._ended(execution):
                    await self._changed.wait()

    def _ended(self, execution: WhatIfExecution) -> bool:
        now = self.executions.get(execution.execution)
        return now is None or now.state.done

    async def _run(self, execution: WhatIfExecution) -> None:
        try:
            async with self._turn:
                await self._outlast(execution)
        except asyncio.CancelledError:
            if execution.execution not in self._cancelled:
                raise
            await self._ends(execution, ExecutionState.CANCELLED)
        except ConcordatError as error:
            _log.warning("what-if execution failed", execution=execution.execution, code=error.code)
            await self._ends(execution, ExecutionState.FAILED, f"{error.code}: {error}")
        except Exception:  # noqa: BLE001 - whatever ends an execution is told to whoever watches it
            _log.exception("what-if execution failed", execution=execution.execution)
            await self._ends(execution, ExecutionState.FAILED, "an error of the server; its log has the details")

    async def _outlast(self, execution: WhatIfExecution) -> None:
        """Plan to the end; while the disk is full, wait for room as plans do, but not for ever without a new result."""
        results, clock = self.ports.store.results(execution), self.ports.clock
        kept, until, pause = -1, 0.0, _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._stands(execution, ExecutionState.RUNNING)
                await self._ask_all(execution)
                return await self._stands(execution, ExecutionState.SUCCEEDED)
            except StorageFull as error:
                there = len(await asyncio.to_thread(results.order))
                if there > kept:
                    kept, until, pause = there, clock.monotonic() + OUTAGE_SECONDS, _FIRST_PAUSE_SECONDS
                if clock.monotonic() + pause > until:
                    raise
                _log.warning("what-if execution waits for room", execution=execution.execution, code=error.code)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _ask_all(self, execution: WhatIfExecution) -> None:
        """Plan every case that has no result yet."""
        store, job = self.ports.store, self.jobs[execution.job]
        base = await asyncio.to_thread(self.ports.scenarios.read, job.scenario)
        cases = (await asyncio.to_thread(lambda: self.ports.read_grid(store.grid(job.job)))).grid.cases()
        runner = self.ports.make_runner(job, base)
        results, loop = store.results(execution), asyncio.get_running_loop()
        run = GridRun(runner, results, clock=loop.time, tell=self._tell)
        parameters = PlanningParameters(gap=job.gap, time_limit=job.seconds, seed=job.seed)
        plans = _BasePlan(store, execution)
        try:
            await ask_grid(run, cases, parents=base_parents(cases), plans=plans, parameters=parameters)
        finally:
            await runner.close()

    async def _stands(self, execution: WhatIfExecution, state: ExecutionState, detail: str = "") -> None:
        now = self._now(execution, state, detail)
        await asyncio.to_thread(self.ports.store.keep_execution, now)
        await self._became(now)

    async def _ends(self, execution: WhatIfExecution, state: ExecutionState, detail: str = "") -> None:
        """Say how an execution ended; an end that the disk does not take is told, and lasts as long as this server."""
        try:
            await self._stands(execution, state, detail)
        except StorageFailure as error:
            _log.warning("how a what-if execution ended is not kept", execution=execution.execution, code=error.code)
            unkept = f"{error.code}: {error}; since its end is not kept, the server goes on with it at its next start"
            await self._became(self._now(execution, state, "; ".join(filter(None, (detail, unkept)))))

    def _now(self, execution: WhatIfExecution, state: ExecutionState, detail: str) -> WhatIfExecution:
        ended = self.ports.clock.now() if state.done else None
        return replace(self.executions[execution.execution], state=state, ended_at=ended, detail=detail)

    async def _became(self, now: WhatIfExecution) -> None:
        self.executions[now.execution] = now
        self._count()
        if now.state.done:
            self.ports.telemetry.metrics.what_if_ended(now.state.value)
        await self._notify()

    def _count(self) -> None:
        states = [each.state for each in self.live]
        self.ports.telemetry.metrics.what_if_changed(
            waiting=states.count(ExecutionState.QUEUED), running=states.count(ExecutionState.RUNNING)
        )

    def _tell(self, progress: GridProgress) -> None:
        if progress.latest is not None:
            self.ports.telemetry.metrics.what_if_case_ended(progress.latest.outcome, progress.latest.seconds)
        task = asyncio.create_task(self._notify(), name="what-if result told")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
