"""Asks a server what-if questions: jobs and executions, results as they end, all of them as Arrow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from planner.client.connection import ServerAddress
from planner.client.errors import translated
from planner.client.loop_thread import LoopThread
from planner.domain.errors import FolderNotWritable
from planner.ports.what_if_jobs import ExecutionState
from planner.wire.v1 import what_if_pb2, what_if_pb2_grpc

SECONDS = 60.0
"""Deadline of a call that does not stream; a grid is checked against its base within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAsked:
    """A job as the server keeps it: ``name`` (empty where it was only checked), and how many questions it asks."""

    name: str
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSeen:
    """An execution as it stands: results there are, questions there are, and why it failed."""

    name: str
    state: ExecutionState
    done: int
    total: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSeen:
    """The result of a case; ``sequence`` counts those of an execution from 1."""

    sequence: int
    name: str
    levels: dict[str, str] = field(default_factory=dict)
    outcome: str
    value: float | None
    bound: float | None
    seconds: float
    detail: str


class WhatIfClient:
    """Speaks to one server; for code that runs in an event loop. All methods raise what the server refuses with."""

    def __init__(self, server: ServerAddress) -> None:
        self._server = server

    async def submit(
        self,
        scenario: str,
        grid: str,
        *,
        gap: float = 0.01,
        seconds: float = 60.0,
        request_id: str = "",
        validate_only: bool = False,
    ) -> JobAsked:
        """Have a grid (the text of its file) kept about the uploaded scenario of a hash.

        Raises
        ------
        GridInvalid
            If findings stand against it; those that came with path and line are its ``findings``.
        NotFound
            If the server does not keep the scenario.
        """
        request = what_if_pb2.CreateWhatIfJobRequest(
            scenario=f"scenarios/{scenario}",
            grid=grid,
            parameters=what_if_pb2.WhatIfParameters(gap=gap, seconds=seconds),
            request_id=request_id,
            validate_only=validate_only,
        )
        async with self._stub() as stub:
            job = await stub.CreateWhatIfJob(request, timeout=SECONDS)
        return JobAsked(name=job.name, cases=job.cases)

    async def run(self, job: str, *, request_id: str = "") -> ExecutionSeen:
        """Have all questions of a job asked."""
        async with self._stub() as stub:
            request = what_if_pb2.RunWhatIfJobRequest(name=job, request_id=request_id)
            return execution_from_wire(await stub.RunWhatIfJob(request, timeout=SECONDS))

    async def execution(self, name: str) -> ExecutionSeen:
        """Return an execution as it stands."""
        async with self._stub() as stub:
            request = what_if_pb2.GetWhatIfExecutionRequest(name=name)
            return execution_from_wire(await stub.GetWhatIfExecution(request, timeout=SECONDS))

    async def executions(self, job: str) -> tuple[ExecutionSeen, ...]:
        """Return all executions of a job, the first one first."""
        found: list[ExecutionSeen] = []
        token = ""
        async with self._stub() as stub:
            while True:
                request = what_if_pb2.ListWhatIfExecutionsRequest(parent=job, page_token=token)
                page = await stub.ListWhatIfExecutions(request, timeout=SECONDS)
                found += [execution_from_wire(message) for message in page.executions]
                token = page.next_page_token
                if not token:
                    return tuple(found)

    async def cancel(self, name: str) -> ExecutionSeen:
        """Stop an execution; its results are kept."""
        async with self._stub() as stub:
            request = what_if_pb2.CancelWhatIfExecutionRequest(name=name)
            return execution_from_wire(await stub.CancelWhatIfExecution(request, timeout=SECONDS))

    async def delete(self, job: str) -> None:
        """Remove a job, its executions and their results."""
        async with self._stub() as stub:
            await stub.DeleteWhatIfJob(what_if_pb2.DeleteWhatIfJobRequest(name=job), timeout=SECONDS)

    async def watch(self, name: str, *, after: int = 0) -> AsyncIterator[tuple[ExecutionSeen, ResultSeen | None]]:
        """Yield every result behind the first ``after`` as it ends, and in the end the execution.

        Raises
        ------
        ServerUnavailable
            If the server goes away; watch again after the last sequence that came.
        """
        async with self._stub() as stub:
            request = what_if_pb2.WatchWhatIfExecutionRequest(name=name, after=after)
            async for told in stub.WatchWhatIfExecution(request):
                result = result_from_wire(told.result) if told.HasField("result") else None
                yield execution_from_wire(told.execution), result

    async def save(self, name: str, file: Path) -> None:
        """Write all results that there are into an Arrow IPC stream file.

        Raises
        ------
        FolderNotWritable
            If the file cannot be written.
        """
        async with self._stub() as stub:
            parts = stub.DownloadWhatIfResults(what_if_pb2.DownloadWhatIfResultsRequest(name=name))
            content = b"".join([part.data async for part in parts])
        try:
            await asyncio.to_thread(file.write_bytes, content)
        except OSError as error:
            raise FolderNotWritable(f"cannot write {file}: {error.strerror or error}") from error

    @asynccontextmanager
    async def _stub(self) -> AsyncIterator[Any]:
        channel = self._server.channel()
        try:
            # The code that protoc writes has no types; conversions give them back.
            stub: Any = what_if_pb2_grpc.WhatIfServiceStub(channel)  # type: ignore[no-untyped-call]
            with translated(self._server.address):
                yield stub
        finally:
            await channel.close()


