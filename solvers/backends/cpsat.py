"""OR-Tools CP-SAT behind the backend door: programs in whole numbers only, by conflict-driven search.

Columns must be integer with finite bounds, or be marked integer by whoever knows that whole numbers lose nothing.
Coefficients are scaled to whole numbers exactly (`whole_numbers`), or the program is refused; a rounded objective's
error is added to the bound. One worker and a fixed seed, so that the same input gives the same bytes; the program is
handed over anew for every solve. ``Limits.nodes`` bounds conflicts, which are CP-SAT's nodes; ``Limits.iterations``
has no meaning here.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from ortools.sat.python import cp_model_helper as sat

from solvers.backends.deadline import Ended, Watch, settle
from solvers.backends.whole_numbers import (
    WholeObjective,
    refuse_overflow,
    whole_bounds,
    whole_objective,
    whole_rows,
)
from solvers.core.backend import Capabilities, Progress
from solvers.core.errors import BackendFailure, Unsupported
from solvers.core.program import Floats, Ints, Program, SparseRows, finite, numbers
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination

_FOUND = (sat.CpSolverStatus.OPTIMAL, sat.CpSolverStatus.FEASIBLE)


class CpSatModel:
    """A program in whole numbers; see :class:`solvers.core.backend.Model` for the meaning of the methods."""

    def __init__(self, program: Program, *, tolerance: float) -> None:
        self._program, self._tolerance = program, tolerance
        self._objective = program.objective.copy()
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        self._rows = whole_rows(program.rows, tolerance=tolerance)
        self._message: sat.CpModelProto | None = self._built()
        self._watch = Watch()

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._objective[columns] = finite("objective", values)

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        self._lower[columns], self._upper[columns] = numbers("lower", lower), numbers("upper", upper)

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        self._row_lower[rows], self._row_upper[rows] = numbers("row_lower", lower), numbers("row_upper", upper)

    def set_coefficients(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Replace entries of the matrix."""
        self._program = replace(self._program, rows=self._program.rows.with_values(rows, columns, values))
        self._rows = whole_rows(self._program.rows, tolerance=self._tolerance)
        self._message = _message(self._program.rows, self._rows.value.tolist(), self._program.columns)

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve in whole numbers; raises Unsupported for a relaxation or columns without finite bounds."""
        begun = time.perf_counter()
        self._refuse(relaxed=relaxed)
        box = whole_bounds(self._lower, self._upper, np.ones(len(self._lower)))
        sides = whole_bounds(self._row_lower, self._row_upper, self._rows.scale)
        if any(low > high for low, high in (*zip(*box, strict=True), *zip(*sides, strict=True))):
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        refuse_overflow(self._program.rows, self._rows, np.maximum(np.abs(self._lower), np.abs(self._upper)))
        objective = whole_objective(self._objective, self._lower, self._upper, tolerance=self._tolerance)
        self._message = message = self._message or self._built()
        _fill(message, box, sides, objective, self._program.offset)
        if start is not None:
            known = np.flatnonzero(~np.isnan(start))
            message.solution_hint.vars.extend(known.tolist())
            message.solution_hint.values.extend(np.rint(start[known]).astype(np.int64).tolist())
        if limits.seconds is not None:
            limits = replace(limits, seconds=max(limits.seconds - (time.perf_counter() - begun), 1e-3))
        return self._search(message, objective, limits, progress)

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop."""
        self._watch.interrupt()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Raise Unsupported: `solvers.core.conflict` finds one with any exact backend."""
        del limits
        raise Unsupported("'cpsat' names no conflict itself; call solvers.core.conflict.minimal_conflict")

    def _refuse(self, *, relaxed: bool) -> None:
        if relaxed or not self._program.integer.all():
            raise Unsupported(
                "'cpsat' knows whole numbers only: mark a column integer where that loses nothing, or choose 'highs'"
            )
        endless = np.flatnonzero(np.isinf(self._lower) | np.isinf(self._upper))
        if len(endless):
            raise Unsupported(f"'cpsat' needs finite bounds of every column; give column {int(endless[0])} some")

    def _built(self) -> sat.CpModelProto:
        return _message(self._program.rows, self._rows.value.tolist(), self._program.columns)

    def _search(
        self, message: sat.CpModelProto, objective: WholeObjective, limits: Limits, progress: Progress | None
    ) -> Solution:
        wrapper: Any = sat.SolveWrapper()  # the library's types leave out those of `solve`
        wrapper.set_parameters(_parameters(limits))
        report = _Report(progress, objective.slack)
        wrapper.add_solution_callback(report)
        wrapper.add_best_bound_callback(report.on_bound)
        ended = self._watch.run(partial(wrapper.solve, message), stop=wrapper.stop_search, seconds=limits.seconds)
        if ended.result is None:
            # The abandoned solve holds the message.
            self._message = None
        if report.error is not None:
            raise report.error
        value = None if report.x is None else float(self._objective @ report.x + self._program.offset)
        left = Solution(termination=Termination.LIMIT, x=report.x, objective=value, bound=report.bound)
        found = None if ended.result is None else self._solution(message, ended.result, objective, report.bound)
        solution = settle(Ended(ended.end, found), left)
        at_most = np.maximum(self._objective * self._lower, self._objective * self._upper).sum() + self._program.offset
        return replace(solution, bound=min(solution.bound, float(np.nextafter(at_most, np.inf))))

    def _solution(
        self, message: sat.CpModelProto, response: sat.CpSolverResponse, objective: WholeObjective, told: float
    ) -> Solution:
        status = response.status
        if status == sat.CpSolverStatus.MODEL_INVALID:
            raise BackendFailure(f"CP-SAT refused the program: {sat.CpSatHelper.validate_model(message)}")
        if status == sat.CpSolverStatus.INFEASIBLE:
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        # Where nobody interrupted, `settle` calls it a limit.
        termination = Termination.OPTIMAL if status == sat.CpSolverStatus.OPTIMAL else Termination.INTERRUPTED
        x = np.array(list(response.solution), dtype=np.float64) if status in _FOUND else None
        value = None if x is None else float(self._objective @ x + self._program.offset)
        proved = -float(response.inner_objective_lower_bound) / objective.scale + self._program.offset
        bound = proved if objective.slack == 0 else np.nextafter(proved + objective.slack, np.inf)
        if status not in _FOUND:
            # Stopped before it began, CP-SAT leaves a bound of 0 that it never proved.
            bound = told
        return Solution(
            termination=termination,
            x=x,
            objective=value,
            bound=float(bound if value is None else max(bound, value)),
            nodes=int(response.num_conflicts),
            iterations=int(response.num_lp_iterations),
        )


def _fill(
    message: sat.CpModelProto,
    box: tuple[list[int], list[int]],
    sides: tuple[list[int], list[int]],
    objective: WholeObjective,
    offset: float,
) -> None:
    """Bring a message up to date: bounds, and the objective as a minimisation of the negative weights; no hint."""
    for variable, domain in zip(message.variables, zip(*box, strict=True), strict=True):
        variable.domain[0], variable.domain[1] = domain
    for row, domain in zip(message.constraints, zip(*sides, strict=True), strict=True):
        row.linear.domain[0], row.linear.domain[1] = domain
    message.clear_objective()
    used = np.flatnonzero(objective.weight)
    message.objective.vars.extend(used.tolist())
    message.objective.coeffs.extend((-objective.weight[used]).tolist())
    # Gaps are judged on the value as the caller sees it.
    message.objective.scaling_factor = -1.0 / objective.scale
    message.objective.offset = -offset * objective.scale
    message.clear_solution_hint()


def _message(rows: SparseRows, values: list[int], columns: int) -> sat.CpModelProto:
    """Return a program's rows as CP-SAT's message, all bounds 0."""
    message = sat.CpModelProto()
    for _ in range(columns):
        message.variables.add().domain.extend([0, 0])
    start, index = rows.start.tolist(), rows.index.tolist()
    for i in range(rows.rows):
        linear = message.constraints.add().linear
        linear.vars.extend(index[start[i] : start[i + 1]])
        linear.coeffs.extend(values[start[i] : start[i + 1]])
        linear.domain.extend([0, 0])
    return message


class _Report(sat.SolutionCallback):
    """Keeps incumbents and bounds and passes them on.

    ``error`` is what the listener raised, if it did, since that must not cross the library.
    """

    def __init__(self, progress: Progress | None, slack: float) -> None:
        super().__init__()
        self._progress, self._slack = progress, slack
        self._incumbent: float | None = None
        self.x: Floats | None = None
        self.bound = float("inf")
        self.error: BaseException | None = None

    def OnSolutionCallback(self) -> None:  # noqa: N802 - the library's name
        """Keep an incumbent."""
        self._incumbent = self.ObjectiveValue()
        response: Any = self.Response()  # type: ignore[no-untyped-call] # left out by the library's types
        self.x = np.array(list(response.solution), dtype=np.float64)
        self.on_bound(self.BestObjectiveBound())

    def on_bound(self, bound: float) -> None:
        """Keep a bound."""
        self.bound = min(self.bound, bound + self._slack)
        if self._progress is None or self.error is not None:
            return
        try:
            self._progress(self._incumbent, self.bound)
        except BaseException as error:  # noqa: BLE001 - raised again once the library has returned
            self.error = error
            self.StopSearch()


def _parameters(limits: Limits) -> sat.SatParameters:
    parameters = sat.SatParameters()
    parameters.num_workers, parameters.random_seed = 1, 0
    parameters.relative_gap_limit, parameters.absolute_gap_limit = limits.gap, limits.absolute_gap
    if limits.seconds is not None:
        parameters.max_time_in_seconds = limits.seconds
    if limits.nodes is not None:
        parameters.max_number_of_conflicts = limits.nodes
    return parameters


class CpSatBackend:
    """CP-SAT for programs in whole numbers.

    A coefficient counts as the fraction with a denominator up to 10⁶ that it misses by at most ``tolerance`` of itself.
    """

    name = "cpsat"
    capabilities = Capabilities(
        integers=True,
        duals=False,
        warm_start=True,
        interrupt=True,
        progress=True,
        continuous=False,
        infinite=False,
    )

    def __init__(self, *, tolerance: float = 1e-15) -> None:
        self._tolerance = tolerance

    def load(self, program: Program) -> CpSatModel:
        """Load a program; raises Unsupported where its rows cannot be told in whole numbers."""
        if not np.all(np.isfinite(program.rows.value)):
            raise Unsupported("CP-SAT takes finite coefficients only; replace infinite entries of the matrix")
        return CpSatModel(program, tolerance=self._tolerance)
