"""Which calls are sent again, over real sockets, and how long that waits."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import nullcontext
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from hypothesis import given
from hypothesis import strategies as st

from planner.adapters.scenario_folder import write_scenario
from planner.client.blocking_client import BlockingPlanningClient
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient, PlanStep
from planner.client.retry import ONCE, RetryPolicy
from planner.domain.errors import ConcordatError, ScenarioUnreadable, ServerUnavailable
from planner.domain.folder_files import PLAN_FILES
from planner.ports.planning_runtime import PlanningParameters
from planner.wire.v1 import planning_service_pb2, planning_service_pb2_grpc
from tests.gateway import gateway
from tests.scenario_builder import small_scenario


@given(attempt=st.integers(1, 10_000), told=st.none() | st.floats(0, 100), seed=st.integers())
def test_waits_stay_within_their_bounds_and_repeat_by_seed(attempt: int, told: float | None, seed: int) -> None:
    """A wait is at least what the server told, else between half the grown wait and the longest, alike by seed."""
    wait, again = (RetryPolicy(draw=random.Random(seed).random).pause(attempt, told) for _ in range(2))
    assert wait == again
    assert max(told or 0.0, 0.125) <= wait <= max(told or 0.0, 5.0)


def test_a_call_waits_for_a_server_that_comes_back(tmp_path: Path) -> None:
    """A repeatable call outlives a server that was gone, one without request id is sent once and refused at once."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    patient = RetryPolicy(attempts=50, first_wait=0.05, longest_wait=0.2)

    async def run() -> None:
        async with gateway(tmp_path / "data") as knock:
            stored = await knock.client.upload(tmp_path / "scenario")
            address = knock.address
        async with PlanningClient(ServerAddress(address), retry=patient) as client:
            with pytest.raises(ServerUnavailable):
                await client.create(stored, PlanningParameters())
            asked = asyncio.ensure_future(client.create(stored, PlanningParameters(), request_id="r-1"))
            await asyncio.sleep(0.3)
            assert not asked.done()
            async with gateway(tmp_path / "data", port=int(address.rpartition(":")[2])):
                assert (await asked).plan
        async with PlanningClient(ServerAddress(address), retry=ONCE) as client:
            with pytest.raises(ServerUnavailable):
                await client.plans(1)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_the_blocking_face_does_what_the_other_does(tmp_path: Path) -> None:
    """Code that blocks uploads, plans, watches, lists and saves, and is told what cannot be read."""
    write_scenario(small_scenario(), tmp_path / "scenario")

    def work(address: str) -> None:
        with BlockingPlanningClient(ServerAddress(address)) as client:
            client.wait_until_ready(10)
            with pytest.raises(ScenarioUnreadable):
                client.upload(tmp_path)
            plan = client.create(client.upload(tmp_path / "scenario"), PlanningParameters(), request_id="r-1").plan
            steps = list(client.watch(plan))
            assert isinstance(steps[-1], PlanStep)
            assert steps[-1].record.done
            assert [record.plan for record in client.within(5.0).plans(5)] == [plan]
            client.save(plan, tmp_path / "plan")
            assert {path.name for path in (tmp_path / "plan").iterdir()} == set(PLAN_FILES)

    async def run() -> None:
        async with gateway(tmp_path / "data") as knock:
            await asyncio.to_thread(work, knock.address)

    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("blocking", [False, True], ids=["asynchronous", "blocking"])
@pytest.mark.parametrize(
    ("code", "seconds", "sent"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 0.3, 2),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, None, 1),
        (grpc.StatusCode.UNAVAILABLE, None, 2),
        *((code, 0.3, 1) for code in grpc.StatusCode if code.name not in {"OK", "RESOURCE_EXHAUSTED", "UNAVAILABLE"}),
    ],
)
def test_only_what_invites_another_call_is_sent_again(
    code: grpc.StatusCode, seconds: float | None, sent: int, *, blocking: bool
) -> None:
    """A server that was not reached or said when is asked again, not sooner; any other status is an answer."""
    asked: list[float] = []

    class Refusing(planning_service_pb2_grpc.PlanningServiceServicer):
        async def ListPlans(self, _request, context):  # noqa: N802 - named by the contract
            asked.append(time.monotonic())
            status = status_pb2.Status(code=code.value[0], message="not now")
            if seconds is not None:
                told = error_details_pb2.RetryInfo()
                told.retry_delay.FromNanoseconds(round(seconds * 1e9))
                status.details.add().Pack(told)
            if len(asked) == 1:
                await context.abort_with_status(rpc_status.to_status(status))
            return planning_service_pb2.ListPlansResponse()

    quick = RetryPolicy(first_wait=0.01, longest_wait=0.01)

    def ask(address: ServerAddress) -> None:
        with BlockingPlanningClient(address, retry=quick) as client:
            client.plans(1)

    async def run() -> None:
        server = grpc.aio.server()
        planning_service_pb2_grpc.add_PlanningServiceServicer_to_server(Refusing(), server)
        address = ServerAddress(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        await server.start()
        try:
            with nullcontext() if sent == 2 else pytest.raises(ConcordatError):
                if blocking:
                    await asyncio.to_thread(ask, address)
                else:
                    async with PlanningClient(address, retry=quick) as client:
                        await client.plans(1)
        finally:
            await server.stop(None)

    asyncio.run(asyncio.wait_for(run(), 30))
    assert len(asked) == sent
    if sent == 2 and seconds is not None:
        assert asked[1] - asked[0] >= seconds
