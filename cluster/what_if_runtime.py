"""What-if cases planned by a planning runtime, such as agents on a Ray cluster: by folders that its hosts can read."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import write_scenario
from planner.application.case_results import case_result, failed_case
from planner.domain.errors import ConcordatError, ScenarioInvalid
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningResult, PlanningRuntime
from planner.ports.what_if import CaseOrder, CaseResult
from planner.verification.findings import find_problems


class RuntimeCases:
    """See :class:`planner.ports.what_if.CaseRunner`; ``folder`` holds scenarios and plans while they are needed."""

    def __init__(self, runtime: PlanningRuntime, base: Scenario, folder: Path, *, lanes: int) -> None:
        self._runtime, self._base, self._folder, self._lanes = runtime, base, folder, lanes

    @property
    def lanes(self) -> int:
        """How many plans are under way at once."""
        return self._lanes

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Plan a chunk; see the port."""
        for order in orders:
            yield await self._planned(order)

    async def close(self) -> None:
        """Release the runtime, and remove what a lost run left."""
        with suppress(ConcordatError):
            await self._runtime.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _planned(self, order: CaseOrder) -> CaseResult:
        began, place = time.monotonic(), self._folder / order.case.key
        try:
            scenario = await asyncio.to_thread(order.case.scenario, self._base)
            findings = await asyncio.to_thread(find_problems, scenario)
            if findings:
                raise ScenarioInvalid(order.case.name, findings)
            await asyncio.to_thread(write_scenario, scenario, place / "scenario")
            target = Path(order.plan_folder) if order.plan_folder else place / "plan"
            result, plan = await self._run(order, str(place / "scenario"), target)
        except ConcordatError as error:
            return failed_case(order.case, f"{error.code}: {error}", seconds=time.monotonic() - began)
        finally:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
        return case_result(order.case, result, plan, seconds=time.monotonic() - began)

    async def _run(self, order: CaseOrder, scenario: str, target: Path) -> tuple[PlanningResult, Plan | None]:
        result = PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail="the runtime ended without a result")
        run = f"what-if-{order.case.key}"
        try:
            async for step in self._runtime.plan(run, scenario, str(target), order.parameters):
                if isinstance(step, PlanningResult):
                    result = step
        except asyncio.CancelledError:
            await asyncio.shield(self._runtime.cancel(run))
            raise
        plan = await asyncio.to_thread(read_plan, target) if result.outcome is Outcome.PLANNED else None
        return result, plan
