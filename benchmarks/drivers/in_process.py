"""Drive contenders as calls inside this process: one warming turn unmeasured, then interleaved turns."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence

from benchmarks.subject import Contender, Measurement, Workload

_LEAST_ROUNDS = 5


def drive(contenders: Sequence[Contender], workload: Workload) -> list[Measurement]:
    """Call all contenders at least five times, interleaved; memory cannot be told apart here and is left out."""
    measurements = []
    for turn in range(-1, max(workload.rounds, _LEAST_ROUNDS)):
        for contender in contenders:
            if contender.call is None:
                raise ValueError(f"contender {contender.name!r} has no call to time inside this process")
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            contender.call()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 0:
                measurements.append(
                    Measurement(
                        contender=contender.name,
                        round=turn,
                        wall_s=wall,
                        cpu_s=cpu,
                        peak_bytes=None,
                        outcome=contender.outcome(),
                    )
                )
    return measurements
