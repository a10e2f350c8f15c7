"""The client of what-if questions: what it sends again, and how its watch goes on with a server that was away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from planner.client.blocking_what_if_client import BlockingWhatIfClient
from planner.client.connection import ServerAddress
from planner.client.retry import RetryPolicy
from planner.client.what_if_client import ConnectionLost, ExecutionStep, WhatIfClient
from planner.domain.errors import ConcordatError, FolderNotWritable, NotFound, ServerUnavailable
from planner.ports.what_if_jobs import ExecutionState
from planner.wire.v1 import what_if_pb2 as wire
from planner.wire.v1 import what_if_pb2_grpc
from tests.what_if_gateway import CASES, GRID, Scripted, at_what_if, what_if_gateway

QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.05)
EXECUTION = "whatIfJobs/j/executions/e"
RUNNING, SUCCEEDED = wire.WhatIfExecution.STATE_RUNNING, wire.WhatIfExecution.STATE_SUCCEEDED


class Refusing(what_if_pb2_grpc.WhatIfServiceServicer):
    """Refuses the first call of every method with a status, and answers the others with nothing in particular."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self.code, self.asked = code, Counter[str]()
        for method in wire.DESCRIPTOR.services_by_name["WhatIfService"].methods:
            answer = getattr(wire, method.output_type.name)
            setattr(self, method.name, self._method(method.name, answer, streamed=method.server_streaming))

    def _method(self, name: str, answer: Any, *, streamed: bool) -> Any:
        async def refuse(context: Any) -> None:
            self.asked[name] += 1
            if self.asked[name] == 1:
                await context.abort(self.code, "not now")

        async def one(_request: Any, context: Any) -> Any:
            await refuse(context)
            return answer(state=RUNNING) if answer is wire.WhatIfExecution else answer()

        async def some(_request: Any, context: Any) -> AsyncIterator[Any]:
            await refuse(context)
            yield answer()

        return some if streamed else one


