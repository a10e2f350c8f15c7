"""What-if cases planned on a Ray cluster: whole cases by workers on its nodes, which read folders that all can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cluster.runtimes import guard_ray
from cluster.what_if.pool import WorkerPool
from cluster.what_if.worker import FACTORY
from planner.adapters.scenario_folder import write_scenario
from planner.domain.scenario import Scenario

_BASE = "base"


def cluster_pool(
    run: Mapping[str, object], base: Scenario, folder: Path, *, address: str | None, workers: int | None = None
) -> WorkerPool:
    """Return a pool of ``workers`` on a cluster, as many as its nodes have processors unless said.

    ``address`` names the cluster (None: one of its own on this machine). ``folder`` is one that all nodes can read; the
    base is put there, since where it came from they may not look. ``run`` is what each worker is told besides.

    Raises
    ------
    PlanningFailed
        If nobody answers at the address, or no cluster can be started.
    FolderNotWritable
        If the base cannot be put there.
    """
    guard_ray(own_cluster=address is None)
    from actors.workers_on_ray import RayCrew  # noqa: PLC0415 - Ray reads its token as it is loaded

    write_scenario(base, folder / _BASE)
    crew = RayCrew(FACTORY, address=address)
    processors = crew.join()
    return WorkerPool({**run, "base": str((folder / _BASE).resolve())}, workers or processors, crew=crew)
