"""How large, long and deep requests may be: what is beyond is refused, and costs no more than what was sent."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
import pytest

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.domain.errors import InvalidRequest
from planner.service.access_limits import LONGEST_TEXT, MOST_ENTRIES, read_request
from planner.service.server import LARGEST_MESSAGE, SERVICE, DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from planner.wire.v1 import explanation_pb2, planning_service_pb2, scenario_pb2
from tests.gateway import Knock, at

MEBIBYTE = 1 << 20


def peak_bytes() -> int:
    """Return the largest memory this process has had (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


async def status_of(channel: grpc.aio.Channel, method: str, data: bytes, **options: object) -> grpc.StatusCode:
    """Return the status that raw bytes get from a method."""
    try:
        await channel.unary_unary(f"/{SERVICE}/{method}")(data, timeout=20, **options)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


SEND = """
import sys, grpc
options = [("grpc.max_send_message_length", -1)]
channel = grpc.insecure_channel(sys.argv[1], compression=grpc.Compression[sys.argv[2]], options=options)
try:
    channel.unary_unary(sys.argv[3])(bytes(int(sys.argv[4])), timeout=30)
except grpc.RpcError as error:
    print(error.code().name)
"""


@pytest.mark.parametrize(
    ("compression", "size", "code"),
    [
        ("Gzip", 200 * MEBIBYTE, "RESOURCE_EXHAUSTED"),
        ("Deflate", LARGEST_MESSAGE + 1, "RESOURCE_EXHAUSTED"),
        ("Gzip", 10_000, "INVALID_ARGUMENT"),
    ],
)
def test_a_bomb_is_refused_while_it_inflates(tmp_path: Path, compression: str, size: int, code: str) -> None:
    """What would inflate beyond the limit is refused and takes no memory; what stays within it is read."""

    async def visit(knock: Knock) -> None:
        before = peak_bytes()
        # A process of its own sends, so that what it holds is not counted here.
        sender = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SEND, knock.address, compression, f"/{SERVICE}/GetPlan", str(size)),
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await sender.communicate()
        assert told.decode().strip() == code
        assert peak_bytes() - before < 50 * MEBIBYTE
        async with grpc.aio.insecure_channel(knock.address) as channel:
            assert await status_of(channel, "ListPlans", b"") is grpc.StatusCode.OK

    at(tmp_path / "data", None, visit)


def test_a_message_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    """One byte more than a message may have gets RESOURCE_EXHAUSTED, whichever method it is for."""

    async def visit(knock: Knock) -> None:
        options = [("grpc.max_send_message_length", -1)]
        async with grpc.aio.insecure_channel(knock.address, options=options) as channel:
            for method in ("GetPlan", "ExplainPlan", "CreatePlan"):
                code = await status_of(channel, method, bytes(LARGEST_MESSAGE + 1))
                assert code is grpc.StatusCode.RESOURCE_EXHAUSTED

    at(tmp_path / "data", None, visit)


def nested(levels: int) -> bytes:
    """Return groups of an unknown field, one inside the other."""
    return b"\x9b\x06" * levels + b"\x9c\x06" * levels  # field 99 as a group: begin, then end


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    """A hundred thousand levels of unknown groups are a wrong request and no crash."""

    async def visit(knock: Knock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            assert await status_of(channel, "ListPlans", nested(50)) is grpc.StatusCode.OK
            assert await status_of(channel, "ListPlans", nested(100_000)) is grpc.StatusCode.INVALID_ARGUMENT

    at(tmp_path / "data", None, visit)


def test_long_names_and_texts_are_refused_without_being_repeated(tmp_path: Path) -> None:
    """A name of thousands of characters is refused, and the answer does not send it back."""

    async def visit(knock: Knock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            for length in (300, LONGEST_TEXT + 1):
                request = planning_service_pb2.GetPlanRequest(name="plans/" + "x" * length).SerializeToString()
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await channel.unary_unary(f"/{SERVICE}/GetPlan")(request)
                assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
                assert "xxx" not in str(refused.value.details())

    at(tmp_path / "data", None, visit)


def test_lists_end_somewhere() -> None:
    """A thousand entries are read, one more over all lists of a request is refused."""

    def asked(groups: int, each: int) -> bytes:
        change = explanation_pb2.ClauseChange(clause="c", drop=True)
        one = explanation_pb2.Counterfactual(changes=[change] * each)
        return explanation_pb2.ExplainPlanRequest(name="plans/p", counterfactuals=[one] * groups).SerializeToString()

    read = explanation_pb2.ExplainPlanRequest.FromString
    assert len(read_request(read, asked(MOST_ENTRIES // 10, 9)).counterfactuals) == MOST_ENTRIES // 10
    with pytest.raises(InvalidRequest, match="too many entries"):
        read_request(read, asked(MOST_ENTRIES // 10, 10))


def test_an_upload_beyond_the_limit_is_refused_at_once(tmp_path: Path) -> None:
    """A scenario larger than the server takes is refused in the middle of its upload, and nothing of it stays."""

    async def run() -> tuple[grpc.StatusCode, int]:
        settings = GatewaySettings(
            door=DoorSettings(listen="127.0.0.1:0"), data=tmp_path / "data", largest_scenario=3 * MEBIBYTE
        )
        sent = 0

        async def parts() -> object:
            nonlocal sent
            for _ in range(50):
                sent += 1
                yield message
                await asyncio.sleep(0.01)

        message = scenario_pb2.UploadScenarioRequest(file="orders.csv", data=bytes(MEBIBYTE)).SerializeToString()
        runtime = ScriptedRuntime(Script(), write_plan)
        async with (
            running_gateway(settings, lambda _: runtime) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.stream_unary(f"/{SERVICE}/UploadScenario")(parts())
            return refused.value.code(), sent

    code, sent = asyncio.run(asyncio.wait_for(run(), 60))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert sent < 20
    assert list((tmp_path / "data" / "scenarios").iterdir()) == []
