"""The plans that are being made in this process: begun, queued for a free place, stopped, and recorded at their end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import structlog

from planner.application.executing_agents import agents_execute
from planner.application.live_plan import LivePlan
from planner.application.plan_endings import acceptance_lost, failure, no_plan_in_queue, plan_ending
from planner.application.plan_queue import PlanQueue
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan, outlasting, record_of_plan, seconds_since
from planner.domain.errors import PlanningFailed, QueueFull
from planner.events.catalogue import PlanEnding, PlanFailed, PlanStarted
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import GIVEN_UP, PlanningParameters, PlanningResult, PlanningRuntime, StopPoint
from planner.ports.run_steps import RunStep, StepKind
from planner.ports.telemetry import Span

OVERRUN_SECONDS = 5.0
"""How long after its time limit a runtime is told to stop, should it not have stopped by itself."""

PATIENCE_SECONDS = 60.0
"""How long after being told to stop a runtime is given up."""

_REPEAT_SECONDS = 0.5
MOST_WAITING = 100
"""How many plans wait for a place unless the server is told otherwise; each takes a task and some kilobytes."""
MAX_ATTEMPTS = 3
"""How often a plan is begun before it is held to be what ends the server."""

_log = structlog.get_logger("concordat.plans")


class PlanRuns:
    """Runs accepted plans, at most ``concurrency`` at a time; ``most_waiting`` wait for their turn.

    A plan waits for its place at the cost of its time limit. What is not over when :meth:`close` is called stays
    unended in the log, to be taken up by the next process.
    """

    def __init__(
        self,
        ports: PlanningPorts,
        runtime: PlanningRuntime,
        *,
        concurrency: int = 1,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self._ports = ports
        self._runtime = runtime
        self._queue = PlanQueue(
            ports.clock.monotonic, places=concurrency, most_waiting=most_waiting, told=self._queue_changed
        )
        self.concurrency, self.most_waiting = concurrency, most_waiting
        self._live: dict[str, LivePlan] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.restarts = 0

    def check_room(self, priority: int, seconds: float | None) -> None:
        """Return if one more plan could be taken; see :meth:`planner.application.plan_queue.PlanQueue.check_room`."""
        with self.room(priority, seconds):
            return

    @contextmanager
    def room(self, priority: int, seconds: float | None) -> Iterator[None]:
        """Hold room for a plan while its request is written down.

        Raises
        ------
        QueueFull
            If too many plans wait already, or this one could not be begun within its ``seconds``.
        """
        try:
            held = self._queue.hold(priority=priority, seconds=seconds)
        except QueueFull:
            self._ports.telemetry.metrics.queue_refused()
            raise
        with held:
            yield

    def start(self, record: PlanRecord, seconds_left: float | None, *, follows: str = "") -> None:
        """Begin with an accepted plan; a plan that is already live is left alone.

        ``follows`` is the trace of the process that accepted it, where that was an earlier one.
        """
        if record.plan in self._live:
            return
        deadline = None if seconds_left is None else self._ports.clock.monotonic() + seconds_left
        ticket = self._queue.enter(priority=record.request.priority, seconds=seconds_left)
        live = LivePlan(record, deadline, ticket)
        live.passed_before = seconds_since(self._ports, record.requested_at)
        if record.cancel_requested and record.acceptance is None:
            live.cancelled.set()
        self._live[record.plan] = live
        task = asyncio.create_task(self._traced(live, follows), name=f"plan {record.plan}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def waiting(self) -> int:
        """How many plans wait for a place."""
        return self._queue.waiting

    @property
    def all_live(self) -> tuple[LivePlan, ...]:
        """The plans that are queued or running here, in the order they were begun with."""
        return tuple(self._live.values())

    def live(self, plan: str) -> LivePlan | None:
        """Return a plan that is queued or running here."""
        return self._live.get(plan)

    async def cancel(self, record: PlanRecord) -> None:
        """Stop a plan soon and keep its best plan so far; others than live ones are left alone."""
        live = self._live.get(record.plan)
        if live is not None and not live.over:
            live.cancelled.set()
            await live.update(replace(live.record, cancel_requested=True), live.progress)

    async def accept(self, record: PlanRecord) -> bool:
        """Let a live plan end soon with exactly the plan that was accepted; tells whether it will."""
        live = self._live.get(record.plan)
        if live is None or live.over or record.acceptance is None:
            return False
        if not await self._runtime.accept(record.plan, record.acceptance.etag):
            return False
        await live.update(replace(live.record, acceptance=record.acceptance), live.progress)
        return True

    async def close(self) -> None:
        """Abandon what runs, without an ending in the log, and release the runtime."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runtime.close()

    def _queue_changed(self, waiting: int, running: int) -> None:
        self._ports.telemetry.metrics.queue_changed(waiting=waiting, running=running)

    async def _traced(self, live: LivePlan, follows: str) -> None:
        request = live.record.request
        # The task has a context of its own, copied from that of the request.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(plan=request.plan, request_id=request.request_id)
        with self._ports.telemetry.traces.span("plan", follows=follows) as span:
            span.note("concordat.plan", request.plan)
            span.note("concordat.scenario", request.scenario)
            await self._run(live, span)

    async def _run(self, live: LivePlan, span: Span) -> None:
        plan = live.record.plan
        try:
            try:
                ending = await self._in_its_place(live)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong, the plan ends and its requester hears why
                _log.exception("planning failed")
                ending = failure(error)
            # A plan that was made is not thrown away because the database is being restarted.
            record = await outlasting(self._ports, lambda: self._ended(plan, ending))
            _log.info("plan ended", state=record.state.value, ending=type(ending).__name__)
            self._tell_end(record, span)
            await live.update(record, live.progress, over=True)
            await agents_execute(self._ports, record)
        except Exception:  # noqa: BLE001 - nobody awaits this task; what it met must reach the log and the watchers
            # Without its ending in the log the plan is not over: a restart takes it up again.
            _log.exception("the end of a plan could not be recorded")
            await live.update(live.record, live.progress, over=True)
        finally:
            self._live.pop(plan, None)

    def _tell_end(self, record: PlanRecord, span: Span) -> None:
        state = record.state.value.replace(" ", "_")
        ended_at = record.ended_at or self._ports.clock.now()
        seconds = max(0.0, (ended_at - record.requested_at).total_seconds())
        self._ports.telemetry.metrics.plan_ended(state, seconds=seconds, gap=record.gap)
        span.note("concordat.state", state)
        if record.gap is not None:
            span.note("concordat.gap", record.gap)
        if isinstance(record.ending, PlanFailed):
            span.fail(record.ending.stopped_by)

    async def _ended(self, plan: str, ending: PlanEnding) -> PlanRecord:
        """Record the end and, before it, that an acceptance could not be kept."""
        lost = acceptance_lost(await find_plan(self._ports, plan), ending)
        if lost is not None:
            _log.warning("an acceptance could not be kept", etag=lost.etag)
            await record_of_plan(
                self._ports, plan, lost, unless=lambda record: record.done or record.acceptance is None
            )
        return await record_of_plan(self._ports, plan, ending, unless=lambda record: record.done)

    async def _begun(self, plan: str, started: PlanStarted) -> PlanRecord:
        return await record_of_plan(
            self._ports, plan, started, unless=lambda record: record.done or record.attempts >= started.attempt
        )

    async def _in_its_place(self, live: LivePlan) -> PlanEnding:
        try:
            if live.record.attempts >= MAX_ATTEMPTS:
                return PlanFailed(
                    stopped_by="error",
                    detail=f"{GIVEN_UP}: the server ended {live.record.attempts} times while it worked on this plan; "
                    "it may need more memory than there is: see the server's log, then ask for the plan anew",
                )
            with self._ports.telemetry.traces.span("queue") as span:
                span.note("concordat.priority", live.record.request.priority)
                placed = await self._turn(live)
            self._ports.telemetry.metrics.queue_left(self._queue.waited(live.ticket))
            if not placed:
                return no_plan_in_queue(cancelled=live.cancelled.is_set())
            started = PlanStarted(attempt=live.record.attempts + 1)
            record = await outlasting(self._ports, lambda: self._begun(live.record.plan, started))
            await live.update(record, None)
            with self._ports.telemetry.traces.span("run") as span:
                span.note("concordat.attempt", record.attempts)
                return await self._computed(live)
        finally:
            self._queue.leave(live.ticket)

    async def _turn(self, live: LivePlan) -> bool:
        """Wait for a place; false if time ran out or the plan was cancelled before."""
        turn = asyncio.ensure_future(self._queue.turn(live.ticket))
        cancelled = asyncio.ensure_future(live.cancelled.wait())
        try:
            await asyncio.wait({turn, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            return not live.cancelled.is_set() and turn.result()
        finally:
            turn.cancel()
            cancelled.cancel()

    async def _computed(self, live: LivePlan) -> PlanEnding:
        computing = asyncio.create_task(self._drive(live))
        stopping = asyncio.create_task(self._stop_when_due(live))
        try:
            await asyncio.wait({computing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if computing.done():
                return await computing
            return PlanFailed(
                stopped_by="error",
                detail=f"the planning runtime did not stop within {PATIENCE_SECONDS:.0f} s of being told to; see the "
                "server's log, and restart the server if it does not come back",
            )
        finally:
            for task in (computing, stopping):
                task.cancel()
            await asyncio.gather(computing, stopping, return_exceptions=True)

    async def _drive(self, live: LivePlan) -> PlanEnding:
        request, ports = live.record.request, self._ports
        source = await asyncio.to_thread(ports.scenarios.folder, request.scenario)
        target = await outlasting(ports, lambda: asyncio.to_thread(ports.plans.prepare, request.plan))
        base = await asyncio.to_thread(ports.plans.folder, request.base_plan) if request.base_plan else ""
        left = self._left(live)
        began = ports.clock.now()
        passed = live.passed_before + self._queue.waited(live.ticket)
        parameters = PlanningParameters(
            gap=request.gap,
            work_limit=request.work_limit,
            time_limit=left,
            seed=request.seed,
            hosts=request.hosts,
            stop=_accepted_before(live.record),
            base_plan=base,
            solver_logs=request.solver_logs,
        )
        async for step in self._runtime.plan(request.plan, source, target, parameters):
            self._keep(step.steps, began)
            if isinstance(step, PlanningResult):
                return await asyncio.to_thread(plan_ending, step, ports.plans, request.plan)
            await live.update(live.record, replace(step, seconds=step.seconds + passed, steps=()))
        raise PlanningFailed(
            "the planning runtime ended without a result: see the server's log, then ask for the plan anew"
        )

    def _keep(self, steps: tuple[RunStep, ...], began: datetime) -> None:
        self._ports.telemetry.steps(steps, began)
        self.restarts += sum(step.kind is StepKind.RESTART for step in steps)

    async def _stop_when_due(self, live: LivePlan) -> None:
        """Tell the runtime to stop once the plan is cancelled or overdue; return when it is to be given up."""
        left = self._left(live)
        try:
            await asyncio.wait_for(live.cancelled.wait(), None if left is None else left + OVERRUN_SECONDS)
        except TimeoutError:
            _log.warning("the runtime overran its time limit and is told to stop")
        # Repeated, since a runtime ignores runs it does not know yet.
        for _ in range(int(PATIENCE_SECONDS / _REPEAT_SECONDS)):
            await self._runtime.cancel(live.record.plan)
            await asyncio.sleep(_REPEAT_SECONDS)

    def _left(self, live: LivePlan) -> float | None:
        if live.deadline is None:
            return None
        return max(0.001, live.deadline - self._ports.clock.monotonic())


def _accepted_before(record: PlanRecord) -> StopPoint | None:
    """Return where a run that is taken up again is to end: with the plan that was accepted before the restart."""
    return None if record.acceptance is None else StopPoint(incumbent=record.acceptance.etag)
