"""The methods of `concordat.planning.v1.WhatIfService`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from planner.application.what_if_jobs import (
    cancel_execution,
    create_job,
    delete_job,
    find_job,
    page,
    run_job,
)
from planner.application.what_if_runs import WhatIfRuns
from planner.domain.errors import InvalidRequest
from planner.ports.what_if_jobs import WhatIfExecution
from planner.service.conversions import resource_id
from planner.service.what_if_conversions import (
    COLLECTION,
    execution_ids,
    execution_to_wire,
    job_request,
    job_to_wire,
    result_to_wire,
)
from planner.wire.v1 import what_if_pb2, what_if_pb2_grpc

WHAT_IF_SERVICE = what_if_pb2.DESCRIPTOR.services_by_name["WhatIfService"].full_name

Context = grpc.aio.ServicerContext[Any, Any]


class WhatIfServicer(what_if_pb2_grpc.WhatIfServiceServicer):
    """Serves the use cases of what-if jobs; their errors are translated by the interceptor."""

    def __init__(self, runs: WhatIfRuns) -> None:
        self._runs = runs

    async def CreateWhatIfJob(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.CreateWhatIfJobRequest, _context: Context
    ) -> what_if_pb2.WhatIfJob:
        """Keep a grid that nothing stands against."""
        return job_to_wire(await create_job(self._runs, job_request(request)))

    async def GetWhatIfJob(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.GetWhatIfJobRequest, _context: Context
    ) -> what_if_pb2.WhatIfJob:
        """Return a job."""
        return job_to_wire(find_job(self._runs, resource_id(request.name, COLLECTION, "name")))

    async def ListWhatIfJobs(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.ListWhatIfJobsRequest, _context: Context
    ) -> what_if_pb2.ListWhatIfJobsResponse:
        """Return a page of jobs."""
        jobs, _, token = page(tuple(self._runs.jobs.values()), request.page_size, request.page_token)
        return what_if_pb2.ListWhatIfJobsResponse(jobs=[job_to_wire(job) for job in jobs], next_page_token=token)

    async def DeleteWhatIfJob(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.DeleteWhatIfJobRequest, _context: Context
    ) -> what_if_pb2.DeleteWhatIfJobResponse:
        """Remove a job and everything of it."""
        await delete_job(self._runs, resource_id(request.name, COLLECTION, "name"))
        return what_if_pb2.DeleteWhatIfJobResponse()

    async def RunWhatIfJob(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.RunWhatIfJobRequest, _context: Context
    ) -> what_if_pb2.WhatIfExecution:
        """Have all questions of a job asked."""
        job = resource_id(request.name, COLLECTION, "name")
        return await self._told(await run_job(self._runs, job, request.request_id))

    async def GetWhatIfExecution(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.GetWhatIfExecutionRequest, _context: Context
    ) -> what_if_pb2.WhatIfExecution:
        """Return an execution as it stands."""
        return await self._told(self._execution(request.name, "name"))

    async def ListWhatIfExecutions(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.ListWhatIfExecutionsRequest, _context: Context
    ) -> what_if_pb2.ListWhatIfExecutionsResponse:
        """Return a page of the executions of a job."""
        job = find_job(self._runs, resource_id(request.parent, COLLECTION, "parent")).job
        own = [each for each in self._runs.executions.values() if each.job == job]
        shown, _, token = page(own, request.page_size, request.page_token)
        told = [await self._told(each) for each in shown]
        return what_if_pb2.ListWhatIfExecutionsResponse(executions=told, next_page_token=token)

    async def CancelWhatIfExecution(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.CancelWhatIfExecutionRequest, _context: Context
    ) -> what_if_pb2.WhatIfExecution:
        """Stop an execution; its results are kept."""
        return await self._told(await cancel_execution(self._runs, self._execution(request.name, "name")))

    async def WatchWhatIfExecution(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.WatchWhatIfExecutionRequest, _context: Context
    ) -> AsyncIterator[what_if_pb2.WatchWhatIfExecutionResponse]:
        """Stream every result as it ends."""
        execution = self._execution(request.name, "name")
        if request.after < 0:
            raise InvalidRequest(f"after must not be negative, got {request.after}", "after")
        async for view, number, result in self._runs.watch(execution, request.after):
            yield what_if_pb2.WatchWhatIfExecutionResponse(
                execution=execution_to_wire(view), result=None if result is None else result_to_wire(number, result)
            )

    async def ListWhatIfResults(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.ListWhatIfResultsRequest, _context: Context
    ) -> what_if_pb2.ListWhatIfResultsResponse:
        """Return a page of results, in the order in which they ended."""
        execution = self._execution(request.parent, "parent")
        results = self._runs.ports.store.results(execution)
        order = (await self._runs.view(execution)).order
        keys, start, token = page(order, request.page_size, request.page_token)
        read = await asyncio.to_thread(lambda: [results.result(key) for key in keys])
        told = [result_to_wire(start + place, result) for place, result in enumerate(read, start=1)]
        return what_if_pb2.ListWhatIfResultsResponse(results=told, next_page_token=token)

    async def DownloadWhatIfResults(  # noqa: N802 - named by the contract
        self, request: what_if_pb2.DownloadWhatIfResultsRequest, _context: Context
    ) -> AsyncIterator[what_if_pb2.DownloadWhatIfResultsResponse]:
        """Stream all results as Arrow."""
        parts = self._runs.ports.store.results(self._execution(request.name, "name")).arrow()
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            yield what_if_pb2.DownloadWhatIfResultsResponse(data=part)

    def _execution(self, name: str, field: str) -> WhatIfExecution:
        return self._runs.find(*execution_ids(name, field))

    async def _told(self, execution: WhatIfExecution) -> what_if_pb2.WhatIfExecution:
        return execution_to_wire(await self._runs.view(execution))
