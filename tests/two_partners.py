"""A guarded server that keeps an accepted plan and a draft of a scenario with several partners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import read_scenario, write_scenario
from planner.ports.planning_runtime import PlanningParameters, PlanningResult, Progress
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from tests.door_keys import token
from tests.guarded_gateway import GuardedKnock, at_guarded
from tests.plan_builder import small_plan
from tests.scenario_builder import small_scenario

WORDS = {
    "dist-a": ("dist-a", "A1", "A2", "C-dist", "dist/"),
    "brand": ("brand", "C-brand", "brand/"),
    "oilco": ("oilco", "C-oil", "oil/"),
    "dist-b": ("dist-b", "B1", "B2"),
    "program": ("program", "C-program"),
}
"""What is a partner's own, by partner: nobody else may read these words."""

INSIDE = ("north-gold", "south-silver", "household", "petra", "for petra only", "1901/")
"""What no partner may read: segments, customers, names of people, comments, our own rows."""


class FullRuntime(ScriptedRuntime):
    """A scripted runtime whose plans are the small valid plan of the small scenario, with every table filled."""

    async def plan(
        self, run: str, scenario_folder: str, plan_folder: str, parameters: PlanningParameters
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Follow the script, and put the small plan into the folder at its end."""
        async for step in super().plan(run, scenario_folder, plan_folder, parameters):
            if isinstance(step, PlanningResult):
                write_plan(small_plan(read_scenario(Path(scenario_folder))), Path(plan_folder))
            yield step


async def with_plans(knock: GuardedKnock, folder: Path) -> tuple[str, str]:
    """Have an accepted plan and a draft of the small scenario made; return their ids."""
    write_scenario(small_scenario(), folder)
    planner = await knock.client(token("petra", "planner"))
    stored, made = await planner.upload(folder), []
    for seed in (1, 2):
        plan = (await planner.create(stored, PlanningParameters(seed=seed))).plan
        record = [step async for step in planner.watch(plan)][-1].record
        made.append((plan, record.etag))
    await planner.accept(made[0][0], made[0][1], accepted_by="", comment="for petra only")
    return made[0][0], made[1][0]


def foreign_words(partner: str) -> list[str]:
    """Return what a partner may not read."""
    return [*(word for other, words in WORDS.items() if other != partner for word in words), *INSIDE]


def visited(folder: Path, door: Any, visit: Any) -> None:
    """Run a visit to the server: given the knock and the ids of the accepted plan and of the draft."""

    async def run(knock: GuardedKnock) -> None:
        await visit(knock, *await with_plans(knock, folder / "scenario"))

    at_guarded(folder / "data", door, run, FullRuntime(Script(), write_plan))
