"""What-if cases planned by a planning runtime end with the same kind of result as those of the pool."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cluster.local_runtime import LocalRuntime
from cluster.runtimes import agent_settings
from cluster.what_if_runtime import RuntimeCases
from planner.adapters.plan_folder import read_plan
from planner.domain.grid import Case
from planner.domain.patches.change import Patch
from planner.domain.patches.rows import NumberChange
from planner.domain.patches.selection import Selection
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult
from tests.scenario_builder import small_scenario

DEMAND = NumberChange(Selection("demand"), "quantity", scaled=True)
SHARE = NumberChange(Selection("offer_funding"), "share", scaled=True)


def case(change: NumberChange, level: float) -> Case:
    """Return a case of one patch."""
    return Case((("factor", level),), (Patch(change, level),))


def test_a_runtime_plans_cases_from_the_base_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The base's plan stays where it was ordered, others go on from it, invalid ones are rows, and folders are gone."""
    parameters = PlanningParameters(gap=1e-6, hosts=1)
    base_plan = tmp_path / "base"
    onward = PlanningParameters(gap=1e-6, hosts=1, base_plan=str(base_plan))
    orders = [
        CaseOrder(case=Case((), ()), parameters=parameters, plan_folder=str(base_plan)),
        CaseOrder(case=case(DEMAND, 1.1), parameters=onward),
        CaseOrder(case=case(SHARE, 1.5), parameters=onward),
    ]

    async def asked() -> list[CaseResult]:
        runner = RuntimeCases(LocalRuntime(agent_settings()), small_scenario(), tmp_path / "work", lanes=1)
        try:
            return [result async for result in runner.run(orders)]
        finally:
            await runner.close()

    results = asyncio.run(asked())
    assert [result.outcome for result in results] == ["planned", "planned", "failed"]
    assert results[0].plan_hash == read_plan(base_plan).summary["plan_hash"]
    assert results[1].value is not None
    assert results[0].value is not None
    assert results[1].value > results[0].value
    assert "SCENARIO_INVALID" in results[2].detail
    assert [entry.name for entry in tmp_path.iterdir()] == ["base"]
