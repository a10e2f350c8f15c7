"""One request for a plan, from the upload to the folder, seen from the command line."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from planner.cli.exit_codes import DONE, FAILED, INFEASIBLE, INTERRUPTED, NO_PLAN_YET
from planner.cli.order import Order, Target
from planner.cli.progress import ProgressLine
from planner.client.connection import ServerAddress
from planner.client.plan_download import receive_plan
from planner.client.planning_client import ConnectionLost, PlanningClient
from planner.domain.errors import NotFound, ServerUnavailable
from planner.events.catalogue import NoPlanFound, PlanCompleted, PlanFailed, PlanFoundInfeasible
from planner.events.plan_record import PlanRecord

CHILD_READY_SECONDS = 60.0
"""A server of one's own answers, however busy the machine is."""

READY_SECONDS = 10.0
"""A server that was named runs already, or its name is wrong."""

_TURN_SECONDS = 1.0
_CREATE_ATTEMPTS = 4

T = TypeVar("T")


class PlanningSession:
    """Asks one server for a plan and follows it; Ctrl-C (or SIGTERM) cancels the plan and keeps the best so far.

    ``last_words`` tells what a child server wrote if it died, so that waiting for it makes no sense.
    """

    def __init__(
        self, server: ServerAddress, console: Console, last_words: Callable[[], str | None] | None = None
    ) -> None:
        self._server = server
        self._console = console
        self._last_words = last_words or (lambda: None)
        self._ready_seconds = READY_SECONDS if last_words is None else CHILD_READY_SECONDS
        self._plan = ""
        self._cancels = False
        self._cancelling: asyncio.Task[PlanRecord] | None = None

    @property
    def plan(self) -> str:
        """The id of the plan that was asked for last; empty before."""
        return self._plan

    def request(self, order: Order, target: Target) -> int:
        """Have a scenario planned; return the exit code."""
        return self._run(self._request(order, target, order.request_id or f"cli-{uuid.uuid4()}"))

    def follow(self, plan: str, target: Target) -> int:
        """Follow a plan that was asked for before; leaving does not cancel it. Return the exit code."""
        return self._run(self._follow_only(plan, target))

    def _run(self, work: Coroutine[object, object, int]) -> int:
        try:
            return asyncio.run(self._with_signals(work))
        except asyncio.CancelledError:
            kept = f"; the plan goes on as operations/{self._plan}" if self._plan and not self._cancelling else ""
            self._console.print(f"interrupted{kept}", markup=False, highlight=False, soft_wrap=True)
            return INTERRUPTED

    async def _with_signals(self, work: Coroutine[object, object, int]) -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupted, task)
        return await task

    def _interrupted(self, task: asyncio.Future[int]) -> None:
        if not self._cancels or self._cancelling is not None:
            task.cancel()
            return
        self._console.print("cancelling; the best plan so far is kept (press Ctrl-C again to leave at once)")
        self._cancelling = asyncio.ensure_future(self._cancel(self._plan))

    async def _cancel(self, plan: str) -> PlanRecord:
        async with PlanningClient(self._server) as client:
            return await client.cancel(plan)

    async def _request(self, order: Order, target: Target, request_id: str) -> int:
        async with PlanningClient(self._server) as client:
            await self._ready(client)
            stored = await self._alive(client.upload(order.scenario))
            record = await self._accepted(client, stored, order, request_id)
            self._plan, self._cancels, self._cancelling = record.plan, True, None
            self._console.print(f"accepted as operations/{record.plan}", highlight=False)
            return await self._to_the_end(client, record.plan, target)

    async def _ready(self, client: PlanningClient) -> None:
        """Wait until the server serves, in short turns, since a child that died will never."""
        left = self._ready_seconds
        while True:
            try:
                return await client.wait_until_ready(min(left, _TURN_SECONDS))
            except ServerUnavailable as error:
                self._raise_if_dead(error)
                left -= _TURN_SECONDS
                if left <= 0:
                    raise

    async def _accepted(self, client: PlanningClient, stored: str, order: Order, request_id: str) -> PlanRecord:
        """Ask until the server answers: under its request id a request is accepted once, however often it is sent."""
        create = partial(client.create, stored, order.parameters, request_id=request_id, priority=order.priority)
        for attempt in range(1, _CREATE_ATTEMPTS):
            try:
                return await self._alive(create())
            except ServerUnavailable as error:
                self._raise_if_dead(error)
                self._console.print(f"{error}; trying again", markup=False)
                await asyncio.sleep(attempt)
        return await self._alive(create())

    async def _follow_only(self, plan: str, target: Target) -> int:
        self._plan = plan
        async with PlanningClient(self._server) as client:
            await self._ready(client)
            return await self._to_the_end(client, plan, target)

    async def _to_the_end(self, client: PlanningClient, plan: str, target: Target) -> int:
        record: PlanRecord | None = None
        with ProgressLine(self._console) as line:
            async for step in client.watch(plan):
                if isinstance(step, ConnectionLost):
                    self._raise_if_dead(step.error)
                    line.tell(lost_text(step))
                else:
                    record = step.record
                    line.show(step)
        if record is None:
            raise ServerUnavailable(f"the server at {self._server.address} ended the watch early")
        if isinstance(record.ending, PlanCompleted) and target.out is not None:
            await receive_plan(client.download(plan), target.out, overwrite=target.overwrite)
        code = tell_ending(record, self._console)
        if record.request.solver_logs and target.out is not None:
            await self._save_solver_logs(client, plan, target.out)
        return code

    async def _save_solver_logs(self, client: PlanningClient, plan: str, out: Path) -> None:
        """Fetch what solvers told, also of a run that ended without a plan: that is when somebody wants to read it."""
        try:
            told = f"what solvers told is in {await client.save_solver_logs(plan, out)}"
        except NotFound as error:
            told = str(error)
        self._console.print(told, markup=False, highlight=False, soft_wrap=True)

    async def _alive(self, call: Coroutine[object, object, T]) -> T:
        try:
            return await call
        except ServerUnavailable as error:
            self._raise_if_dead(error)
            raise

    def _raise_if_dead(self, error: ServerUnavailable) -> None:
        words = self._last_words()
        if words is not None:
            raise ServerUnavailable(
                f"the server that was started for this command died. Its last words:\n{words}\n"
                "Should it lack memory, give it a smaller scenario or more memory; a server that outlives its "
                "failures is started by `concordat serve` and named by --server"
            ) from error


