"""The use cases of a server's what-if jobs: accept grids and run them, list, cancel and remove."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from planner.application.check_grid import check_grid
from planner.application.list_plans import page_limit, page_start
from planner.application.run_grid import BASE_TIMES
from planner.application.what_if_runs import WhatIfRuns
from planner.domain.errors import GridInvalid, InvalidRequest, NotFound, QueueFull, RequestConflict, WhatIfBusy
from planner.domain.grid import Grid
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if_jobs import ExecutionState, WhatIfExecution, WhatIfJob

LARGEST_GRID = 1 << 20
"""Bytes of a grid's text at the door."""
NAME = "grid"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_RETRY_SECONDS = 3600.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A grid about the scenario of a hash; each case is planned to a relative ``gap`` in at most ``seconds``."""

    scenario: str
    grid: str
    gap: float = 0.01
    seconds: float = 60.0
    seed: int = 0
    request_id: str = ""
    validate_only: bool = False

    def __post_init__(self) -> None:
        _check_request_id(self.request_id)
        try:
            PlanningParameters(gap=self.gap, time_limit=BASE_TIMES * self.seconds, seed=self.seed)
        except ValueError as error:
            raise InvalidRequest(f"parameters cannot be planned with: {error}", "parameters") from error
        size = len(self.grid.encode())
        if size > LARGEST_GRID:
            raise InvalidRequest(f"the grid has {size:,} bytes, more than {LARGEST_GRID:,}: split it", "grid")

    @property
    def content(self) -> str:
        """Return a hash of what is asked."""
        asked = [self.scenario, self.grid, self.gap, self.seconds, self.seed]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


async def create_job(runs: WhatIfRuns, request: JobRequest) -> WhatIfJob:
    """Keep a job that nothing stands against; a repeated request returns the first one's.

    With ``validate_only`` nothing is kept and the job has no id.

    Raises
    ------
    NotFound
        If the scenario is not kept here.
    GridInvalid, ScenarioInvalid
        If findings stand against the grid or its base.
    InvalidRequest
        If the grid asks more questions than the server takes.
    RequestConflict
        If the request id was used with other content.
    QueueFull
        If the server keeps as many jobs as it may.
    StorageFailure
        If the job could not be stored.
    """
    if known := _known_job(runs, request):
        return known
    async with runs.checking:
        cases = await asyncio.to_thread(_checked, runs, request)
    # A requester who goes away in this moment must not leave a job that is written but not known.
    return await asyncio.shield(asyncio.create_task(_accept_job(runs, request, cases)))


def find_job(runs: WhatIfRuns, job: str) -> WhatIfJob:
    """Return a job, or raise :class:`NotFound`."""
    if job not in runs.jobs:
        raise NotFound(f"no what-if job {job[:80]!r} is kept here: list them to see which are")
    return runs.jobs[job]


async def run_job(runs: WhatIfRuns, job: str, request_id: str = "") -> WhatIfExecution:
    """Have all questions of a job asked; a repeated request returns the first one's execution.

    Raises
    ------
    NotFound
        If there is no such job.
    InvalidRequest, RequestConflict
        If the request id is none, or was used for another job.
    QueueFull
        If as many executions wait as may.
    StorageFailure
        If the execution could not be stored.
    """
    _check_request_id(request_id)
    return await asyncio.shield(asyncio.create_task(_accept_execution(runs, find_job(runs, job).job, request_id)))


async def cancel_execution(runs: WhatIfRuns, execution: WhatIfExecution) -> WhatIfExecution:
    """Stop an execution and keep its results; one that has ended stays as it is."""
    await asyncio.shield(asyncio.create_task(runs.cancel(execution)))
    return runs.executions.get(execution.execution, execution)


async def delete_job(runs: WhatIfRuns, job: str) -> None:
    """Remove a job, its executions and their results.

    Raises
    ------
    NotFound
        If there is no such job.
    WhatIfBusy
        If one of its executions waits or runs.
    """
    async with runs.accepting:
        find_job(runs, job)
        own = [each for each in runs.executions.values() if each.job == job]
        busy = next((each for each in own if not each.state.done), None)
        if busy is not None:
            raise WhatIfBusy(
                f"execution {busy.execution} of job {job} is {busy.state.value}: cancel it, or wait for its end"
            )
        await asyncio.to_thread(runs.ports.store.remove, job)
        del runs.jobs[job]
        for each in own:
            del runs.executions[each.execution]


def page(entries: Sequence[T], page_size: int, page_token: str) -> tuple[Sequence[T], int, str]:
    """Return a page of entries, the place of its first one, and the token of the next page, empty on the last.

    Raises
    ------
    InvalidRequest
        If page size or token are wrong.
    """
    limit, start = page_limit(page_size), page_start(page_token) or 0
    end = start + limit
    return entries[start:end], start, str(end) if end < len(entries) else ""


def _check_request_id(request_id: str) -> None:
    if request_id and not _REQUEST_ID.fullmatch(request_id):
        raise InvalidRequest(
            f"request_id {request_id[:140]!r} must be 1 to 128 letters, digits or any of . _ : -", "request_id"
        )


def _known_job(runs: WhatIfRuns, request: JobRequest) -> WhatIfJob | None:
    if not request.request_id:
        return None
    known = next((job for job in runs.jobs.values() if job.request == request.request_id), None)
    if known is not None and known.content != request.content:
        raise RequestConflict(
            f"request_id {request.request_id!r} was used before with another grid, scenario or other parameters: "
            "choose a new id for a new request, or repeat the first one unchanged"
        )
    return known


def _checked(runs: WhatIfRuns, request: JobRequest) -> int:
    """Return how many questions a grid asks; raise what stands against it, with lines."""
    if not runs.ports.scenarios.has(request.scenario):
        raise NotFound(f"no scenario {request.scenario[:80]!r} is kept here, or not any more: upload it first")
    read = runs.ports.read_grid(request.grid)
    _check_size(runs, read.grid)
    checked = check_grid(read.grid, runs.ports.scenarios.read(request.scenario))
    if checked.findings:
        raise GridInvalid(NAME, [read.placed(finding) for finding in checked.findings])
    return checked.cases


def _check_size(runs: WhatIfRuns, grid: Grid) -> None:
    most = runs.limits.cases
    levels = sum(len(factor.extremes) for factor in grid.factors)
    if levels > most:
        raise InvalidRequest(
            f"the factors have {levels:,} levels, more than the {most:,} that this server takes: leave out what no "
            "case names, or split the grid",
            "grid",
        )
    if grid.most_cases > most:
        raise InvalidRequest(
            f"the grid asks {grid.most_cases:,} questions, more than the {most:,} that this server takes: split it, or "
            "raise the server's limit",
            "grid",
        )


async def _accept_job(runs: WhatIfRuns, request: JobRequest, cases: int) -> WhatIfJob:
    async with runs.accepting:
        if known := _known_job(runs, request):
            return known
        job = WhatIfJob(
            job="" if request.validate_only else runs.ports.ids.new(),
            scenario=request.scenario,
            gap=request.gap,
            seconds=request.seconds,
            seed=request.seed,
            cases=cases,
            created_at=runs.ports.clock.now(),
            request=request.request_id,
            content=request.content,
        )
        if request.validate_only:
            return job
        if len(runs.jobs) >= runs.limits.jobs:
            raise QueueFull(
                f"{len(runs.jobs)} what-if jobs are kept, as many as this server lets: delete some", _RETRY_SECONDS
            )
        await asyncio.to_thread(runs.ports.store.keep_job, job, request.grid)
        runs.jobs[job.job] = job
        return job


async def _accept_execution(runs: WhatIfRuns, job: str, request_id: str) -> WhatIfExecution:
    async with runs.accepting:
        find_job(runs, job)
        known = next((each for each in runs.executions.values() if request_id and each.request == request_id), None)
        if known is not None and known.job != job:
            raise RequestConflict(f"request_id {request_id!r} was used before for another job: choose a new id")
        if known is not None:
            return known
        runs.check_room()
        execution = WhatIfExecution(
            job=job,
            execution=runs.ports.ids.new(),
            state=ExecutionState.QUEUED,
            created_at=runs.ports.clock.now(),
            request=request_id,
        )
        await asyncio.to_thread(runs.ports.store.keep_execution, execution)
        runs.begin(execution)
        return execution
