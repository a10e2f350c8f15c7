"""The port to scenario and plan folders, so that agents read and write them without knowing files."""

from __future__ import annotations

from typing import Protocol

from planner.domain.plan import Plan
from planner.domain.scenario import Scenario


class Folders(Protocol):
    """Whoever keeps scenarios and plans under a name that every host can read."""

    def read_scenario(self, folder: str, *, customers: bool = True) -> Scenario:
        """Return a scenario; without ``customers`` its customers table is empty."""
        ...

    def read_plan(self, folder: str) -> Plan:
        """Return a plan, exactly as it was written."""
        ...

    def write_plan(self, plan: Plan, folder: str) -> None:
        """Keep a plan, replacing what stands there only once it is complete."""
        ...

    def open_solver_logs(self, plan_folder: str) -> str:
        """Return an empty folder, beside a plan's own, that solvers may write to while the plan is made.

        Raises
        ------
        FolderNotWritable
            If it cannot be made.
        """
        ...

    def keep_solver_logs(self, plan_folder: str) -> None:
        """Put what solvers wrote with the plan; without a plan it stays where it is.

        Raises
        ------
        FolderNotWritable
            If it cannot be moved.
        """
        ...
