"""`concordat verify`: the two folders, read and recomputed."""

from __future__ import annotations

from pathlib import Path

from actors.certify import verify

from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario
from planner.cli.launchers import Verification


def verify_folders(plan: Path, scenario: Path) -> Verification:
    """Recompute a plan from the two folders, without any solver.

    Raises
    ------
    PlanUnreadable
        If the first folder is no plan.
    ScenarioUnreadable
        If the second folder is no scenario.
    """
    return verify(read_scenario(scenario), read_plan(plan))
