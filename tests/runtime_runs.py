"""Runs of a planning runtime, followed from their first progress to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from planner.adapters.scenario_folder import write_scenario
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters, PlanningResult, PlanningRuntime, Progress

Watch = Callable[[Progress], Awaitable[None]]
RUN = "run-1"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run told and how it ended."""

    told: tuple[Progress, ...]
    result: PlanningResult

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases it went through."""
        return tuple(progress.phase for progress in self.told)


async def nothing(_: Progress) -> None:
    """Watch without doing anything."""


def follow(
    runtime: PlanningRuntime,
    scenario: Scenario,
    folder: Path,
    parameters: PlanningParameters | None = None,
    *,
    watch: Watch = nothing,
) -> Run:
    """Plan a scenario into ``folder``/plan; ``watch`` sees every progress as it comes."""
    write_scenario(scenario, folder / "scenario")

    async def run() -> Run:
        told: list[Progress] = []
        results: list[PlanningResult] = []
        order = (RUN, str(folder / "scenario"), str(folder / "plan"), parameters or PlanningParameters())
        async for event in runtime.plan(*order):
            if isinstance(event, Progress):
                told.append(event)
                await watch(event)
            else:
                results.append(event)
        assert len(results) == 1
        return Run(tuple(told), results[0])

    return asyncio.run(asyncio.wait_for(run(), 240))
