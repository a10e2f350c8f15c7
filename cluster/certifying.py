"""`concordat verify`: the two folders, read, checked and recomputed without any solver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actors.certify import certify
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario
from planner.domain.errors import ScenarioInvalid
from planner.verification.findings import find_problems


@dataclass(frozen=True, slots=True)
class FolderVerification:
    """What a verification of two folders tells; see :class:`planner.cli.launchers.Verification`."""

    problems: tuple[str, ...]
    lines: tuple[str, ...]


def verify_folders(plan_folder: Path, scenario_folder: Path) -> FolderVerification:
    """Recompute a plan from the two folders.

    Raises
    ------
    PlanUnreadable
        If the first folder is no plan.
    ScenarioUnreadable
        If the second folder is no scenario.
    ScenarioInvalid
        If findings stand against the scenario: no plan of it can be verified.
    """
    plan, scenario = read_plan(plan_folder), read_scenario(scenario_folder)
    findings = find_problems(scenario)
    if findings:
        raise ScenarioInvalid(str(scenario_folder), findings)
    certificate = certify(scenario, plan)
    lines = [f"value recomputed          {certificate.value:,.2f}"]
    if certificate.bound_checked is not None:
        lines.append(f"bound checked, recomputed {certificate.bound_checked:,.2f}")
    if certificate.gap_checked is not None:
        lines.append(f"gap checked, recomputed   {_gap(certificate.gap_checked, certificate.value)}")
    return FolderVerification(tuple(str(breach) for breach in certificate.breaches), tuple(lines))


def _gap(gap: float, value: float) -> str:
    return f"{gap:.3%}" if value else f"{gap:,.2f} (absolute, since the value is 0)"
