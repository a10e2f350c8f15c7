"""Scenario and plan folders for agents: the file adapters behind :class:`planner.ports.folders.Folders`."""

from __future__ import annotations

import time
from pathlib import Path

from planner.adapters.plan_folder import read_plan, write_plan
from planner.adapters.scenario_folder import read_scenario
from planner.adapters.solver_log_folder import keep_solver_logs, open_solver_logs
from planner.domain.errors import FolderFull
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.folders import Folders

FULL_SECONDS = 600.0
"""How long a finished plan waits for room on a full disk before it is lost."""
_LONGEST_PAUSE_SECONDS = 5.0
FACTORY = "cluster.folders:local_folders"


class LocalFolders:
    """Folders on a file system that all hosts of a run can read."""

    def read_scenario(self, folder: str, *, customers: bool = True) -> Scenario:
        """Return the scenario in a folder; raises as :func:`planner.adapters.scenario_folder.read_scenario` does."""
        return read_scenario(Path(folder), customers=customers)

    def read_plan(self, folder: str) -> Plan:
        """Return the plan in a folder; raises as :func:`planner.adapters.plan_folder.read_plan` does."""
        return read_plan(Path(folder))

    def write_plan(self, plan: Plan, folder: str) -> None:
        """Write a plan, replacing what stands in the folder only once it is complete; waits while the disk is full.

        Raises
        ------
        FolderNotWritable
            If it cannot be written, or the disk stayed full.
        """
        until, pause = time.monotonic() + FULL_SECONDS, 0.1
        while True:
            try:
                return write_plan(plan, Path(folder))
            except FolderFull:
                if time.monotonic() + pause > until:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def open_solver_logs(self, plan_folder: str) -> str:
        """Return an empty folder beside a plan's own, for what solvers tell while it is made."""
        return str(open_solver_logs(Path(plan_folder)))

    def keep_solver_logs(self, plan_folder: str) -> None:
        """Put what solvers told into the plan's folder; without a plan it stays where it is."""
        keep_solver_logs(Path(plan_folder))


def local_folders() -> Folders:
    """Return the folders of this machine."""
    return LocalFolders()
