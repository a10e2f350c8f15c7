"""Everything that stands against a stored scenario, found once and remembered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.ports.scenario_store import ScenarioStore
from planner.ports.silent_telemetry import SILENT
from planner.ports.telemetry import Metrics
from planner.verification.findings import find_problems

_REMEMBERED = 64


class ScenarioChecks:
    """Findings by scenario; scenarios never change, so neither do their findings."""

    def __init__(self, scenarios: ScenarioStore, metrics: Metrics = SILENT.metrics) -> None:
        self._scenarios, self._metrics = scenarios, metrics
        self._findings: OrderedDict[str, tuple[Finding, ...]] = OrderedDict()
        # One check at a time: a scenario with millions of customers takes seconds and memory.
        self._busy = asyncio.Lock()

    async def findings(self, scenario: str) -> tuple[Finding, ...]:
        """Return all findings of a stored scenario.

        Raises
        ------
        NotFound
            If it is not kept here.
        """
        async with self._busy:
            known = self._findings.get(scenario)
            self._metrics.cache_asked("findings", hit=known is not None)
            if known is None:
                known = await asyncio.to_thread(self._check, scenario)
                self._remember(scenario, known)
            return known

    async def learn(self, scenario: str, content: Scenario) -> tuple[Finding, ...]:
        """Return all findings of a scenario that was just read, and remember them under its hash."""
        async with self._busy:
            found = self._findings.get(scenario)
            if found is None:
                found = await asyncio.to_thread(find_problems, content)
                self._remember(scenario, found)
            return found

    def _check(self, scenario: str) -> tuple[Finding, ...]:
        return find_problems(self._scenarios.read(scenario))

    def _remember(self, scenario: str, findings: tuple[Finding, ...]) -> None:
        self._findings[scenario] = findings
        if len(self._findings) > _REMEMBERED:
            self._findings.popitem(last=False)
