"""What-if cases as plain Ray tasks, each planned from nothing, which is what a user of Ray would write first.

Run as ``python -m benchmarks.peers.cold_ray_cases GRID GAP SECONDS CASES PROCESSORS`` it prints, as one JSON list, what
each case took of processor time, its value and its bound, and last the seconds from the first task to the last answer.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import ray

from benchmarks.instances.what_if_grids import AskedGrid, cold_seconds
from planner.adapters.grid_yaml import read_grid
from planner.adapters.scenario_folder import read_scenario


def main(grid: Path, gap: float, seconds: float, cases: int, processors: int) -> None:
    """Plan so many cases of a grid, as many at once as there are processors."""
    read = read_grid(grid)
    base = read_scenario(read.base)
    asked = AskedGrid(base=base, file=grid, cases=read.grid.cases(), gap=gap, folder=grid.parent)
    ray.init(
        address="local",
        num_cpus=processors,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
    )
    try:
        decorate: Any = ray.remote  # its stubs know no plain functions of other modules
        task, put = decorate(num_cpus=1)(cold_seconds), ray.put(base)
        began = time.perf_counter()
        answers = ray.get([task.remote(put, case, asked.parameters(seconds)) for case in asked.some(cases)])
        print(json.dumps([*answers, time.perf_counter() - began]), flush=True)
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
