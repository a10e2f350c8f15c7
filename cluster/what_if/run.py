"""`concordat whatif plan|run`: grids checked and run, with the concrete readers, stores and runners."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from cluster.data_folder import locked_run_folder
from cluster.what_if.opened import BASE_CASE, BASE_PLAN, GRID, PLANS
from cluster.what_if.runner import case_runner
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import GridFile, read_grid
from planner.adapters.scenario_folder import read_scenario
from planner.application.check_grid import CheckedGrid, check_grid
from planner.application.estimate_grid import estimate_grid
from planner.application.run_grid import BASE_TIMES, GridEnd, GridRun
from planner.cli.what_if_order import GridOrder, GridRunEnd, GridRunOrder
from planner.console.what_if_words import grid_lines, progress_line
from planner.domain.errors import FolderNotWritable, GridInvalid, InvalidRequest
from planner.domain.grid import Case
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.ports.what_if import CaseOrder, CaseRunner

_PAIRS = "pairs.parquet"


def plan_grid(order: GridOrder) -> Iterator[str]:
    """Return what a grid asks and may cost.

    Raises
    ------
    GridInvalid
        If the file or a factor is wrong, with the line of each finding.
    ScenarioUnreadable, ScenarioInvalid
        If the base is not there, or findings stand against it.
    """
    _, _, checked = _checked(order.grid)
    measured = [] if order.measured is None else ParquetCaseStore(order.measured).read()["seconds"].to_list()
    lanes = order.workers or os.cpu_count() or 1
    return grid_lines(checked, estimate_grid(checked.cases, lanes=lanes, seconds=order.seconds, measured=measured))


def run_grid(order: GridRunOrder, tell: Callable[[str], None]) -> GridRunEnd:
    """Plan all cases of a grid that have no result in the folder yet.

    Raises
    ------
    GridInvalid, ScenarioUnreadable, ScenarioInvalid
        As for :func:`plan_grid`.
    FolderNotWritable
        If the folder holds something else, a run of another base or to another gap, or cannot be written.
    InvalidRequest
        If the grid is the copy that the run itself keeps.
    StorageFailure
        If another run goes on in the folder.
    PlanningFailed
        If no worker can be started.
    """
    began = time.monotonic()
    if order.grid.resolve() == (order.out / GRID).resolve():
        raise InvalidRequest(f"{order.grid} is the run's own copy: name the grid it came from", "grid")
    file, base, checked = _checked(order.grid)
    store = ParquetCaseStore(order.out)
    digest = scenario_hash(base)
    with locked_run_folder(order.out):
        store.claim(
            {"schema": "concordat.what-if/1", "scenario_hash": digest, "gap": order.gap, "seed": order.seed},
            beside={"base": str(file.base.resolve()), "seconds": order.seconds},
        )
        _take_over(file.file, order.out / GRID)
        if order.retry_failed:
            tell(f"{store.forget_failures()} failed cases are asked anew")
        runner = case_runner(order.out, base, file.base, address=order.address, workers=order.workers)
        run = GridRun(
            runner,
            store,
            clock=lambda: time.monotonic() - began,
            budget=order.budget_seconds,
            tell=lambda progress: tell(progress_line(progress)),
        )
        tell(f"{checked.cases:,} cases, {runner.lanes} at once")
        end = asyncio.run(_asked(run, runner, order, file.grid.cases()))
        failed = store.read().filter(pl.col("outcome") == Outcome.FAILED.value).height
        return GridRunEnd(done=end.done, left=end.left, failed=failed, file=store.put_together())


async def _asked(run: GridRun, runner: CaseRunner, order: GridRunOrder, cases: tuple[Case, ...]) -> GridEnd:
    """Plan the base first, from nothing, then every other case from its plan."""
    base_plan = (order.out / BASE_PLAN).resolve()
    parameters = PlanningParameters(gap=order.gap, time_limit=order.seconds, seed=order.seed)
    longer = replace(parameters, time_limit=BASE_TIMES * order.seconds)
    first = CaseOrder(case=BASE_CASE, parameters=longer, plan_folder=str(base_plan))
    try:
        await run.ask([first])
        on = replace(parameters, base_plan=str(base_plan) if (base_plan / "plan.json").is_file() else "")
        others = [_ordered(case, on, order) for case in cases if case.key != BASE_CASE.key]
        return await run.ask([first, *others])
    finally:
        await runner.close()


def _ordered(case: Case, parameters: PlanningParameters, order: GridRunOrder) -> CaseOrder:
    plan_folder = str((order.out / PLANS / case.key).resolve()) if order.keep_plans else ""
    return CaseOrder(case=case, parameters=replace(parameters, seed=case.seed(order.seed)), plan_folder=plan_folder)


def _checked(file: Path) -> tuple[GridFile, Scenario, CheckedGrid]:
    """Return a grid, its base and what was found of it; raise what stands against it, with lines."""
    read = read_grid(file)
    base = read_scenario(read.base)
    checked = check_grid(read.grid, base)
    if checked.findings:
        raise GridInvalid(str(file), [read.placed(finding) for finding in checked.findings])
    return read, base, checked


def _take_over(file: Path, copy: Path) -> None:
    """Keep the grid that was asked, so that workers read this one whatever becomes of the file."""
    try:
        shutil.copyfile(file, copy)
    except OSError as error:
        raise FolderNotWritable(f"cannot write {copy}: {error.strerror}") from error