class CutOff(what_if_pb2_grpc.WhatIfServiceServicer):
    """Tells two results a watch, then breaks off, until all are told."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self.code, self.after = code, list[int]()

    async def WatchWhatIfExecution(  # noqa: N802 - named by the contract
        self, request: Any, context: Any
    ) -> AsyncIterator[Any]:
        """Tell what is behind the number that was asked for."""
        self.after.append(request.after)
        running = wire.WhatIfExecution(name=EXECUTION, state=RUNNING, total=CASES)
        yield wire.WatchWhatIfExecutionResponse(execution=running)
        for sequence in range(request.after + 1, min(request.after + 2, CASES) + 1):
            yield wire.WatchWhatIfExecutionResponse(execution=running, result=wire.WhatIfResult(sequence=sequence))
        if request.after + 2 < CASES:
            await context.abort(self.code, "broken off")
        yield wire.WatchWhatIfExecutionResponse(execution=wire.WhatIfExecution(name=EXECUTION, state=SUCCEEDED))


@asynccontextmanager
async def asking(servicer: Any) -> AsyncIterator[WhatIfClient]:
    """Give a client of a server that has nothing but a servicer."""
    server = grpc.aio.server()
    what_if_pb2_grpc.add_WhatIfServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with WhatIfClient(ServerAddress(f"127.0.0.1:{port}"), retry=QUICK) as client:
            yield client
    finally:
        await server.stop(None)


def sequences(steps: list[ExecutionStep | ConnectionLost]) -> list[int]:
    """Return the numbers of the results that a watch told."""
    return [step.result.sequence for step in steps if isinstance(step, ExecutionStep) and step.result is not None]


@pytest.mark.parametrize(
    ("call", "method", "sent"),
    [
        (lambda client, _: client.submit("s", ""), "CreateWhatIfJob", 1),
        (lambda client, _: client.submit("s", "", request_id="r"), "CreateWhatIfJob", 2),
        (lambda client, _: client.submit("s", "", validate_only=True), "CreateWhatIfJob", 2),
        (lambda client, _: client.run("j"), "RunWhatIfJob", 1),
        (lambda client, _: client.run("j", request_id="r"), "RunWhatIfJob", 2),
        (lambda client, _: client.delete("j"), "DeleteWhatIfJob", 1),
        (lambda client, _: client.jobs(), "ListWhatIfJobs", 2),
        (lambda client, _: client.execution("e"), "GetWhatIfExecution", 2),
        (lambda client, _: client.executions("j"), "ListWhatIfExecutions", 2),
        (lambda client, _: client.results("e"), "ListWhatIfResults", 2),
        (lambda client, _: client.cancel("e"), "CancelWhatIfExecution", 2),
        (lambda client, folder: client.save("e", folder / "results"), "DownloadWhatIfResults", 2),
    ],
)
def test_only_what_may_be_repeated_is_sent_again(
    call: Callable[[WhatIfClient, Path], Awaitable[Any]], method: str, sent: int, tmp_path: Path
) -> None:
    """A call that was not answered is sent again only if asking twice changes nothing (AIP-194)."""
    refusing = Refusing(grpc.StatusCode.UNAVAILABLE)

    async def run() -> bool:
        async with asking(refusing) as client:
            try:
                await call(client, tmp_path)
            except ServerUnavailable:
                return False
            return True

    assert asyncio.run(asyncio.wait_for(run(), 30)) is (sent == 2)
    assert refusing.asked == {method: sent}


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_a_watch_goes_on_from_the_number_it_had(code: grpc.StatusCode) -> None:
    """A watch that is broken off asks again for what is behind its last result, and tells each result once."""
    servicer = CutOff(code)

    async def run() -> list[ExecutionStep | ConnectionLost]:
        async with asking(servicer) as client:
            return [step async for step in client.watch(EXECUTION)]

    steps = asyncio.run(asyncio.wait_for(run(), 30))
    assert servicer.after == [0, 2]
    assert sequences(steps) == [1, 2, 3, 4]
    assert [step.attempt for step in steps if isinstance(step, ConnectionLost)] == [1]
    assert isinstance(steps[-1], ExecutionStep)
    assert steps[-1].execution.state is ExecutionState.SUCCEEDED


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.PERMISSION_DENIED])
def test_a_watch_that_is_refused_ends(code: grpc.StatusCode) -> None:
    """What asking again would only meet again is raised at once."""
    servicer = CutOff(code)

    async def run() -> None:
        async with asking(servicer) as client:
            with pytest.raises(ConcordatError, match=code.name):
                [step async for step in client.watch(EXECUTION)]

    asyncio.run(asyncio.wait_for(run(), 30))
    assert servicer.after == [0]


def test_a_watch_outlives_its_server(tmp_path: Path) -> None:
    """While a server is stopped and started on its data, a watch tells every result once and that it was alone."""
    before, after = Scripted(stall_at=2), Scripted()
    steps: list[ExecutionStep | ConnectionLost] = []
    halfway, lost = asyncio.Event(), asyncio.Event()

    async def follow(address: str, name: str) -> None:
        async with WhatIfClient(ServerAddress(address), retry=QUICK) as client:
            async for step in client.watch(name):
                steps.append(step)
                if isinstance(step, ConnectionLost):
                    lost.set()
                elif step.result is not None and step.result.sequence == 2:
                    halfway.set()

    async def run() -> None:
        async with what_if_gateway(tmp_path, before) as knock:
            job = await knock.stub.CreateWhatIfJob(wire.CreateWhatIfJobRequest(scenario=knock.scenario, grid=GRID))
            name = (await knock.stub.RunWhatIfJob(wire.RunWhatIfJobRequest(name=job.name))).name
            watching = asyncio.ensure_future(follow(knock.address, name))
            await halfway.wait()
        await lost.wait()
        async with what_if_gateway(tmp_path, after, port=int(knock.address.rpartition(":")[2])):
            await watching

    asyncio.run(asyncio.wait_for(run(), 60))
    assert sequences(steps) == [1, 2, 3, 4]
    assert isinstance(steps[-1], ExecutionStep)
    assert steps[-1].execution.state is ExecutionState.SUCCEEDED
    assert len(before.asked) + len(after.asked) == CASES


def test_a_watch_gives_up_in_the_end() -> None:
    """After its patience a watch says by which command it is gone on with, behind the last result that came."""

    async def run() -> None:
        async with WhatIfClient(ServerAddress("127.0.0.1:1"), retry=QUICK) as client:
            again = f"`concordat whatif watch {EXECUTION} --after 7 --server 127.0.0.1:1`"
            with pytest.raises(ServerUnavailable, match=again):
                [step async for step in client.watch(EXECUTION, after=7, patience_seconds=0.1)]

    asyncio.run(asyncio.wait_for(run(), 30))


def test_the_blocking_face_does_what_the_other_does(tmp_path: Path) -> None:
    """Code that blocks submits, checks, runs, watches, lists, saves and deletes; a request id is one execution."""

    def work(address: str, scenario: str) -> None:
        with BlockingWhatIfClient(ServerAddress(address)) as client:
            assert client.submit(scenario, GRID, validate_only=True).name == ""
            job = client.submit(scenario, GRID, gap=0.02, seconds=5.0, seed=2**40, request_id="monday")
            assert client.submit(scenario, GRID, gap=0.02, seconds=5.0, seed=2**40, request_id="monday") == job
            execution = client.run(job.name, request_id="monday")
            steps = list(client.watch(execution.name))
            assert sequences(steps) == [1, 2, 3, 4]
            seen = [step.result for step in steps if isinstance(step, ExecutionStep) and step.result is not None]
            assert list(client.results(execution.name)) == seen
            assert (seen[0].name, seen[0].outcome, seen[0].value, seen[0].bound) == ("base", "planned", 1.0, 100.0)
            again = client.run(job.name, request_id="monday")
            assert (again.name, again.state) == (execution.name, ExecutionState.SUCCEEDED)
            assert client.wait(execution.name) == client.cancel(execution.name) == again
            assert client.jobs() == (job,)
            assert (job.scenario, job.cases) == (scenario, CASES)
            assert client.executions(job.name) == (again,)
            client.save(execution.name, tmp_path / "results.arrow")
            assert (tmp_path / "results.arrow").stat().st_size > 0
            with pytest.raises(FolderNotWritable, match="cannot write"):
                client.save(execution.name, tmp_path / "data")
            assert {path.name for path in tmp_path.iterdir()} == {"data", "scenario", "results.arrow"}
            client.delete(job.name)
            with pytest.raises(NotFound):
                client.execution(execution.name)
            client.close()

    async def visit(knock: Any) -> None:
        await asyncio.to_thread(work, knock.address, knock.scenario.partition("/")[2])

    at_what_if(tmp_path, Scripted(), visit)
