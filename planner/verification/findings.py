"""Everything that is wrong with a scenario, in one pass."""

from __future__ import annotations

from collections.abc import Sequence

from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES
from planner.policy.eligibility import rule_findings
from planner.verification.scenario_rules.cells import cell_findings
from planner.verification.scenario_rules.contracts import contract_findings
from planner.verification.scenario_rules.horizon import horizon_findings
from planner.verification.scenario_rules.keys import key_findings, reference_findings
from planner.verification.scenario_rules.network import network_findings
from planner.verification.scenario_rules.shares import share_findings

_ORDER = {name: place for place, name in enumerate(("scenario.json", *TABLES, "eligibility.json", "contracts.json"))}


def find_problems(scenario: Scenario, known: Sequence[Finding] = ()) -> tuple[Finding, ...]:
    """Return all findings, ``known`` ones of the reader included, by table and row.

    A cell or column that the reader could not read counts once, not again as empty.
    """
    found = [
        *horizon_findings(scenario),
        *cell_findings(scenario),
        *key_findings(scenario),
        *reference_findings(scenario),
        *network_findings(scenario),
        *share_findings(scenario),
        *contract_findings(scenario),
        *rule_findings(scenario),
    ]
    unread = {(finding.table, finding.row, finding.column) for finding in known}
    missing = {(finding.table, finding.column) for finding in known if finding.rule == "missing-column"}
    found = [
        finding
        for finding in found
        if (finding.table, finding.row, finding.column) not in unread and (finding.table, finding.column) not in missing
    ]
    return tuple(sorted((*known, *found), key=_reading_order))


def _reading_order(finding: Finding) -> tuple[int, int]:
    return _ORDER[finding.table], -1 if finding.row is None else finding.row
