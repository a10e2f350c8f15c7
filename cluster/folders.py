"""Scenario and plan folders for agents: the file adapters behind :class:`planner.ports.folders.Folders`."""

from __future__ import annotations

from pathlib import Path

from planner.adapters.plan_folder import read_plan, write_plan
from planner.adapters.scenario_folder import read_scenario
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.folders import Folders

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
        """Write a plan, replacing what stands in the folder only once it is complete."""
        write_plan(plan, Path(folder))


def local_folders() -> Folders:
    """Return the folders of this machine."""
    return LocalFolders()
