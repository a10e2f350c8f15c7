"""OR-Tools behind the backend door: SCIP for mixed-integer, GLOP or PDLP for linear programs, through MathOpt.

Programs travel as MathOpt's model message, filled from arrays (adding variables one by one is an order slower). A
linear model lives on: changes are passed to it, and GLOP continues from its last basis. A mixed-integer program is
handed over anew for every solve, so that a result depends on its inputs alone. MathOpt's own HiGHS is never used: it
fails on its error path, and it is another HiGHS than the one of `highs`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.util.python.solve_interrupter import SolveInterrupter

from solvers.core.backend import Capabilities, Progress
from solvers.core.errors import BackendFailure, Unsupported
from solvers.core.program import Floats, Ints, Program
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
        self,
        program: Program,
        *,
        linear: mathopt.SolverType,
        mixed: mathopt.SolverType | None,
        tolerance: float = 1e-8,
    ) -> None:
        self._program, self._tolerance = program, tolerance
        self._linear_type, self._mixed_type = linear, mixed
        self._objective = program.objective.copy()
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        self._linear: tuple[mathopt.Model, mathopt.IncrementalSolver] | None = None
        self._interrupter: SolveInterrupter | None = None

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._objective[columns] = values
        if self._linear is not None:
            model = self._linear[0]
            for j, value in zip(columns, self._objective[columns], strict=True):
                model.objective.set_linear_coefficient(model.get_variable(int(j)), float(value))

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        self._lower[columns], self._upper[columns] = lower, upper
        if self._linear is not None:
            for j in columns:
                variable = self._linear[0].get_variable(int(j))
                variable.lower_bound, variable.upper_bound = float(self._lower[j]), float(self._upper[j])

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        self._row_lower[rows], self._row_upper[rows] = lower, upper
        if self._linear is not None:
            for i in rows:
                row = self._linear[0].get_linear_constraint(int(i))
                row.lower_bound, row.upper_bound = float(self._row_lower[i]), float(self._row_upper[i])

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
        if not linear and self._mixed_type is None:
            raise Unsupported("this backend solves linear programs only; choose 'scip' or 'highs', or solve relaxed")
        self._interrupter = SolveInterrupter()
        try:
            result = self._solve_linear(limits) if linear else self._solve_mixed(limits, start)
        # AttributeError: MathOpt 9.15 trips over its own translation of a status that is not OK.
        except (RuntimeError, ValueError, AttributeError, mathopt.InternalMathOptError) as error:
            raise BackendFailure(
                f"OR-Tools refused to solve ({error}); look for extreme values in the program"
            ) from error
        finally:
            self._interrupter = None
        return self._solution(result, linear=linear)

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Raise Unsupported: `solvers.core.conflict` finds one with any exact backend."""
        del limits
        raise Unsupported("this backend names no conflict itself; call solvers.core.conflict.minimal_conflict")

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop; raises Unsupported with SCIP.

        Given an interrupter, the SCIP of OR-Tools 9.15 prints errors about events to stderr in every solve.
        """
        if self._mixed_type is not None:
            raise Unsupported("solves of 'scip' cannot be interrupted; choose 'highs', or set limits")
        interrupter = self._interrupter
        if interrupter is not None:
            interrupter.interrupt()

    def _solve_linear(self, limits: Limits) -> mathopt.SolveResult:
        if self._linear is None:
            model = mathopt.Model.from_model_proto(self._message(self._objective, integer=False))
            self._linear = model, mathopt.IncrementalSolver(model, self._linear_type)
        parameters = _parameters(limits, self._linear_type, self._tolerance)
        parameters.iteration_limit = limits.iterations
        return self._linear[1].solve(params=parameters, interrupter=self._interrupter)

    def _solve_mixed(self, limits: Limits, start: Floats | None) -> mathopt.SolveResult:
        model = mathopt.Model.from_model_proto(self._message(self._objective, integer=True))
        hints = mathopt.ModelSolveParameters()
        if start is not None:
            values = {model.get_variable(int(j)): float(start[j]) for j in np.flatnonzero(~np.isnan(start))}
            hints.solution_hints.append(mathopt.SolutionHint(variable_values=values))
        parameters = _parameters(limits, self._mixed_type, self._tolerance)
        parameters.node_limit = limits.nodes
        parameters.relative_gap_tolerance, parameters.absolute_gap_tolerance = limits.gap, limits.absolute_gap
        return mathopt.solve(model, self._mixed_type, params=parameters, model_params=hints)

    def _message(self, objective: Floats, *, integer: bool) -> model_pb2.ModelProto:
        program, message = self._program, model_pb2.ModelProto()
        message.variables.ids.extend(range(program.columns))
        message.variables.lower_bounds.extend(self._lower)
        message.variables.upper_bounds.extend(self._upper)
        message.variables.integers.extend(program.integer.tolist() if integer else [False] * program.columns)
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

    def _solution(self, result: mathopt.SolveResult, *, linear: bool) -> Solution:
        termination = self._termination(result.termination)
        x = objective = dual = None
        if result.has_primal_feasible_solution():
            x = _values(result.variable_values(), self._program.columns)
            objective = float(self._objective @ x + self._program.offset)
        if linear and termination is Termination.OPTIMAL and result.has_dual_feasible_solution():
            dual = _values(result.dual_values(), self._program.rows.rows)
        bound = float(result.termination.objective_bounds.dual_bound)
        if termination is Termination.INFEASIBLE:
            bound = -np.inf
        elif linear:
            bound = objective if termination is Termination.OPTIMAL and objective is not None else np.inf
        return Solution(
            termination=termination,
            x=x,
            objective=objective,
            bound=bound,
            row_dual=dual,
            nodes=int(result.solve_stats.node_count),
            iterations=int(result.solve_stats.simplex_iterations + result.solve_stats.first_order_iterations),
        )

    def _termination(self, ended: mathopt.Termination) -> Termination:
        if ended.limit is mathopt.Limit.INTERRUPTED:
            return Termination.INTERRUPTED
        if ended.reason is mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED:
            return self._infeasible_or_unbounded()
        if ended.reason not in _REASON:
            raise BackendFailure(f"OR-Tools ended with {ended.reason.name} ({ended.detail}); rescale the program")
        return _REASON[ended.reason]

    def _infeasible_or_unbounded(self) -> Termination:
        """Tell the two apart: with an objective of zero, only an infeasible program has no optimum."""
        kind = self._mixed_type if self._mixed_type is not None and self._program.integer.any() else self._linear_type
        message = self._message(np.zeros(self._program.columns), integer=kind is self._mixed_type)
        ended = mathopt.solve(
            mathopt.Model.from_model_proto(message), kind, params=_parameters(UNLIMITED, kind, self._tolerance)
        ).termination
        feasible = ended.reason in {mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE}
        return Termination.UNBOUNDED if feasible else Termination.INFEASIBLE


def _values(values: dict[object, float], size: int) -> Floats:
    """Return values in order of their ids, which are 0..size-1."""
    ordered: Sequence[float] = list(values.values())
    if len(ordered) != size:
        raise BackendFailure(f"OR-Tools returned {len(ordered)} values where the program has {size}")
    return np.array(ordered, dtype=np.float64)


def _parameters(limits: Limits, kind: mathopt.SolverType, tolerance: float) -> mathopt.SolveParameters:
    seconds = None if limits.seconds is None else dt.timedelta(seconds=limits.seconds)
    if kind is mathopt.SolverType.PDLP:
        parameters = mathopt.SolveParameters(time_limit=seconds)
        parameters.pdlp.termination_criteria.simple_optimality_criteria.eps_optimal_relative = tolerance
        parameters.pdlp.termination_criteria.simple_optimality_criteria.eps_optimal_absolute = tolerance
        return parameters
    return mathopt.SolveParameters(time_limit=seconds, random_seed=0)


class ScipBackend:
    """SCIP for mixed-integer programs, GLOP for linear ones."""

    name = "scip"
    capabilities = Capabilities(integers=True, duals=True, warm_start=True, interrupt=False)

    def load(self, program: Program) -> OrtoolsModel:
        """Load a program."""
        return OrtoolsModel(program, linear=mathopt.SolverType.GLOP, mixed=mathopt.SolverType.GSCIP)


class GlopBackend:
    """GLOP, a simplex solver: linear programs and relaxations only."""

    name = "glop"
    capabilities = Capabilities(integers=False, duals=True, warm_start=True, interrupt=True)

    def load(self, program: Program) -> OrtoolsModel:
        """Load a program."""
        return OrtoolsModel(program, linear=mathopt.SolverType.GLOP, mixed=None)


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
        return OrtoolsModel(program, linear=mathopt.SolverType.PDLP, mixed=None, tolerance=self._tolerance)
