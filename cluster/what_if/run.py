"""`concordat whatif plan|run`: grids checked and run, with the concrete readers, stores and runners."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cluster.data_folder import locked_run_folder
from cluster.what_if.opened import GRID, KeptPlans
from cluster.what_if.runner import case_runner
from planner.adapters.case_store import UNANSWERED, ParquetCaseStore
from planner.adapters.grid_yaml import GridFile, read_grid
from planner.adapters.scenario_folder import read_scenario
from planner.application.ask_grid import ask_grid
from planner.application.check_grid import CheckedGrid, check_grid
from planner.application.estimate_grid import estimate_grid
from planner.application.run_grid import GridEnd, GridRun
from planner.cli.what_if_order import GridOrder, GridRunEnd, GridRunOrder, Start
from planner.console.what_if_words import grid_lines, progress_line
from planner.domain.case_tree import base_parents, nearest_parents
from planner.domain.errors import FolderNotWritable, GridInvalid, InvalidRequest, PlanUnreadable
from planner.domain.grid import BASE_CASE, Case
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseRunner


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
        If the folder holds something else, a run of another base, to another gap or that goes on from other plans, or
        cannot be written.
    InvalidRequest
        If the grid is the copy that the run itself keeps, or has too many cases to tell which are near each other.
    PlanUnreadable
        If the plan of a case from which others go on is gone.
    StorageFailure
        If another run goes on in the folder.
    PlanningFailed
        If no worker can be started.
    """
    began = time.monotonic()
    if order.grid.resolve() == (order.out / GRID).resolve():
        raise InvalidRequest(f"{order.grid} is the run's own copy: name the grid it came from", "grid")
    file, base, checked = _checked(order.grid)
    cases = file.grid.cases()
    parents = _parents(cases, order.start)
    store = ParquetCaseStore(order.out)
    with locked_run_folder(order.out):
        _claim(store, order, file.base, scenario_hash(base))
        _take_over(file.file, order.out / GRID)
        if order.retry_failed:
            tell(f"{store.forget_failures()} cases that failed or found no plan in their seconds are asked anew")
        runner = case_runner(order.out, base, file.base, address=order.address, workers=order.workers)
        run = GridRun(
            runner,
            store,
            clock=lambda: time.monotonic() - began,
            budget=order.budget_seconds,
            tell=lambda progress: tell(progress_line(progress)),
        )
        tell(f"{checked.cases:,} cases, {runner.lanes} at once")
        plans = _RunPlans(store, KeptPlans(order.out.resolve()), of_all=order.keeps_all_plans)
        parameters = PlanningParameters(gap=order.gap, time_limit=order.seconds, seed=order.seed)
        asked = ask_grid(run, cases, parents=parents, plans=plans, parameters=parameters, base_gap=order.base_gap)
        end = asyncio.run(_closing(runner, asked))
        unanswered = store.read().filter(pl.col("outcome").is_in(UNANSWERED)).height
        return GridRunEnd(done=end.done, left=end.left, unanswered=unanswered, file=store.put_together())


@dataclass(frozen=True, slots=True)
class _RunPlans:
    """The plans that a run keeps, of its base or ``of_all`` cases; see :class:`planner.ports.what_if.CasePlans`."""

    store: ParquetCaseStore
    kept: KeptPlans
    of_all: bool

    def place(self, key: str) -> str:
        return str(self.kept.first(key)) if self.of_all or key == BASE_CASE.key else ""

    def found(self, key: str) -> str:
        if key == BASE_CASE.key:
            return self.kept.base
        result = self.store.result(key)
        folder = self.kept.of(result)
        if result.plan_hash and folder is None:
            raise PlanUnreadable(
                f"the plan of {result.name}, from which other cases go on, is gone from {self.kept.first(key)}: put it "
                "back, or run the grid in a new folder"
            )
        return "" if folder is None else str(folder)


async def _closing(runner: CaseRunner, asked: Coroutine[None, None, GridEnd]) -> GridEnd:
    try:
        return await asked
    finally:
        await runner.close()


def _claim(store: ParquetCaseStore, order: GridRunOrder, base: Path, digest: str) -> None:
    """Note what results depend on, so that no run goes on with those that depend on something else."""
    store.claim(
        {
            "schema": "concordat.what-if/1",
            "scenario_hash": digest,
            "gap": order.gap,
            "base_gap": order.gap_of_base,
            "seed": order.seed,
            "from": order.start.value,
        },
        beside={"base": str(base.resolve()), "seconds": order.seconds},
        unless_noted={"from": Start.BASE.value, "base_gap": order.gap},
    )


def _parents(cases: Sequence[Case], start: Start) -> dict[str, str]:
    """Return from whose plan each case goes on."""
    if start is Start.BASE:
        return base_parents(cases)
    try:
        return nearest_parents(cases)
    except ValueError as error:
        raise InvalidRequest(f"{error}: leave out --from neighbour, or split the grid", "from") from error


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
