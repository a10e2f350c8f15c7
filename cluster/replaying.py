"""`concordat replay`: a past plan recomputed from its scenario and compared by its hash."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster.runtimes import agent_settings, make_runtime
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario
from planner.cli.launchers import ReplayOrder
from planner.domain.errors import PlanningFailed, ScenarioInvalid
from planner.domain.hashing import scenario_hash
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, PlanningRuntime, Progress
from planner.verification.findings import find_problems
from planner.verification.replay import (
    Present,
    changed_conditions,
    damage,
    first_difference,
    no_way_back,
    other_base,
    other_scenario,
    parameters_again,
)

_RUN = "replay"
_WHERE = {"local": "recomputed in one worker process", "ray": "recomputed by agents on Ray"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReplay:
    """What a replay tells; see :class:`planner.cli.launchers.Replay`."""

    same: bool
    lines: tuple[str, ...]


def replay_folders(order: ReplayOrder, *, tell: Callable[[Progress], None]) -> FolderReplay:
    """Make a past plan again, into a folder or nowhere, and compare plan hashes.

    Raises
    ------
    PlanUnreadable
        If the first folder is no plan, or one of a newer release.
    ScenarioUnreadable
        If the second folder is no scenario.
    ScenarioInvalid
        If findings stand against the scenario.
    PlanningFailed
        If the run ended in an error.
    """
    scenario_folder = order.scenario
    past, scenario = read_plan(order.plan), read_scenario(scenario_folder)
    base = None if order.base is None else read_plan(order.base)
    findings = find_problems(scenario)
    if findings:
        raise ScenarioInvalid(str(scenario_folder), findings)
    present = present_conditions(scenario)
    hopeless = damage(past) or other_scenario(past, present) or no_way_back(past) or other_base(past, base)
    if not hopeless and base is not None and damage(base):
        hopeless = f"of its base plan, {damage(base)}"
    if hopeless:
        return FolderReplay(same=False, lines=(f"cannot be made again: {hopeless}",))
    parameters = parameters_again(past, "" if order.base is None else str(order.base))
    with tempfile.TemporaryDirectory(prefix="concordat-replay-") as folder:
        target = order.out or Path(folder) / "plan"
        made = make_runtime(order.runtime)
        result = asyncio.run(_run(made, (str(scenario_folder), str(target)), parameters, tell))
        again = read_plan(target) if result.outcome is Outcome.PLANNED else None
    if result.outcome is Outcome.FAILED:
        raise PlanningFailed(f"the replay ended in an error: {result.detail}")
    return compared(
        past, again, result, changed_conditions(past, present), where=_WHERE.get(order.runtime, order.runtime)
    )


def present_conditions(scenario: Scenario) -> Present:
    """Return what a replay of a plan of this scenario depends on here and now."""
    settings = agent_settings()
    return Present(
        scenario_hash=scenario_hash(scenario),
        code_hash=settings.code_hash,
        libraries=settings.libraries,
        backends=settings.backends,
    )


def compared(
    past: Plan, again: Plan | None, result: PlanningResult, changed: tuple[str, ...], *, where: str
) -> FolderReplay:
    """Return how a replay came out: the same hash, or the first reason why not."""
    then = str(past.summary.get("plan_hash"))
    now = "no plan" if again is None else str(again.summary.get("plan_hash"))
    lines = [f"{where}, stopped by {result.stopped_by}", f"plan hash then {then}", f"plan hash now  {now}"]
    if then == now:
        lines += [f"although {reason}" for reason in changed]
        return FolderReplay(same=True, lines=(*lines, "the same plan"))
    if changed:
        lines += [f"the plans differ: {changed[0]}", *(f"also: {reason}" for reason in changed[1:])]
    elif again is None:
        lines.append(f"same inputs, but no plan: a defect of Concordat; {result.detail}")
    else:
        lines.append(f"same inputs, different plans: a defect of Concordat; first in {first_difference(past, again)}")
    return FolderReplay(same=False, lines=tuple(lines))


async def _run(
    runtime: PlanningRuntime,
    folders: tuple[str, str],
    parameters: PlanningParameters,
    tell: Callable[[Progress], None],
) -> PlanningResult:
    try:
        async for step in runtime.plan(_RUN, *folders, parameters):
            if isinstance(step, PlanningResult):
                return step
            tell(step)
    finally:
        await runtime.close()
    raise PlanningFailed("the planning runtime ended without a result")
