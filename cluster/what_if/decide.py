"""`concordat whatif compare --decide`: cases of a run planned further until the pairs that matter are decided."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cluster.data_folder import locked_run_folder
from cluster.what_if.opened import KeptPlans, OpenedRun, open_run
from cluster.what_if.runner import case_runner
from planner.adapters.case_store import ParquetCaseStore
from planner.application.decide_grid import Deciding, DecisionEnd, Step, reference_key
from planner.cli.what_if_order import DecideOrder
from planner.console.what_if_decisions import decision_lines, step_line
from planner.domain.errors import InvalidRequest
from planner.domain.grid import BASE_CASE
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult


def decide_pairs(order: DecideOrder, tell: Callable[[str], None]) -> Iterator[str]:
    """Plan cases further until the pairs that matter are decided or the budget is used up; tell what came of it.

    Raises
    ------
    PlanUnreadable, InvalidRequest, ScenarioUnreadable, GridInvalid
        As for :func:`cluster.what_if.opened.open_run`; also if the run has no results yet.
    StorageFailure
        If a run goes on in the folder.
    FolderNotWritable
        If results cannot be written.
    PlanningFailed
        If no worker can be started.
    """
    began = time.monotonic()
    run = open_run(order.results)
    with locked_run_folder(run.folder):
        results = [each for each in run.store.results() if each.key in run.cases]
        if not results:
            raise InvalidRequest(f"{run.folder} has no results of its grid yet: run the grid first", "results")
        end = asyncio.run(_decided(run, results, order, tell, began))
        run.store.put_together()
    return decision_lines(end, order.seconds)


async def _decided(
    run: OpenedRun, results: list[CaseResult], order: DecideOrder, tell: Callable[[str], None], began: float
) -> DecisionEnd:
    runner = case_runner(run.folder, run.base, run.base_folder, address=order.address, workers=order.workers)
    plans = run.plans

    def ordered(step: Step, result: CaseResult) -> CaseOrder:
        case = run.cases[step.key]
        parameters = PlanningParameters(
            gap=step.gap, time_limit=step.seconds, seed=case.seed(run.seed), base_plan=plans.start(result)
        )
        return CaseOrder(case=case, parameters=parameters, plan_folder=plans.fresh(step.key))

    deciding = Deciding(
        runner,
        _TidyStore(run.store, plans),
        ordered,
        clock=lambda: time.monotonic() - began,
        seconds=order.seconds,
        budget=order.budget_seconds,
        bounds=order.bounds,
        tell=lambda progress: tell(step_line(progress)),
    )
    try:
        return await deciding.decide(results, reference_key(results, BASE_CASE.key))
    finally:
        await runner.close()


@dataclass(frozen=True, slots=True)
class _TidyStore:
    """Keeps results, then removes the plans on which they no longer rest; see the port."""

    store: ParquetCaseStore
    plans: KeptPlans

    def done(self) -> frozenset[str]:
        return self.store.done()

    def keep(self, result: CaseResult) -> None:
        self.store.keep(result)
        self.plans.tidy(result)
