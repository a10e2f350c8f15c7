"""What-if cases planned by warm processes of this machine; nothing of Ray is loaded for it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from cluster.runtimes import agent_settings
from cluster.what_if.pool import WorkerPool
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario


def local_pool(grid: Path, base: Scenario, base_folder: Path, *, workers: int, served: bool = False) -> WorkerPool:
    """Return processes of this machine that plan cases of a grid file; a server's stand back and log as it does."""
    return WorkerPool({**told_run(grid, base, base_folder), "served": served}, workers)


def told_run(grid: Path, base: Scenario, base_folder: Path) -> dict[str, object]:
    """Return what a worker is told first: the base with its folder, the file of the grid, settings of agents."""
    return {
        "base": str(base_folder.resolve()),
        "scenario_hash": scenario_hash(base),
        "grid": str(grid.resolve()),
        "settings": asdict(agent_settings()),
    }