def lost_text(lost: ConnectionLost) -> str:
    """Return what to say about a lost connection: the cause once, then only that there is no answer yet."""
    if lost.attempt == 1:
        return f"{lost.error}; the plan is kept there, trying to reach it again"
    return f"no answer yet, trying again ({lost.attempt})"


def tell_ending(record: PlanRecord, console: Console) -> int:
    """Print how a plan ended; return the exit code."""
    ending = record.ending
    lines, code = [f"unexpected end in state {record.state.value}"], FAILED
    if isinstance(ending, PlanCompleted):
        gap = f", gap {record.gap:.3%}" if record.gap is not None else ""
        lines = [f"planned: value {ending.value:,.2f}, bound {ending.bound_proved:,.2f}{gap} ({ending.stopped_by})"]
        if ending.detail:
            lines.append(ending.detail)
        code = DONE
    elif isinstance(ending, NoPlanFound):
        lines, code = [f"no plan yet ({ending.stopped_by}): {ending.detail}"], NO_PLAN_YET
    elif isinstance(ending, PlanFoundInfeasible):
        demands = {subject: f": {text}" for subject, _, kind, text in ending.terms if kind != "limit"}
        lines = ["no plan can exist: these cannot hold together"]
        lines.extend(f"  {subject}{demands.get(subject, '')}" for subject in ending.conflict)
        if ending.relaxation:
            lines.append("the cheapest way out is to loosen")
            lines.extend(f"  {subject} by {amount:,.4f}" for subject, amount in ending.relaxation)
        if ending.repairs:
            lines.append("one of these alone would do as well")
            lines.extend(f"  {subject} by {amount:,.4f}" for subject, amount in ending.repairs)
        if not ending.conflict and ending.detail:
            lines.append(ending.detail)
        code = INFEASIBLE
    elif isinstance(ending, PlanFailed):
        lines = [f"planning failed: {ending.detail}"]
    for text in lines:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return code
