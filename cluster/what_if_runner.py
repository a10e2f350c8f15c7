"""Who plans the cases of a what-if run: warm processes of this machine, or workers on a Ray cluster."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from cluster.runtimes import agent_settings
from cluster.what_if_opened import GRID
from cluster.what_if_pool import WorkerPool
from cluster.what_if_ray import cluster_pool
from planner.cli.what_if_order import LOCAL_RAY
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.ports.what_if import CaseRunner


def case_runner(
    out: Path, base: Scenario, base_folder: Path, *, address: str | None = None, workers: int | None = None
) -> CaseRunner:
    """Return whoever plans the cases of the grid that is kept in ``out``.

    ``address`` and ``workers`` are as in :class:`planner.cli.what_if_order.GridRunOrder`.

    Raises
    ------
    PlanningFailed
        If nobody answers at the address, or no cluster can be started.
    """
    run: dict[str, object] = {
        "base": str(base_folder.resolve()),
        "scenario_hash": scenario_hash(base),
        "grid": str((out / GRID).resolve()),
        "settings": asdict(agent_settings()),
    }
    if address is None:
        return WorkerPool(run, workers or os.cpu_count() or 1)
    return cluster_pool(run, base, out, address=None if address == LOCAL_RAY else address, workers=workers)