class BlockingWhatIfClient:
    """The same for code that blocks: every method does what the one of the same name of the other class does."""

    def __init__(self, server: ServerAddress) -> None:
        self._loop = LoopThread(f"what-if client of {server.address}")
        self._client = WhatIfClient(server)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread of its own."""
        self._loop.close()

    def submit(self, scenario: str, grid: str, *, gap: float = 0.01, seconds: float = 60.0) -> JobAsked:
        """Have a grid kept."""
        return self._loop.run(self._client.submit(scenario, grid, gap=gap, seconds=seconds))

    def run(self, job: str, *, request_id: str = "") -> ExecutionSeen:
        """Have all questions of a job asked."""
        return self._loop.run(self._client.run(job, request_id=request_id))

    def execution(self, name: str) -> ExecutionSeen:
        """Return an execution as it stands."""
        return self._loop.run(self._client.execution(name))

    def executions(self, job: str) -> tuple[ExecutionSeen, ...]:
        """Return all executions of a job, the first one first."""
        return self._loop.run(self._client.executions(job))

    def cancel(self, name: str) -> ExecutionSeen:
        """Stop an execution."""
        return self._loop.run(self._client.cancel(name))

    def delete(self, job: str) -> None:
        """Remove a job."""
        self._loop.run(self._client.delete(job))

    def wait(self, name: str) -> ExecutionSeen:
        """Return an execution once it has ended."""

        async def ended() -> ExecutionSeen:
            seen = await self._client.execution(name)
            async for now, _ in self._client.watch(name, after=seen.done):
                seen = now
            return seen

        return self._loop.run(ended())

    def save(self, name: str, file: Path) -> None:
        """Write all results that there are into an Arrow IPC stream file."""
        self._loop.run(self._client.save(name, file))


def execution_from_wire(message: what_if_pb2.WhatIfExecution) -> ExecutionSeen:
    """Return an execution."""
    state = what_if_pb2.WhatIfExecution.State.Name(message.state).removeprefix("STATE_").lower()
    return ExecutionSeen(
        name=message.name, state=ExecutionState(state), done=message.done, total=message.total, detail=message.detail
    )


def result_from_wire(message: what_if_pb2.WhatIfResult) -> ResultSeen:
    """Return a result."""
    return ResultSeen(
        sequence=message.sequence,
        name=message.case_name,
        levels=dict(message.levels),
        outcome=message.outcome,
        value=message.value if message.HasField("value") else None,
        bound=message.bound_checked if message.HasField("bound_checked") else None,
        seconds=message.seconds,
        detail=message.detail,
    )
