"""The peer of the main job: one HiGHS run on the whole exported model.

Run as ``python -m benchmarks.monolith MODEL.mps --time-limit SECONDS --out FILE.json``. The limit counts from the
start of the solve; reading and loading the model is a present to the peer. The columns of the incumbent are written
beside the result, so that its value and its rows can be recomputed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from solvers.backends.highs import HighsBackend
from solvers.core.termination import Limits
from solvers.network.mps_reader import read_mps


def main(arguments: Sequence[str] | None = None) -> int:
    """Solve the model and write value, bound and why it stopped as JSON, and the incumbent as a numpy array."""
    parser = argparse.ArgumentParser(description="One HiGHS run on a whole model in MPS format.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--time-limit", type=float, required=True)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    model = HighsBackend().load(read_mps(chosen.model))
    loaded = time.perf_counter()
    solution = model.solve(limits=Limits(seconds=chosen.time_limit, gap=chosen.gap))
    value, bound = solution.objective, solution.bound
    if solution.x is not None:
        np.save(chosen.out.with_suffix(".npy"), solution.x)
    result = {
        "termination": solution.termination.value,
        "value": value,
        "bound_proved": bound if abs(bound) != float("inf") else None,
        "load_s": loaded - started,
        "solve_s": time.perf_counter() - loaded,
        "nodes": solution.nodes,
    }
    chosen.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
