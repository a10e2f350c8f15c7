"""How long a Ray actor that holds nothing and loads nothing is gone after `kill -9`.

Run as ``python -m benchmarks.peers.bare_ray_restart KILLS`` it prints the seconds of every kill as one JSON list. It
has a process of its own since Ray reads its environment as it is loaded.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import RayActorError


class Bare:
    """Tells its process."""

    def pid(self) -> int:
        """Return the id of its process."""
        return os.getpid()


def absences(kills: int) -> list[float]:
    """Return the seconds from each kill to the next answer, on a Ray of its own that ends with them."""
    ray.init(address="local", include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        decorate: Any = ray.remote  # its stubs do not know options of classes
        actor = decorate(num_cpus=0, max_restarts=-1)(Bare).remote()
        return [_absence(actor) for _ in range(kills)]
    finally:
        ray.shutdown()


def _absence(actor: Any) -> float:
    killed = ray.get(actor.pid.remote())
    began = time.perf_counter()
    os.kill(killed, signal.SIGKILL)
    while True:
        with suppress(RayActorError):
            if ray.get(actor.pid.remote()) != killed:
                return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(absences(int(sys.argv[1]))), flush=True)
