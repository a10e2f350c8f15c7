"""The client of what-if questions for code that blocks: the asynchronous one, run in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from planner.client.blocking_server_client import BlockingServerClient
from planner.client.what_if_client import (
    ConnectionLost,
    ExecutionSeen,
    ExecutionStep,
    JobSeen,
    ResultSeen,
    WhatIfClient,
)


class BlockingWhatIfClient(BlockingServerClient[WhatIfClient]):
    """Speaks to one server; use it as a context manager, from any number of threads.

    Every method does what the one of the same name of :class:`planner.client.what_if_client.WhatIfClient` does, and
    raises the same errors.
    """

    kind = WhatIfClient

    def submit(
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
        """Have a grid (the text of its file) kept about the uploaded scenario of a hash."""
        asked = self._client.submit(
            scenario,
            grid,
            gap=gap,
            seconds=seconds,
            seed=seed,
            request_id=request_id,
            validate_only=validate_only,
        )
        return self._loop.run(asked)

    def jobs(self) -> tuple[JobSeen, ...]:
        """Return all jobs, the oldest first."""
        return self._loop.run(self._client.jobs())

    def delete(self, job: str) -> None:
        """Remove a job, its executions and their results."""
        self._loop.run(self._client.delete(job))

    def run(self, job: str, *, request_id: str = "") -> ExecutionSeen:
        """Have all questions of a job asked."""
        return self._loop.run(self._client.run(job, request_id=request_id))

    def execution(self, name: str) -> ExecutionSeen:
        """Return an execution as it stands."""
        return self._loop.run(self._client.execution(name))

    def executions(self, job: str) -> tuple[ExecutionSeen, ...]:
        """Return all executions of a job, the first one first."""
        return self._loop.run(self._client.executions(job))

    def results(self, name: str) -> tuple[ResultSeen, ...]:
        """Return all results that an execution has, in the order in which they ended."""
        return self._loop.run(self._client.results(name))

    def cancel(self, name: str) -> ExecutionSeen:
        """Stop an execution; its results are kept."""
        return self._loop.run(self._client.cancel(name))

    def watch(
        self, name: str, *, after: int = 0, patience_seconds: float = 60.0
    ) -> Iterator[ExecutionStep | ConnectionLost]:
        """Follow an execution to its end; a lost server is told and sought again, for so long, with growing waits."""
        return self._loop.iterate(self._client.watch(name, after=after, patience_seconds=patience_seconds))

    def wait(self, name: str) -> ExecutionSeen:
        """Return an execution once it has ended."""
        return self._loop.run(self._client.wait(name))

    def save(self, name: str, file: Path) -> None:
        """Write all results that there are into an Arrow IPC stream file."""
        self._loop.run(self._client.save(name, file))
