"""Who plans the cases of a what-if run: warm processes of this machine, or workers on a Ray cluster."""

from __future__ import annotations

import os
from pathlib import Path

from cluster.what_if.local import local_pool, told_run
from cluster.what_if.on_ray import cluster_pool
from cluster.what_if.opened import GRID
from planner.cli.what_if_order import LOCAL_RAY
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
    if address is None:
        return local_pool(out / GRID, base, base_folder, workers=workers or os.cpu_count() or 1)
    run = told_run(out / GRID, base, base_folder)
    return cluster_pool(run, base, out, address=None if address == LOCAL_RAY else address, workers=workers)
