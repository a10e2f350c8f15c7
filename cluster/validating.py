"""`concordat validate`: a scenario folder, read and checked as a whole."""

from __future__ import annotations

from pathlib import Path

from planner.adapters.scenario_folder import read_with_findings
from planner.domain.finding import Finding
from planner.verification.findings import find_problems


def scenario_findings(folder: Path) -> tuple[Finding, ...]:
    """Return everything that stands against a scenario folder, cells that cannot be read included.

    Raises
    ------
    ScenarioUnreadable
        If the folder or one of its files cannot be read.
    """
    scenario, unread = read_with_findings(folder)
    return unread if scenario is None else find_problems(scenario, unread)
