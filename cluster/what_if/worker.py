"""The worker of what-if runs: one process that plans case after case of one grid, and stays warm between them.

It is told the run as one JSON line on standard input and says that it is ready, then takes one case a line and answers
each with its result. When its input ends, whoever started it is gone, and so is it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from actors.host import Host, agent_names
from actors.in_process import InProcessNetwork
from actors.kept_answers import KeptAnswers
from actors.run import RunSettings, run_planning
from actors.settings import AgentSettings
from cluster.local_worker import parameters_of
from cluster.plans_in_memory import PlansInMemory
from cluster.worker_lines import log_like_the_server, take_standard_output, write_line
from planner.adapters.grid_yaml import read_grid
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario
from planner.application.case_results import case_result, failed_case, infeasible_case
from planner.domain.errors import ConcordatError, InvalidRequest, PlanUnreadable, ScenarioInvalid
from planner.domain.grid import BASE_CASE, Case
from planner.domain.hashing import scenario_hash
from planner.domain.holding import held_to, obstacles
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult
from planner.ports.what_if import CaseResult, HeldPlan
from planner.verification.findings import find_problems
from solvers.core.errors import SolverError

NICENESS = 10
"""Cases of a server wait for its plans: whoever asked for one plan sits before it, and a grid runs for hours."""
FACTORY = "cluster.what_if.worker:open_worker"
"""What a worker elsewhere is told to call, in its own process."""


@dataclass(slots=True)
class CasePlanner:
    """Plans cases of one base scenario with all agents in this process, which remember what they answered before."""

    base: Scenario
    settings: AgentSettings
    folders: PlansInMemory = field(default_factory=PlansInMemory)
    kept: KeptAnswers = field(default_factory=KeptAnswers)
    _held: dict[HeldPlan, Plan] = field(default_factory=dict)

    def plan(
        self, case: Case, parameters: PlanningParameters, plan_folder: str = "", held: HeldPlan | None = None
    ) -> CaseResult:
        """Return what came of a case; whatever goes wrong with it is its result."""
        began, used = time.monotonic(), time.process_time()
        self.folders.last = None
        try:
            scenario = case.scenario(self.base)
            if held is not None:
                first = self._plan_held(held)
                reasons = obstacles(scenario, first, periods=held.periods)
                if reasons:
                    return infeasible_case(case, "; ".join(reasons), seconds=time.monotonic() - began)
                scenario = held_to(scenario, first, periods=held.periods)
            findings = find_problems(scenario)
            if findings:
                raise ScenarioInvalid(case.name, findings)  # noqa: TRY301 - told like every other reason
            result = self._planned(scenario, parameters, plan_folder, began)
        except (ConcordatError, SolverError) as error:
            return failed_case(case, f"{error.code}: {error}", seconds=time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - one case must not end the others; its row says what happened
            return failed_case(case, f"{type(error).__name__}: {error}", seconds=time.monotonic() - began)
        plan = self.folders.last if result.outcome is Outcome.PLANNED else None
        seconds, cpu = time.monotonic() - began, time.process_time() - used
        return case_result(case, result, plan, scenario=scenario, seconds=seconds, cpu_seconds=cpu)

    def _plan_held(self, held: HeldPlan) -> Plan:
        """Return the plan that periods are held to; it stays in memory until another one is asked for."""
        if held not in self._held:
            plan = read_plan(Path(held.folder))
            if plan.summary.get("plan_hash") != held.plan_hash:
                raise PlanUnreadable(f"{held.folder} holds another plan by now: compare again")
            self._held = {held: plan}
        return self._held[held]

    def _planned(
        self, scenario: Scenario, parameters: PlanningParameters, plan_folder: str, began: float
    ) -> PlanningResult:
        names = agent_names(scenario)
        settings = RunSettings(
            folders=self.folders,
            parameters=parameters,
            code_hash=self.settings.code_hash,
            clock=lambda: time.monotonic() - began,
            emit=lambda _: None,
            coordinator_backend=self.settings.coordinator_backend,
            backends=self.settings.backends,
            libraries=self.settings.libraries,
        )
        host = Host(
            scenario,
            names,
            plant_backend=self.settings.plant_backend,
            partner_backend=self.settings.partner_backend,
            brake=settings.brake,
            kept=self.kept,
        )
        return run_planning(scenario, InProcessNetwork(host, names), plan_folder, settings)


def _listen(lines: SimpleQueue[str]) -> None:
    """Pass lines on; at their end nobody waits for an answer any more, so the process ends at once."""
    while line := sys.stdin.readline():
        lines.put(line)
    os._exit(0)


def open_worker(run: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what answers a line about one case with its result; ``run`` tells base, grid and settings.

    Raises
    ------
    ScenarioUnreadable, GridInvalid
        If the base or the grid cannot be read here.
    InvalidRequest
        If the base is another one than the run began with.
    """
    base = read_scenario(Path(run["base"]))
    if scenario_hash(base) != run["scenario_hash"]:
        raise InvalidRequest(f"{run['base']} was changed since the run began: ask again in a new folder", "scenario")
    cases = {case.key: case for case in read_grid(Path(run["grid"])).grid.cases()}
    planner = CasePlanner(base, AgentSettings(**run["settings"]))

    def answer(order: Mapping[str, Any]) -> dict[str, Any]:
        case = cases.get(order["key"], BASE_CASE)
        held = HeldPlan(**order["held"]) if order.get("held") else None
        parameters = parameters_of(order["parameters"])
        return {"result": asdict(planner.plan(case, parameters, order["plan_folder"], held))}

    return answer


def main() -> None:
    """Plan cases as told on standard input."""
    told = take_standard_output()
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True, name="listening").start()
    run = json.loads(lines.get())
    if run.get("served"):
        os.nice(NICENESS)
        log_like_the_server()
    answer = open_worker(run)
    write_line(told, {"ready": True})
    while True:
        write_line(told, answer(json.loads(lines.get())))


if __name__ == "__main__":
    main()
