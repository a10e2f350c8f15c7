"""OR-Tools behind the backend door: SCIP for mixed-integer programs, GLOP or PDLP for linear ones through MathOpt.

Programs travel as MathOpt's model message, filled from arrays (adding variables one by one is an order slower). A
linear model lives on: changes are passed to it, and GLOP continues from its last basis. A mixed-integer program is
handed over anew for every solve, so that a result depends on its inputs alone, and to another door (`scip_run`).
MathOpt's own HiGHS is never used: it fails on its error path, and it is another HiGHS than the one of `highs`. Programs
are loaded by `load`, or after changes before a solve's time begins: nobody else runs while OR-Tools loads.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from solvers.backends.deadline import Watch, settle
from solvers.backends.scip_run import ScipRun
from solvers.core.backend import Capabilities, Progress
from solvers.core.errors import BackendFailure, Unsupported
from solvers.core.program import Floats, Ints, Program, finite, numbers
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination

_REASON = {
    mathopt.TerminationReason.OPTIMAL: Termination.OPTIMAL,
    mathopt.TerminationReason.INFEASIBLE: Termination.INFEASIBLE,
    mathopt.TerminationReason.UNBOUNDED: Termination.UNBOUNDED,
    mathopt.TerminationReason.FEASIBLE: Termination.LIMIT,
    mathopt.TerminationReason.NO_SOLUTION_FOUND: Termination.LIMIT,
    # An answer that misses its tolerances proves nothing, like one cut short.
    mathopt.TerminationReason.IMPRECISE: Termination.LIMIT,
    mathopt.TerminationReason.NUMERICAL_ERROR: Termination.LIMIT,
}


class OrtoolsModel:
    """A program loaded for OR-Tools; see :class:`solvers.core.backend.Model` for the meaning of the methods."""

    def __init__(
        self, program: Program, *, linear: mathopt.SolverType, mixed: bool = False, tolerance: float = 1e-8
    ) -> None:
        self._program, self._tolerance = program, tolerance
        self._linear_type, self._mixed = linear, mixed
        self._objective = program.objective.copy()
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        self._linear: _Linear | None = None
        self._watch = Watch()
        self._run: ScipRun | None = None
        self._spent: ScipRun | None = None
        if not program.integer.any():
            self._load_linear()
        elif mixed:
            self._run = ScipRun(self._as_it_stands())

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._run = None
        self._objective[columns] = finite("objective", values)
        if self._linear is not None:
            model = self._linear.model
            for j, value in zip(columns, self._objective[columns], strict=True):
                model.objective.set_linear_coefficient(model.get_variable(int(j)), float(value))

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        self._run = None
        self._lower[columns], self._upper[columns] = numbers("lower", lower), numbers("upper", upper)
        if self._linear is not None:
            for j in columns:
                variable = self._linear.model.get_variable(int(j))
                variable.lower_bound, variable.upper_bound = float(self._lower[j]), float(self._upper[j])

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        self._run = None
        self._row_lower[rows], self._row_upper[rows] = numbers("row_lower", lower), numbers("row_upper", upper)
        if self._linear is not None:
            for i in rows:
                row = self._linear.model.get_linear_constraint(int(i))
                row.lower_bound, row.upper_bound = float(self._row_lower[i]), float(self._row_upper[i])

    def set_coefficients(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Replace entries of the matrix."""
        self._run = None
        self._program = replace(self._program, rows=self._program.rows.with_values(rows, columns, values))
        if self._linear is not None:
            model = self._linear.model
            for i, j, value in zip(rows, columns, values, strict=True):
                model.get_linear_constraint(int(i)).set_coefficient(model.get_variable(int(j)), float(value))

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve from the given start (mixed-integer) or from the last basis (linear).

        Raises Unsupported where the program asks for integers and this backend has none.
        """
        if np.any(self._lower > self._upper) or np.any(self._row_lower > self._row_upper):
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        linear = relaxed or not self._program.integer.any()
        if progress is not None and not linear:
            raise Unsupported("this backend does not report progress; choose 'highs' or 'cpsat'")
        if linear:
            interrupter = SolveInterrupter()
            attempt = partial(self._solve_linear, self._load_linear(), limits, interrupter)
            ended = self._watch.run(attempt, stop=interrupter.interrupt, seconds=limits.seconds)
            if ended.result is None:
                self._linear = None
            return settle(ended)
        if not self._mixed:
            raise Unsupported("this backend solves linear programs only; choose 'scip' or 'highs', or solve relaxed")
        begun = time.perf_counter()
        # Freeing a large program takes SCIP longer than a solve may overrun its limit: it waits for the next solve.
        self._spent = None
        run, self._run = self._run or ScipRun(self._as_it_stands()), None
        if limits.seconds is not None:
            limits = replace(limits, seconds=max(limits.seconds - (time.perf_counter() - begun), 1e-3))
        self._spent = run
        return settle(self._watch.run(partial(run.solve, limits, start), stop=run.stop, seconds=limits.seconds))

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop."""
        self._watch.interrupt()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Raise Unsupported: `solvers.core.conflict` finds one with any exact backend."""
        del limits
        raise Unsupported("this backend names no conflict itself; call solvers.core.conflict.minimal_conflict")

    def _as_it_stands(self) -> Program:
        return replace(
            self._program,
            objective=self._objective.copy(),
            lower=self._lower.copy(),
            upper=self._upper.copy(),
            row_lower=self._row_lower.copy(),
            row_upper=self._row_upper.copy(),
        )

    def _load_linear(self) -> _Linear:
        """Load the relaxation: apart from solving, since MathOpt lets nobody else run while it loads."""
        if self._linear is None:
            with _translated():
                self._linear = _Linear(self._message(self._objective), self._linear_type)
        return self._linear

    def _solve_linear(self, loaded: _Linear, limits: Limits, interrupter: SolveInterrupter) -> Solution:
        parameters = _parameters(limits, self._linear_type, self._tolerance)
        with _translated():
            result = loaded.solver.solve(params=parameters, interrupter=interrupter)
        ended = result.termination
        if ended.limit is mathopt.Limit.INTERRUPTED:
            termination = Termination.INTERRUPTED
        elif ended.reason is mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED:
            termination = self._infeasible_or_unbounded(limits, interrupter)
        elif ended.reason in _REASON:
            termination = _REASON[ended.reason]
        else:
            raise BackendFailure(f"OR-Tools ended with {ended.reason.name} ({ended.detail}); rescale the program")
        return self._solution(result, termination)

    def _infeasible_or_unbounded(self, limits: Limits, interrupter: SolveInterrupter) -> Termination:
        """Tell the two apart: with an objective of zero, only an infeasible program has no optimum."""
        plain = _Linear(self._message(np.zeros(self._program.columns)), self._linear_type)
        parameters = _parameters(limits, self._linear_type, self._tolerance)
        with _translated():
            ended = plain.solver.solve(params=parameters, interrupter=interrupter).termination
        if ended.reason in {mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE}:
            return Termination.UNBOUNDED
        if ended.reason is mathopt.TerminationReason.INFEASIBLE:
            return Termination.INFEASIBLE
        return Termination.LIMIT

    def _message(self, objective: Floats) -> model_pb2.ModelProto:
        program, message = self._program, model_pb2.ModelProto()
        message.variables.ids.extend(range(program.columns))
        message.variables.lower_bounds.extend(self._lower)
        message.variables.upper_bounds.extend(self._upper)
        message.variables.integers.extend([False] * program.columns)
        message.objective.maximize = True
        message.objective.offset = program.offset
        message.objective.linear_coefficients.ids.extend(np.flatnonzero(objective).tolist())
        message.objective.linear_coefficients.values.extend(objective[objective != 0])
        message.linear_constraints.ids.extend(range(program.rows.rows))
        message.linear_constraints.lower_bounds.extend(self._row_lower)
        message.linear_constraints.upper_bounds.extend(self._row_upper)
        used = program.rows.value != 0
        message.linear_constraint_matrix.row_ids.extend(program.rows.row_of_entry()[used].tolist())
        message.linear_constraint_matrix.column_ids.extend(program.rows.index[used].tolist())
        message.linear_constraint_matrix.coefficients.extend(program.rows.value[used])
        return message

    def _solution(self, result: mathopt.SolveResult, termination: Termination) -> Solution:
        x = objective = dual = None
        if result.has_primal_feasible_solution():
            x = _values(result.variable_values(), self._program.columns)
            objective = float(self._objective @ x + self._program.offset)
        if termination is Termination.OPTIMAL and result.has_dual_feasible_solution():
            dual = _values(result.dual_values(), self._program.rows.rows)
        bound = np.inf
        if termination is Termination.INFEASIBLE:
            bound = -np.inf
        elif termination is Termination.OPTIMAL and objective is not None:
            bound = objective
        return Solution(
            termination=termination,
            x=x,
            objective=objective,
            bound=bound,
            row_dual=dual,
            iterations=int(result.solve_stats.simplex_iterations + result.solve_stats.first_order_iterations),
        )


class _Linear:
    """A linear program that lives on in MathOpt."""

    def __init__(self, message: model_pb2.ModelProto, kind: mathopt.SolverType) -> None:
        self.model = mathopt.Model.from_model_proto(message)
        self.solver = mathopt.IncrementalSolver(self.model, kind)


@contextmanager
def _translated() -> Iterator[None]:
    """Translate errors of OR-Tools."""
    try:
        yield
    # AttributeError: MathOpt 9.15 trips over its own translation of a status that is not OK.
    except (RuntimeError, ValueError, AttributeError, mathopt.InternalMathOptError) as error:
        raise BackendFailure(f"OR-Tools refused to solve ({error}); look for extreme values in the program") from error


def _values(values: dict[object, float], size: int) -> Floats:
    """Return values in order of their ids, which are 0..size-1."""
    ordered: Sequence[float] = list(values.values())
    if len(ordered) != size:
        raise BackendFailure(f"OR-Tools returned {len(ordered)} values where the program has {size}")
    return np.array(ordered, dtype=np.float64)


def _parameters(limits: Limits, kind: mathopt.SolverType, tolerance: float) -> mathopt.SolveParameters:
    seconds = None if limits.seconds is None else dt.timedelta(seconds=limits.seconds)
    if kind is mathopt.SolverType.PDLP:
        parameters = mathopt.SolveParameters(time_limit=seconds, iteration_limit=limits.iterations)
        parameters.pdlp.termination_criteria.simple_optimality_criteria.eps_optimal_relative = tolerance
        parameters.pdlp.termination_criteria.simple_optimality_criteria.eps_optimal_absolute = tolerance
        return parameters
    return mathopt.SolveParameters(time_limit=seconds, iteration_limit=limits.iterations, random_seed=0)


class ScipBackend:
    """SCIP for mixed-integer programs, GLOP for linear ones."""

    name = "scip"
    capabilities = Capabilities(integers=True, duals=True, warm_start=True, interrupt=True)

    def load(self, program: Program) -> OrtoolsModel:
        """Load a program."""
        return OrtoolsModel(program, linear=mathopt.SolverType.GLOP, mixed=True)


class GlopBackend:
    """GLOP, a simplex solver: linear programs and relaxations only."""

    name = "glop"
    capabilities = Capabilities(integers=False, duals=True, warm_start=True, interrupt=True)

    def load(self, program: Program) -> OrtoolsModel:
        """Load a program."""
        return OrtoolsModel(program, linear=mathopt.SolverType.GLOP)


class PdlpBackend:
    """PDLP, a first-order solver, for very large linear programs: values and duals to about 1e-6 only.

    ``tolerance`` is its relative and absolute criterion of optimality.
    """

    name = "pdlp"
    capabilities = Capabilities(integers=False, duals=True, warm_start=False, interrupt=True, exact=False)

    def __init__(self, *, tolerance: float = 1e-8) -> None:
        self._tolerance = tolerance

    def load(self, program: Program) -> OrtoolsModel:
        """Load a program."""
        return OrtoolsModel(program, linear=mathopt.SolverType.PDLP, tolerance=self._tolerance)
