"""`concordat whatif amend`: one number of one clause at several values, as a run like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from cluster.what_if.compare import write_page
from cluster.what_if.run import run_grid
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.grid_yaml import read_grid, write_amendment
from planner.adapters.scenario_folder import read_scenario
from planner.application.amendment_curve import amendment_curve
from planner.cli.what_if_order import AmendOrder, GridRunOrder
from planner.console.what_if_curve import curve_lines, render_curve
from planner.domain.errors import GridInvalid, InvalidRequest
from planner.domain.patches.agreements import LOOSENED_BY, MAIN_FIELD
from planner.domain.patches.selection import nearest
from planner.domain.scenario import Scenario


def amend_clause(order: AmendOrder, tell: Callable[[str], None]) -> Iterator[str]:
    """Plan the scenario with each value of the clause's number, and return what each gains.

    Raises
    ------
    InvalidRequest
        If there is no such clause, its kind has no such number, or one of the values makes no valid scenario.
    ConcordatError
        As for :func:`cluster.what_if.run.run_grid`.
    """
    scenario = read_scenario(order.scenario, customers=False)
    field = order.field or _main_field(scenario, order.clause)
    with tempfile.TemporaryDirectory(prefix="concordat-amend-") as folder:
        file = Path(folder) / "grid.yaml"
        write_amendment(file, order.scenario, order.clause, field, order.levels)
        asked = GridRunOrder(grid=file, out=order.out, gap=order.gap, seconds=order.seconds, workers=order.workers)
        try:
            run_grid(asked, tell)
        except GridInvalid as error:
            # The file is ours and gone by then: its name and lines would lead nowhere.
            reasons = "\n".join(finding.message for finding in error.findings)
            other = "" if order.field else " (--field names another number of it)"
            raise InvalidRequest(
                f"{field} of {order.clause} cannot be amended so{other}:\n{reasons}", "clause"
            ) from error
        cases = read_grid(file).grid.cases()
    results = ParquetCaseStore(order.out).read().sort("name", "key")
    amended = {case.key: float(case.settings[0][1]) for case in cases if case.settings}
    curve = amendment_curve(
        results,
        amended,
        (order.clause, field),
        present=_present(scenario, order.clause, field),
        looser=LOOSENED_BY.get(field, 0),
    )
    if order.html is not None:
        write_page(order.html, render_curve(curve))
    return curve_lines(curve)


def _present(scenario: Scenario, clause_id: str, field: str) -> float | None:
    """Return the number as it is; None where it is open, or the clause has several."""
    number = next((getattr(clause, field, None) for clause in scenario.clauses if clause.id == clause_id), None)
    return None if number is None else float(number)


def _main_field(scenario: Scenario, clause_id: str) -> str:
    kinds = {clause.id: clause.kind for clause in scenario.clauses}
    if clause_id not in kinds:
        raise InvalidRequest(f"the scenario has no clause {clause_id!r}: {nearest(clause_id, kinds)}", "clause")
    field = MAIN_FIELD.get(kinds[clause_id])
    if field is None:
        raise InvalidRequest(f"{clause_id}, a clause of kind {kinds[clause_id]}, states no number to amend", "clause")
    return field
