"""What-if jobs over a real socket: accepted, run, watched, paged, downloaded, cancelled, taken up again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import grpc
import polars as pl
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from cluster.what_if_settings import WhatIfSettings
from planner.wire.v1 import what_if_pb2 as wire
from tests.what_if_gateway import CASES, GRID, Scripted, at_what_if

State = wire.WhatIfExecution


def at(
    data: Path, runner: Scripted, visit: Callable[[Any, str], Awaitable[None]], limits: WhatIfSettings | None = None
) -> None:
    """Visit a server from its start to its end."""
    at_what_if(data, runner, lambda knock: visit(knock.stub, knock.scenario), limits)


async def refused(call: Awaitable[Any]) -> tuple[str, list[Any]]:
    """Return the status of a call that must fail, and its violations."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    violations: list[Any] = []
    for detail in rpc_status.from_call(caught.value).details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            violations += bad.field_violations
    return caught.value.code().name, violations


async def watched(stub: Any, name: str, after: int = 0) -> list[Any]:
    """Return everything a watch tells."""
    return [told async for told in stub.WatchWhatIfExecution(wire.WatchWhatIfExecutionRequest(name=name, after=after))]


def test_a_job_is_run_watched_paged_and_downloaded(tmp_path: Path) -> None:
    """Every case has one result; the stream resumes at any place, pages and the download hold the same."""

    async def visit(stub: Any, scenario: str) -> None:
        job = await stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID))
        assert job.cases == CASES
        execution = await stub.RunWhatIfJob(wire.RunWhatIfJobRequest(name=job.name))
        told = await watched(stub, execution.name)
        assert [each.result.sequence for each in told if each.HasField("result")] == [1, 2, 3, 4]
        assert told[-1].execution.state == State.STATE_SUCCEEDED
        assert (told[-1].execution.done, told[-1].execution.total) == (CASES, CASES)
        again = await watched(stub, execution.name, after=3)
        assert [each.result.sequence for each in again if each.HasField("result")] == [4]
        names, token = [], ""
        while True:
            request = wire.ListWhatIfResultsRequest(parent=execution.name, page_size=3, page_token=token)
            page = await stub.ListWhatIfResults(request)
            names += [result.case_name for result in page.results]
            token = page.next_page_token
            if not token:
                break
        assert names == [each.result.case_name for each in told if each.HasField("result")]
        download = stub.DownloadWhatIfResults(wire.DownloadWhatIfResultsRequest(name=execution.name))
        table = pl.read_ipc_stream(BytesIO(b"".join([part.data async for part in download])))
        assert sorted(table["name"].to_list()) == sorted(names)
        listed = await stub.ListWhatIfExecutions(wire.ListWhatIfExecutionsRequest(parent=job.name))
        assert [each.name for each in listed.executions] == [execution.name]
        await stub.DeleteWhatIfJob(wire.DeleteWhatIfJobRequest(name=job.name))
        gone = await refused(stub.GetWhatIfExecution(wire.GetWhatIfExecutionRequest(name=execution.name)))
        assert gone[0] == "NOT_FOUND"

    at(tmp_path, Scripted(), visit)


def test_a_repeated_request_is_one_job_and_one_execution(tmp_path: Path) -> None:
    """The same id with the same content returns the first answer, with other content it is an error."""

    async def visit(stub: Any, scenario: str) -> None:
        request = wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID, request_id="r-1")
        first, second = await stub.CreateWhatIfJob(request), await stub.CreateWhatIfJob(request)
        assert first == second
        request.parameters.gap = 0.5
        assert (await refused(stub.CreateWhatIfJob(request)))[0] == "ALREADY_EXISTS"
        run = wire.RunWhatIfJobRequest(name=first.name, request_id="e-1")
        assert (await stub.RunWhatIfJob(run)).name == (await stub.RunWhatIfJob(run)).name
        checked = wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID, validate_only=True)
        assert not (await stub.CreateWhatIfJob(checked)).name
        assert len((await stub.ListWhatIfJobs(wire.ListWhatIfJobsRequest())).jobs) == 1

    at(tmp_path, Scripted(), visit)


