"""Folders of a process that plans one case after the other: what is read again and again is read once."""

from __future__ import annotations

from pathlib import Path

from cluster.folders import LocalFolders
from planner.adapters.plan_folder import read_plan
from planner.domain.plan import Plan


class PlansInMemory(LocalFolders):
    """Folders of this machine, but a plan with no folder stays in memory, and the plan to go on from is read once.

    ``last`` is the plan written last.
    """

    def __init__(self) -> None:
        self.last: Plan | None = None
        self._base: tuple[str, Plan] | None = None

    def read_plan(self, folder: str) -> Plan:
        """Return the plan in a folder, from memory where it was the last one asked for."""
        if self._base is None or self._base[0] != folder:
            self._base = (folder, read_plan(Path(folder)))
        return self._base[1]

    def write_plan(self, plan: Plan, folder: str) -> None:
        """Keep a plan, on disk too where a folder is named."""
        if folder:
            super().write_plan(plan, folder)
        self.last = plan
