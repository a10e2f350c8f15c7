"""A bare round trip to a Ray actor that does nothing.

Run as ``python -m benchmarks.peers.bare_ray CALLS`` it prints the seconds of every call as one JSON list. It has a
process of its own since Ray reads its environment as it is loaded.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import ray


class Idle:
    """Answers."""

    def alive(self) -> bool:
        """Answer."""
        return True


def round_trips(calls: int) -> list[float]:
    """Return the seconds of calls to one actor, one after the other, on a Ray of its own that ends with them."""
    ray.init(address="local", include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        decorate: Any = ray.remote  # its stubs do not know options of classes
        actor = decorate(num_cpus=0)(Idle).remote()
        return asyncio.run(_asked(actor, calls))
    finally:
        ray.shutdown()


async def _asked(actor: Any, calls: int) -> list[float]:
    taken: list[float] = []
    for turn in range(calls + calls // 10):
        began = time.perf_counter()
        await actor.alive.remote()
        if turn >= calls // 10:
            taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    print(json.dumps(round_trips(int(sys.argv[1]))), flush=True)
