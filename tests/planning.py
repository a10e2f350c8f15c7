"""Planning in this process, the optimum from one exact model, and scenarios without some of their clauses."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from actors import coordinator
from actors.formulate.problem import Problem, formulate
from actors.host import Host, agent_names
from actors.in_process import InProcessNetwork
from actors.run import RunSettings, run_planning
from actors.run_control import RunControl
from actors.solver_logs import RunLogs, told_solves
from planner.adapters.plan_folder import read_plan, write_plan
from planner.adapters.scenario_folder import read_scenario
from planner.adapters.solver_log_folder import keep_solver_logs, open_solver_logs
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from solvers.backends.registry import backend
from solvers.core.termination import Limits, Termination
from solvers.network.assembly import Assembly, assemble

CODE_HASH = "the code under test"
EXACT = Limits(gap=1e-9, absolute_gap=1e-9)


@dataclass(frozen=True, slots=True)
class Planned:
    """How a run ended, the plan as its folder holds it (None without one), and what it told on its way."""

    result: PlanningResult
    plan: Plan | None
    told: tuple[Progress, ...]


class Folders:
    """Scenario and plan folders of this machine."""

    def read_scenario(self, folder: str, *, customers: bool = True) -> Scenario:
        """Return the scenario in a folder."""
        return read_scenario(Path(folder), customers=customers)

    def read_plan(self, folder: str) -> Plan:
        """Return the plan in a folder."""
        return read_plan(Path(folder))

    def write_plan(self, plan: Plan, folder: str) -> None:
        """Write a plan."""
        write_plan(plan, Path(folder))

    def open_solver_logs(self, plan_folder: str) -> str:
        """Return where solvers may tell."""
        return str(open_solver_logs(Path(plan_folder)))

    def keep_solver_logs(self, plan_folder: str) -> None:
        """Put what they told with the plan."""
        keep_solver_logs(Path(plan_folder))


def in_process(scenario: Scenario, logs: RunLogs | None = None) -> InProcessNetwork:
    """Return all agents of a scenario in one host of this process."""
    names = agent_names(scenario)
    return InProcessNetwork(Host(scenario, names, plant_backend="highs", partner_backend="scip", logs=logs), names)


def plan_in_process(
    scenario: Scenario,
    folder: Path,
    parameters: PlanningParameters | None = None,
    *,
    clock: Callable[[], float] = lambda: 0.0,
    cancelled: Callable[[], bool] = lambda: False,
    watch: Callable[[Progress, RunControl], None] | None = None,
) -> Planned:
    """Plan with all agents in this process, on a clock that stands still unless another is given.

    ``watch`` sees every progress as it comes, and may cancel the run or accept a plan of it.
    """
    told: list[Progress] = []
    control = RunControl()

    def emit(progress: Progress) -> None:
        told.append(progress)
        if watch is not None:
            watch(progress, control)

    asked = parameters or PlanningParameters()
    settings = RunSettings(
        folders=Folders(),
        parameters=asked,
        code_hash=CODE_HASH,
        clock=clock,
        cancelled=cancelled,
        control=control,
        emit=emit,
    )
    with told_solves(Folders(), str(folder), agent_names(scenario), wanted=asked.solver_logs) as logs:
        network = in_process(scenario, logs)
        result = run_planning(scenario, network, str(folder), dataclasses.replace(settings, logs=logs))
    plan = read_plan(folder) if result.outcome is Outcome.PLANNED else None
    return Planned(result, plan, tuple(told))


@contextmanager
def decomposed() -> Iterator[None]:
    """Keep the coordinator from ever solving the problem as a whole, however small it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coordinator, "MONOLITH_COLUMNS", -1)
        yield


def whole_problem(scenario: Scenario) -> tuple[Problem, Assembly]:
    """Return a scenario's blocks and the one program they make."""
    problem = formulate(scenario, eligibility_patterns(scenario))
    return problem, assemble(problem.blocks, problem.around.links.links)


@dataclass(frozen=True, slots=True)
class Optimum:
    """The optimum lies between ``reached`` (whole numbers rounded, the rest optimal) and ``claimed``; -inf: no plan."""

    reached: float
    claimed: float

    @property
    def feasible(self) -> bool:
        """Whether there is any plan."""
        return self.reached > -math.inf


def optimum(scenario: Scenario) -> Optimum:
    """Return the optimum of a scenario as one mixed-integer program tells it, without any planning run."""
    _, assembly = whole_problem(scenario)
    program = assembly.program
    model = backend("highs").load(program)
    solution = model.solve(limits=EXACT)
    if solution.termination is Termination.INFEASIBLE:
        return Optimum(-math.inf, -math.inf)
    assert solution.termination is Termination.OPTIMAL
    assert solution.x is not None
    whole = np.flatnonzero(program.integer).astype(np.int32)
    model.set_column_bounds(whole, np.round(solution.x[whole]), np.round(solution.x[whole]))
    rounded = model.solve(relaxed=True)
    assert rounded.objective is not None
    return Optimum(rounded.objective, solution.bound)


def without_kind(scenario: Scenario, kind: str) -> Scenario:
    """Return the scenario without the clauses of one kind."""
    return _keeping(scenario, lambda clause_kind, _: clause_kind != kind)


def without_clause(scenario: Scenario, clause_id: str) -> Scenario:
    """Return the scenario without one clause."""
    return _keeping(scenario, lambda _, identity: identity != clause_id)


def _keeping(scenario: Scenario, keep: Callable[[str, str], bool]) -> Scenario:
    contracts = tuple(
        dataclasses.replace(contract, clauses=tuple(c for c in contract.clauses if keep(c.kind, c.id)))
        for contract in scenario.contracts
    )
    return dataclasses.replace(scenario, contracts=contracts)
