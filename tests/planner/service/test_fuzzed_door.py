"""Fuzzed doors: whatever bytes come, every call is answered with a status that was meant, and the server lives on."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.adapters.plan_folder import write_plan
from planner.service.server import DoorSettings
from planner.simulation.scripted_runtime import Script
from planner.wire.v1 import planning_service_pb2
from tests.door_fuzz import METHODS, Sent, fuzzed, raw
from tests.door_keys import token, token_door
from tests.guarded_gateway import GuardedKnock, guarded_gateway
from tests.two_partners import FullRuntime, foreign_words, with_plans

MEANT = {
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "ABORTED",
    "RESOURCE_EXHAUSTED",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
}
"""Statuses that a caller may be told; INTERNAL and UNKNOWN are crashes, DEADLINE_EXCEEDED is a hang."""

PARTNER = "dist-a"
AT_ONCE = 24
SECONDS = 30.0


class FuzzedServer:
    """A guarded server in a thread of its own that keeps a plan of several partners, and channels to it."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self.knock, self.plans = self.run(self._started(folder))
        plan, draft = self.plans
        self.words = [
            *(f"{kind}/{name}" for kind in ("plans", "operations", "scenarios") for name in (plan, draft, "none", "")),
            *("", "..", "../x", "plants.csv", "scenario.json", "contracts.json", "customers.parquet"),
            *(PARTNER, "A1", "dist/volume", "soap", "north", "x", "0", "50", "plan-"),
        ]
        self.foreign = [word.encode() for word in foreign_words(PARTNER)]
        self.shown = {
            "partner": token("clerk", "partner", partner=PARTNER),
            "planner": token("petra", "planner"),
            "auditor": token("aud", "auditor"),
            "nobody": "nonsense",
        }

    async def _started(self, folder: Path) -> tuple[GuardedKnock, tuple[str, str]]:
        door = token_door(folder / "keys", max_calls=4 * AT_ONCE)
        runtime = FullRuntime(Script(step_seconds=0.0), write_plan)
        knock = await self._stack.enter_async_context(guarded_gateway(folder / "data", door, runtime))
        self.channel = await self._stack.enter_async_context(grpc.aio.insecure_channel(knock.address))
        return knock, await with_plans(knock, folder / "scenario")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(900)

    def close(self) -> None:
        """End the server."""
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    async def calls(self, sent: Sequence[tuple[Sent, str]]) -> Counter[str]:
        """Make calls, some at a time; return how often each status came."""
        codes: Counter[str] = Counter()
        waiting = iter(sent)

        async def worker() -> None:
            for call, who in waiting:
                codes[await self._call(call, who)] += 1

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return codes

    async def _call(self, sent: Sent, who: str) -> str:
        code, received = await answered(self.channel, sent, (("authorization", f"Bearer {self.shown[who]}"),))
        assert code in MEANT, (sent, who, code, received[:1])
        if who == "partner":
            told, own = b"\n".join(received), b"\n".join(sent.messages)
            # An error may repeat what the caller itself sent.
            assert [word for word in self.foreign if word in told and word not in own] == [], (sent, code)
            assert code in {"OK", "INVALID_ARGUMENT", "PERMISSION_DENIED"}, (sent, code)
        if who == "nobody":
            assert code == "UNAUTHENTICATED", (sent, code)
        return code

    async def still_serves(self) -> bool:
        """Say whether the partner still gets its plan."""
        request = planning_service_pb2.GetPlanRequest(name=f"plans/{self.plans[0]}").SerializeToString()
        method = next(method for method in METHODS if method.name == "GetPlan")
        shown = (("authorization", f"Bearer {self.shown['partner']}"),)
        return (await answered(self.channel, raw(method, request), shown))[0] == "OK"


async def answered(channel: grpc.aio.Channel, sent: Sent, shown: Any) -> tuple[str, list[bytes]]:
    """Return the status of a call, and all bytes that came back."""
    received: list[bytes] = []
    options: Any = {"metadata": shown, "timeout": SECONDS}
    try:
        if sent.method.client_streaming:

            async def parts() -> Any:
                for message in sent.messages:
                    yield message

            received.append(await channel.stream_unary(sent.path)(parts(), **options))
        elif sent.method.server_streaming:
            received.extend([part async for part in channel.unary_stream(sent.path)(sent.messages[0], **options)])
        else:
            received.append(await channel.unary_unary(sent.path)(sent.messages[0], **options))
    except grpc.aio.AioRpcError as error:
        told = [value if isinstance(value, bytes) else str(value).encode() for _, value in error.trailing_metadata()]
        return error.code().name, [*received, str(error.details()).encode(), *told]
    return "OK", received


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedServer]:
    """Return a running server."""
    running = FuzzedServer(tmp_path_factory.mktemp("fuzzed"))
    yield running
    running.close()


CALLERS = ("partner", "partner", "planner", "auditor", "nobody")


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_bytes_get_an_answer_that_was_meant(server: FuzzedServer, data: st.DataObject) -> None:
    """Raw and crafted bytes for every method, from callers in all roles, end as they may; no word of others leaks."""
    crafted = st.integers(0, 2**40).map(lambda seed: fuzzed(seed, server.words))
    arbitrary = st.builds(raw, st.sampled_from(METHODS), st.binary(max_size=300))
    calls = data.draw(st.lists(st.tuples(crafted | arbitrary, st.sampled_from(CALLERS)), min_size=15, max_size=15))
    server.run(server.calls(calls))
    assert server.run(server.still_serves())


def test_the_fuzzing_reaches_deep_and_wide(server: FuzzedServer) -> None:
    """Four hundred crafted calls reach every method, and are refused and served for several reasons."""
    sent = [(fuzzed(seed, server.words), CALLERS[seed % len(CALLERS)]) for seed in range(400)]
    assert {call.method.name for call, _ in sent} == {method.name for method in METHODS}
    codes = server.run(server.calls(sent))
    assert {"OK", "INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND", "UNAUTHENTICATED"} <= set(codes)
    assert server.run(server.still_serves())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_calls_leave_the_server_as_it_was(server: FuzzedServer) -> None:
    """A hundred thousand crafted calls are all answered as they may, and the server serves on."""
    for first in range(1_000_000, 1_100_000, 5000):
        seeds = range(first, first + 5000)
        sent = [(fuzzed(seed, server.words), CALLERS[seed % len(CALLERS)]) for seed in seeds]
        assert server.run(server.calls(sent)).total() == 5000
    assert server.run(server.still_serves())


def test_an_open_door_answers_whatever_comes(tmp_path: Path) -> None:
    """Without a guard the same bytes for every method end as they may, and the server serves on."""

    async def run() -> Counter[str]:
        codes: Counter[str] = Counter()
        door, words = DoorSettings(listen="127.0.0.1:0"), ["plans/none", "operations/x", "scenarios/x", "x", ""]
        async with (
            guarded_gateway(tmp_path / "data", door) as knock,
            grpc.aio.insecure_channel(knock.address) as channel,
        ):
            for seed in range(300):
                code, received = await answered(channel, fuzzed(seed, words), ())
                assert code in MEANT, (seed, code, received)
                codes[code] += 1
        return codes

    assert {"OK", "INVALID_ARGUMENT", "NOT_FOUND"} <= set(asyncio.run(run()))
