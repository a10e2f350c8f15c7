"""Asks a server what-if questions, asynchronously; :mod:`planner.client.blocking_what_if_client` is its other face."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from planner.client.server_client import ServerClient
from planner.client.watching import ConnectionLost, followed
from planner.client.what_if_conversions import (
    ExecutionSeen,
    ExecutionStep,
    JobSeen,
    ResultSeen,
    execution_from_wire,
    job_from_wire,
    result_from_wire,
    step_from_wire,
)
from planner.domain.errors import FolderNotWritable
from planner.wire.v1 import what_if_pb2

__all__ = ["ConnectionLost", "ExecutionSeen", "ExecutionStep", "JobSeen", "ResultSeen", "WhatIfClient"]

_PAGE = 1000


class WhatIfClient(ServerClient):
    """Speaks to one server; use it as an asynchronous context manager.

    Errors, deadlines and calls that are sent again are as with :class:`planner.client.planning_client.PlanningClient`.
    """

    async def submit(
        self,
        scenario: str,
        grid: str,
        *,
        gap: float = 0.01,
        seconds: float = 60.0,
        seed: int = 0,
        request_id: str = "",
        validate_only: bool = False,
    ) -> JobSeen:
        """Have a grid (the text of its file) kept about the uploaded scenario of a hash.

        Each case is planned to the relative ``gap`` in at most so many ``seconds``. The same ``request_id`` with the
        same content returns the same job; without one every call is a job of its own, so that it is sent once and never
        again.

        Raises
        ------
        GridInvalid
            If findings stand against it; those that came with path and line are its ``findings``.
        InvalidRequest
            If gap, seconds, seed or request id cannot be planned with.
        NotFound
            If the server does not keep the scenario.
        RequestConflict
            If the request id was used with other content.
        QueueFull
            If the server keeps as many jobs as it may.
        """
        request = what_if_pb2.CreateWhatIfJobRequest(
            scenario=f"scenarios/{scenario}",
            grid=grid,
            parameters=what_if_pb2.WhatIfParameters(gap=gap, seconds=seconds, seed=seed),
            request_id=request_id,
            validate_only=validate_only,
        )
        return job_from_wire(
            await self._calls.unary(
                self._calls.what_if.CreateWhatIfJob,
                request,
                self._calls.deadlines.checking,
                repeatable=bool(request_id) or validate_only,
            )
        )

    async def jobs(self) -> tuple[JobSeen, ...]:
        """Return all jobs, the oldest first."""
        request = what_if_pb2.ListWhatIfJobsRequest(page_size=_PAGE)
        pages = self._pages(self._calls.what_if.ListWhatIfJobs, request)
        return tuple([job_from_wire(job) async for page in pages for job in page.jobs])

    async def delete(self, job: str) -> None:
        """Remove a job, its executions and their results.

        Raises
        ------
        NotFound
            If there is no such job (any more).
        WhatIfBusy
            If one of its executions waits or runs.
        """
        request = what_if_pb2.DeleteWhatIfJobRequest(name=job)
        # Sent again, it would tell of a job that is gone what the first call did.
        await self._calls.unary(
            self._calls.what_if.DeleteWhatIfJob, request, self._calls.deadlines.quick, repeatable=False
        )

    async def run(self, job: str, *, request_id: str = "") -> ExecutionSeen:
        """Have all questions of a job asked; the same ``request_id`` returns the same execution.

        Without one every call is an execution of its own, so that it is sent once and never again.

        Raises
        ------
        RequestConflict
            If the request id was used for another job.
        QueueFull
            If as many executions wait as may.
        """
        request = what_if_pb2.RunWhatIfJobRequest(name=job, request_id=request_id)
        return execution_from_wire(
            await self._calls.unary(
                self._calls.what_if.RunWhatIfJob, request, self._calls.deadlines.quick, repeatable=bool(request_id)
            )
        )

    async def execution(self, name: str) -> ExecutionSeen:
        """Return an execution as it stands."""
        request = what_if_pb2.GetWhatIfExecutionRequest(name=name)
        return execution_from_wire(
            await self._calls.unary(self._calls.what_if.GetWhatIfExecution, request, self._calls.deadlines.quick)
        )

    async def executions(self, job: str) -> tuple[ExecutionSeen, ...]:
        """Return all executions of a job, the first one first."""
        request = what_if_pb2.ListWhatIfExecutionsRequest(parent=job, page_size=_PAGE)
        pages = self._pages(self._calls.what_if.ListWhatIfExecutions, request)
        return tuple([execution_from_wire(each) async for page in pages for each in page.executions])

    async def results(self, name: str) -> tuple[ResultSeen, ...]:
        """Return all results that an execution has, in the order in which they ended."""
        request = what_if_pb2.ListWhatIfResultsRequest(parent=name, page_size=_PAGE)
        pages = self._pages(self._calls.what_if.ListWhatIfResults, request)
        return tuple([result_from_wire(each) async for page in pages for each in page.results])

    async def cancel(self, name: str) -> ExecutionSeen:
        """Stop an execution; its results are kept."""
        request = what_if_pb2.CancelWhatIfExecutionRequest(name=name)
        return execution_from_wire(
            await self._calls.unary(self._calls.what_if.CancelWhatIfExecution, request, self._calls.deadlines.quick)
        )

    async def watch(
        self, name: str, *, after: int = 0, patience_seconds: float = 60.0
    ) -> AsyncGenerator[ExecutionStep | ConnectionLost, None]:
        """Yield every result behind the first ``after`` as it ends, each once, and in the end the execution.

        A lost server is told and sought again, for so long, with growing waits; the watch then goes on behind the last
        result that came.
        """
        seen, ended = after, False

        def begin() -> Any:
            request = what_if_pb2.WatchWhatIfExecutionRequest(name=name, after=seen)
            return self._calls.what_if.WatchWhatIfExecution(request)

        told = followed(
            self._calls,
            begin,
            over=lambda: ended,
            patience_seconds=patience_seconds,
            again=lambda: f"concordat whatif watch {name} --after {seen} --server {self._calls.address}",
        )
        async with aclosing(told):
            async for each in told:
                if isinstance(each, ConnectionLost):
                    yield each
                    continue
                step = step_from_wire(each)
                seen = seen if step.result is None else step.result.sequence
                ended = step.execution.state.done
                yield step

    async def wait(self, name: str) -> ExecutionSeen:
        """Return an execution once it has ended."""
        seen = await self.execution(name)
        async for step in self.watch(name, after=seen.done):
            if isinstance(step, ExecutionStep):
                seen = step.execution
        return seen

    async def save(self, name: str, file: Path) -> None:
        """Write all results that there are into an Arrow IPC stream file, which is complete or untouched afterwards.

        Raises
        ------
        FolderNotWritable
            If the file cannot be written.
        """
        request = what_if_pb2.DownloadWhatIfResultsRequest(name=name)
        parts = self._calls.streamed(self._calls.what_if.DownloadWhatIfResults, request, self._calls.deadlines.transfer)
        content = b"".join([part.data async for part in parts])
        try:
            await asyncio.to_thread(_write, file, content)
        except OSError as error:
            raise FolderNotWritable(f"cannot write {file}: {error.strerror or error}") from error

    async def _pages(self, method: Any, request: Any) -> AsyncIterator[Any]:
        while True:
            page = await self._calls.unary(method, request, self._calls.deadlines.quick)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


def _write(file: Path, content: bytes) -> None:
    fresh = file.with_name(f"{file.name}.part")
    try:
        fresh.write_bytes(content)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
