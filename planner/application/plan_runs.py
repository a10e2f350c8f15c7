"""The plans that are being made in this process: begun, queued for a free place, stopped, and recorded at their end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from planner.application.live_plan import LivePlan
from planner.application.plan_endings import acceptance_lost, failure, no_plan_in_queue, plan_ending
from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan, record_of_plan
from planner.events.catalogue import PlanEnding, PlanFailed, PlanStarted
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import PlanningParameters, PlanningResult, PlanningRuntime, Progress, StopPoint

OVERRUN_SECONDS = 5.0
"""How long after its time limit a runtime is told to stop, should it not have stopped by itself."""

PATIENCE_SECONDS = 60.0
"""How long after being told to stop a runtime is given up."""

_REPEAT_SECONDS = 0.5
MAX_ATTEMPTS = 3
"""How often a plan is begun before it is held to be what ends the server."""

_log = structlog.get_logger("concordat.plans")


class PlanRuns:
    """Runs accepted plans, at most ``concurrency`` at a time and first come first served.

    A plan waits for its place at the cost of its time limit. What is not over when :meth:`close` is called stays
    unended in the log, to be taken up by the next process.
    """

    def __init__(self, ports: PlanningPorts, runtime: PlanningRuntime, *, concurrency: int = 1) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self._ports = ports
        self._runtime = runtime
        self._places = asyncio.Semaphore(concurrency)
        self._live: dict[str, LivePlan] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, record: PlanRecord, seconds_left: float | None) -> None:
        """Begin with an accepted plan; a plan that is already live is left alone."""
        if record.plan in self._live:
            return
        deadline = None if seconds_left is None else self._ports.clock.monotonic() + seconds_left
        live = LivePlan(record, deadline)
        if record.cancel_requested and record.acceptance is None:
            live.cancelled.set()
        self._live[record.plan] = live
        task = asyncio.create_task(self._run(live), name=f"plan {record.plan}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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

    async def _run(self, live: LivePlan) -> None:
        plan = live.record.plan
        try:
            try:
                ending = await self._in_its_place(live)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong, the plan ends and its requester hears why
                _log.exception("planning failed", plan=plan)
                ending = failure(error)
            record = await self._ended(plan, ending)
            _log.info("plan ended", plan=plan, state=record.state.value, ending=type(ending).__name__)
            await live.update(record, live.progress, over=True)
        except Exception:  # noqa: BLE001 - nobody awaits this task; what it met must reach the log and the watchers
            # Without its ending in the log the plan is not over: a restart takes it up again.
            _log.exception("the end of a plan could not be recorded", plan=plan)
            await live.update(live.record, live.progress, over=True)
        finally:
            self._live.pop(plan, None)

    async def _ended(self, plan: str, ending: PlanEnding) -> PlanRecord:
        """Record the end and, before it, that an acceptance could not be kept."""
        lost = acceptance_lost(await find_plan(self._ports, plan), ending)
        if lost is not None:
            _log.warning("an acceptance could not be kept", plan=plan, etag=lost.etag)
            await record_of_plan(
                self._ports, plan, lost, unless=lambda record: record.done or record.acceptance is None
            )
        return await record_of_plan(self._ports, plan, ending, unless=lambda record: record.done)

    async def _in_its_place(self, live: LivePlan) -> PlanEnding:
        if live.record.attempts >= MAX_ATTEMPTS:
            return PlanFailed(
                stopped_by="error",
                detail=f"the server ended {live.record.attempts} times while it worked on this plan; it may need more "
                "memory than there is: see the server's log, then ask for the plan anew",
            )
        if not await self._take_place(live):
            return no_plan_in_queue(cancelled=live.cancelled.is_set())
        try:
            started = PlanStarted(attempt=live.record.attempts + 1)
            record = await record_of_plan(self._ports, live.record.plan, started, unless=lambda record: record.done)
            await live.update(record, None)
            return await self._computed(live)
        finally:
            self._places.release()

    async def _take_place(self, live: LivePlan) -> bool:
        """Wait for a free place; false if time ran out or the plan was cancelled before."""
        place = asyncio.ensure_future(self._places.acquire())
        cancelled = asyncio.ensure_future(live.cancelled.wait())
        try:
            await asyncio.wait({place, cancelled}, timeout=self._left(live), return_when=asyncio.FIRST_COMPLETED)
            if place.done() and not live.cancelled.is_set():
                return True
        except asyncio.CancelledError:
            if place.done():
                self._places.release()
            raise
        else:
            if place.done():
                self._places.release()
            return False
        finally:
            cancelled.cancel()
            if not place.done():
                place.cancel()

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
        target = await asyncio.to_thread(ports.plans.prepare, request.plan)
        base = await asyncio.to_thread(ports.plans.folder, request.base_plan) if request.base_plan else ""
        left = self._left(live)
        passed = (ports.clock.now() - live.record.requested_at).total_seconds()
        parameters = PlanningParameters(
            gap=request.gap,
            work_limit=request.work_limit,
            time_limit=left,
            seed=request.seed,
            hosts=request.hosts,
            stop=_accepted_before(live.record),
            base_plan=base,
        )
        async for step in self._runtime.plan(request.plan, source, target, parameters):
            if isinstance(step, PlanningResult):
                return await asyncio.to_thread(plan_ending, step, ports.plans, request.plan)
            await live.update(live.record, _since_acceptance(step, passed))
        raise RuntimeError("the planning runtime ended without a result")

    async def _stop_when_due(self, live: LivePlan) -> None:
        """Tell the runtime to stop once the plan is cancelled or overdue; return when it is to be given up."""
        left = self._left(live)
        try:
            await asyncio.wait_for(live.cancelled.wait(), None if left is None else left + OVERRUN_SECONDS)
        except TimeoutError:
            _log.warning("the runtime overran its time limit and is told to stop", plan=live.record.plan)
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


def _since_acceptance(step: Progress, passed: float) -> Progress:
    return replace(step, seconds=step.seconds + passed)