def test_what_cannot_be_asked_is_refused_with_its_line(tmp_path: Path) -> None:
    """Findings are violations with path and line; limits and strange names are told as what they are."""

    async def visit(stub: Any, scenario: str) -> None:
        wrong = GRID.replace("demand.quantity", "demand.colour")
        code, violations = await refused(
            stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=scenario, grid=wrong))
        )
        assert code == "INVALID_ARGUMENT"
        assert violations[0].field.startswith("factors.demand")
        assert violations[0].description.startswith("line 5:")
        for text in ("[" * 5000, "a: &a [1]\nb: *a", "x" * (1 << 20) + "y", ""):
            asked = wire.CreateWhatIfJobRequest(scenario=scenario, grid=text)
            assert (await refused(stub.CreateWhatIfJob(asked)))[0] == "INVALID_ARGUMENT"
        many = GRID.replace("[0.5, 0.8, 1.2]", "[0.5, 0.6, 0.7, 0.8, 0.9]")
        asked = wire.CreateWhatIfJobRequest(scenario=scenario, grid=many)
        assert (await refused(stub.CreateWhatIfJob(asked)))[0] == "INVALID_ARGUMENT"
        listed = many.replace("cross: [demand]", "list: [{demand: 0.5}]")
        asked = wire.CreateWhatIfJobRequest(scenario=scenario, grid=listed)
        assert (await refused(stub.CreateWhatIfJob(asked)))[0] == "INVALID_ARGUMENT"
        unknown = wire.CreateWhatIfJobRequest(scenario="scenarios/none", grid=GRID)
        assert (await refused(stub.CreateWhatIfJob(unknown)))[0] == "NOT_FOUND"
        job = await stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID))
        full = wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID)
        assert (await refused(stub.CreateWhatIfJob(full)))[0] == "RESOURCE_EXHAUSTED"
        for name in ("", "../..", f"{job.name}/executions/../x", "x" * 9000):
            get = wire.GetWhatIfExecutionRequest(name=name)
            assert (await refused(stub.GetWhatIfExecution(get)))[0] == "INVALID_ARGUMENT"
        token = wire.ListWhatIfJobsRequest(page_token="x")  # noqa: S106 - no password
        assert (await refused(stub.ListWhatIfJobs(token)))[0] == "INVALID_ARGUMENT"

    at(tmp_path, Scripted(), visit, WhatIfSettings(most_cases=4, most_jobs=1))


def test_executions_wait_their_turn_and_are_cancelled(tmp_path: Path) -> None:
    """One is under way at a time, further ones wait or are refused; cancelling keeps the results there are."""

    async def visit(stub: Any, scenario: str) -> None:
        job = await stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID))
        run = wire.RunWhatIfJobRequest(name=job.name)
        first, second = await stub.RunWhatIfJob(run), await stub.RunWhatIfJob(run)
        assert (await refused(stub.RunWhatIfJob(run)))[0] == "RESOURCE_EXHAUSTED"
        stream = stub.WatchWhatIfExecution(wire.WatchWhatIfExecutionRequest(name=first.name, after=1))
        async for told in stream:
            if told.result.sequence == 2:
                break
        busy = await refused(stub.DeleteWhatIfJob(wire.DeleteWhatIfJobRequest(name=job.name)))
        assert busy[0] == "FAILED_PRECONDITION"
        waiting = await stub.GetWhatIfExecution(wire.GetWhatIfExecutionRequest(name=second.name))
        assert waiting.state == State.STATE_QUEUED
        for execution, done in ((second, 0), (first, 2), (first, 2)):
            ended = await stub.CancelWhatIfExecution(wire.CancelWhatIfExecutionRequest(name=execution.name))
            assert (ended.state, ended.done) == (State.STATE_CANCELLED, done)

    at(tmp_path, Scripted(stall_at=2), visit, WhatIfSettings(most_queued=1))


def test_a_restarted_server_goes_on_and_plans_nothing_twice(tmp_path: Path) -> None:
    """What was under way when a server stopped is ended by the next one, from the results there are."""
    before, after, names = Scripted(stall_at=2), Scripted(), []

    async def begin(stub: Any, scenario: str) -> None:
        job = await stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID))
        execution = await stub.RunWhatIfJob(wire.RunWhatIfJobRequest(name=job.name))
        names.append(execution.name)
        async for told in stub.WatchWhatIfExecution(wire.WatchWhatIfExecutionRequest(name=execution.name)):
            if told.result.sequence == 2:
                return

    async def end(stub: Any, _: str) -> None:
        told = await watched(stub, names[0], after=2)
        assert [each.result.sequence for each in told if each.HasField("result")] == [3, 4]
        assert told[-1].execution.state == State.STATE_SUCCEEDED

    at(tmp_path, before, begin)
    at(tmp_path, after, end)
    assert len(before.asked) == len(after.asked) == 2
    assert not set(before.asked) & set(after.asked)
