"""A caller that floods a server, as a process: ``python -m benchmarks.peers.flooder ADDRESS TOKEN RATE IN_FLIGHT``.

It asks for a plan over and over, RATE times a second (0: as often as it can), with no more than IN_FLIGHT calls open,
and heeds no advice to come back later. Without an address, ``- - SHARE 0``, it asks nobody and keeps a processor busy
for that share of the time: what a machine loses to a flooder that reaches nothing. Either ends with standard input and
tells as JSON what was answered and what it took.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from benchmarks.peers.bare_grpc import string_request

GET_PLAN = "/concordat.planning.v1.PlanningService/GetPlan"
_SLICE_SECONDS = 0.01
_GRACE_SECONDS = 30.0


@dataclass(slots=True)
class Flood:
    """What became of a flood: how many calls ended with which status, and its processor seconds a second."""

    statuses: Counter[str] = field(default_factory=Counter)
    share: float = 0.0


async def _flood(address: str, token: str, rate: float, in_flight: int, over: threading.Event) -> Counter[str]:
    told: Counter[str] = Counter()
    open_calls: set[asyncio.Task[None]] = set()
    request, metadata = string_request("plans/p"), (("authorization", f"Bearer {token}"),)

    async def ask(call: Any) -> None:
        try:
            await call(request, metadata=metadata)
            told["OK"] += 1
        except grpc.aio.AioRpcError as error:
            told[error.code().name] += 1

    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(GET_PLAN)
        began, sent = time.perf_counter(), 0
        while not over.is_set():
            due = in_flight if not rate else int((time.perf_counter() - began) * rate) - sent
            for _ in range(min(due, in_flight - len(open_calls))):
                task = asyncio.create_task(ask(call))
                open_calls.add(task)
                task.add_done_callback(open_calls.discard)
                sent += 1
            if rate:
                await asyncio.sleep(_SLICE_SECONDS)
            else:
                await asyncio.wait(open_calls, return_when=asyncio.FIRST_COMPLETED)
        if open_calls:
            await asyncio.wait(open_calls)
    return told


def _burn(share: float, over: threading.Event) -> None:
    while not over.is_set():
        until = time.perf_counter() + share * _SLICE_SECONDS
        while time.perf_counter() < until:
            pass
        time.sleep((1.0 - share) * _SLICE_SECONDS)


def main(arguments: Sequence[str]) -> None:
    """Flood, or burn, until standard input ends."""
    address, token, rate, in_flight = arguments
    over, told = threading.Event(), Counter[str]()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    began, cpu = time.perf_counter(), time.process_time()
    if address == "-":
        _burn(float(rate), over)
    else:
        told = asyncio.run(_flood(address, token, float(rate), int(in_flight), over))
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    print(json.dumps({"statuses": told, "share": share}))


async def paced_latencies(address: str, token: str, plan: str, *, calls: int, per_second: float) -> list[float]:
    """Return the seconds of calls for a plan, each begun at its own time, whatever the ones before took."""
    request, metadata = string_request(f"plans/{plan}"), (("authorization", f"Bearer {token}"),)
    taken: list[float] = []
    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(GET_PLAN)

        async def ask() -> None:
            began = time.perf_counter()
            await call(request, metadata=metadata)
            taken.append(time.perf_counter() - began)

        await ask()
        taken.clear()
        asked = []
        for _ in range(calls):
            asked.append(asyncio.create_task(ask()))
            await asyncio.sleep(1.0 / per_second)
        await asyncio.gather(*asked)
    return taken


@contextmanager
def flooded(address: str, token: str, *, rate: float, in_flight: int) -> Iterator[Flood]:
    """Flood a server (address ``-``: burn that share of a processor); what became of it stands there at the end."""
    command = [sys.executable, "-m", "benchmarks.peers.flooder", address, token, str(rate), str(in_flight)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    flood = Flood()
    try:
        yield flood
        told, _ = process.communicate(timeout=_GRACE_SECONDS)
        result = json.loads(told.splitlines()[-1])
        flood.statuses, flood.share = Counter(result["statuses"]), result["share"]
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main(sys.argv[1:])
