"""`concordat whatif amend`: one number of one clause at several values, as a run like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from cluster.what_if import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid, write_amendment
from planner.adapters.scenario_folder import read_scenario
from planner.cli.what_if_order import AmendOrder, GridRunOrder
from planner.console.what_if_words import curve_lines
from planner.domain.comparison import pairwise
from planner.domain.errors import InvalidRequest
from planner.domain.patches.agreements import MAIN_FIELD
from planner.domain.patches.selection import nearest
from planner.domain.scenario import Scenario


def amend_clause(order: AmendOrder, tell: Callable[[str], None]) -> Iterator[str]:
    """Plan the scenario with each value of the clause's number, and return what each gains.

    Raises
    ------
    InvalidRequest
        If there is no such clause, or its kind has no number.
    ConcordatError
        As for :func:`cluster.what_if.run_grid`.
    """
    field = order.field or _main_field(read_scenario(order.scenario, customers=False), order.clause)
    with tempfile.TemporaryDirectory(prefix="concordat-amend-") as folder:
        file = Path(folder) / "grid.yaml"
        write_amendment(file, order.scenario, order.clause, field, order.levels)
        run_grid(
            GridRunOrder(grid=file, out=order.out, gap=order.gap, seconds=order.seconds, workers=order.workers), tell
        )
        cases = read_grid(file).grid.cases()
    results = ParquetCaseStore(order.out).read().sort("name", "key")
    amended = {case.key: float(case.settings[0][1]) for case in cases if case.settings}
    return curve_lines(results, pairwise(results), amended, order.clause)


def _main_field(scenario: Scenario, clause_id: str) -> str:
    kinds = {clause.id: clause.kind for clause in scenario.clauses}
    if clause_id not in kinds:
        raise InvalidRequest(f"the scenario has no clause {clause_id!r}: {nearest(clause_id, kinds)}", "clause")
    field = MAIN_FIELD.get(kinds[clause_id])
    if field is None:
        raise InvalidRequest(f"{clause_id}, a clause of kind {kinds[clause_id]}, states no number to amend", "clause")
    return field
