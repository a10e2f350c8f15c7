"""`concordat whatif compare --robust`: first decisions of kept plans, held fixed in all scenarios of a run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from cluster.data_folder import locked_run_folder
from cluster.what_if.opened import OpenedRun, open_run
from cluster.what_if.runner import case_runner
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.plan_folder import read_plan
from planner.application.compare_robust import Candidate, HeldRunner, robust_choice, screened
from planner.application.run_grid import GridEnd, GridRun
from planner.cli.what_if_order import RobustOrder
from planner.console.what_if_robust import robust_lines, robust_table
from planner.console.what_if_words import progress_line
from planner.domain.errors import InvalidRequest
from planner.domain.grid import BASE_CASE
from planner.domain.hashing import table_hash
from planner.domain.holding import first_decisions
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult, HeldPlan

_ROBUST, _TABLE = "robust", "robust.parquet"


def compare_robust(order: RobustOrder, tell: Callable[[str], None]) -> Iterator[str]:
    """Hold the first decisions of kept plans fixed in every scenario of a run, and tell which are best in what sense.

    What was planned stands in the folder ``robust`` of the run, and is not planned again.

    Raises
    ------
    PlanUnreadable, InvalidRequest, ScenarioUnreadable, GridInvalid
        As for :func:`cluster.what_if.opened.open_run`; also if no plan was kept, or periods are outside the horizon.
    StorageFailure
        If a run goes on in the folder.
    FolderNotWritable
        If results cannot be written.
    PlanningFailed
        If no worker can be started.
    """
    began = time.monotonic()
    run = open_run(order.results)
    if order.periods > run.base.horizon.periods:
        raise InvalidRequest(f"the horizon has {run.base.horizon.periods} periods, not {order.periods}", "periods")
    with locked_run_folder(run.folder):
        results = [each for each in run.store.results() if each.key in run.cases and each.value is not None]
        left_out = len(run.cases) - len(results)
        plans = run.plans
        kept = {each.key: folder for each in results if (folder := plans.of(each)) is not None}
        candidates = _candidates(run, results, kept, order)
        store = ParquetCaseStore(run.folder / _ROBUST)
        noted = {"scenario_hash": run.store.claimed()["scenario_hash"], "gap": run.gap, "seed": run.seed}
        store.claim({"schema": "concordat.what-if-robust/1", **noted})
        store.forget_failures()
        asked = {
            (candidate.plan_hash, each.key): _order(run, order, candidate, each)
            for candidate in candidates
            for each in results
        }
        tell(f"{len(candidates)} candidates in {len(results)} scenarios: {len(asked):,} plans")
        end = asyncio.run(_asked(run, store, list(asked.values()), order, tell, began))
        known = {each.key: each for each in store.results()}
        held = {pair: known[each.key] for pair, each in asked.items() if each.key in known}
        found = robust_choice(candidates, results, held, risk=order.risk, alpha=order.alpha, bounds=order.bounds)
        run.store.write_beside(robust_table(found), _TABLE)
    return robust_lines(found, order.periods, left=end.left, left_out=left_out, not_kept=len(results) - len(kept))


def _candidates(
    run: OpenedRun, results: Sequence[CaseResult], kept: Mapping[str, Path], order: RobustOrder
) -> list[Candidate]:
    """Return the candidates among plans that are ``kept`` (folder by key of the case), each with other decisions."""
    if not kept:
        raise InvalidRequest(
            f"{run.folder} keeps no plans whose first decisions could be held: run the grid into "
            "a new folder with --keep-plans",
            "results",
        )
    candidates: dict[tuple[str, str], Candidate] = {}
    for each in screened([each for each in results if each.key in kept], BASE_CASE.key, order.candidates):
        folder = kept[each.key]
        lots, bought = first_decisions(read_plan(folder), order.periods)
        same = table_hash("production", lots), table_hash("purchases", bought)
        candidates.setdefault(same, Candidate(each.key, each.name, each.plan_hash, str(folder)))
    return list(candidates.values())


def _order(run: OpenedRun, order: RobustOrder, candidate: Candidate, scenario: CaseResult) -> CaseOrder:
    case = run.cases[scenario.key]
    parameters = PlanningParameters(
        gap=run.gap, time_limit=order.seconds, seed=case.seed(run.seed), base_plan=candidate.folder
    )
    held = HeldPlan(folder=candidate.folder, plan_hash=candidate.plan_hash, periods=order.periods)
    return CaseOrder(case=case, parameters=parameters, held=held)


async def _asked(
    run: OpenedRun,
    store: ParquetCaseStore,
    orders: Sequence[CaseOrder],
    order: RobustOrder,
    tell: Callable[[str], None],
    began: float,
) -> GridEnd:
    runner = HeldRunner(
        case_runner(run.folder, run.base, run.base_folder, address=order.address, workers=order.workers)
    )
    grid = GridRun(
        runner,
        store,
        clock=lambda: time.monotonic() - began,
        budget=order.budget_seconds,
        tell=lambda progress: tell(progress_line(progress)),
    )
    try:
        return await grid.ask(orders)
    finally:
        await runner.close()
