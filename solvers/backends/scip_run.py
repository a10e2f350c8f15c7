"""One solve of a mixed-integer program by SCIP, through OR-Tools' classic interface: its SCIP can be interrupted.

MathOpt's SCIP prints errors about events to stderr as soon as it is given an interrupter; this door stays silent.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from ortools.linear_solver import linear_solver_pb2, pywraplp

from solvers.core.errors import BackendFailure
from solvers.core.program import Floats, Program
from solvers.core.termination import Limits, Solution, Termination

_STATUS = {
    pywraplp.Solver.OPTIMAL: Termination.OPTIMAL,
    pywraplp.Solver.FEASIBLE: Termination.LIMIT,
    pywraplp.Solver.INFEASIBLE: Termination.INFEASIBLE,
    pywraplp.Solver.UNBOUNDED: Termination.UNBOUNDED,
    # An answer that misses its tolerances proves nothing, like one cut short.
    pywraplp.Solver.ABNORMAL: Termination.LIMIT,
    pywraplp.Solver.NOT_SOLVED: Termination.LIMIT,
}


class ScipRun:
    """A program given to SCIP for one solve; `stop` ends it from another thread."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._stopped = False
        self._solver = self._loaded(program)

    def stop(self) -> None:
        """Stop the running solve, or keep it from beginning."""
        self._stopped = True
        self._solver.InterruptSolve()

    def solve(self, limits: Limits, start: Floats | None) -> Solution:
        """Solve and return what was found."""
        begun = time.perf_counter()
        if start is not None:
            known = np.flatnonzero(~np.isnan(start)).tolist()
            self._solver.SetHint([self._solver.variable(j) for j in known], start[known].tolist())
        found = self._search(self._program, limits, limits.seconds)
        endless = (self._program.objective > 0) & np.isposinf(self._program.upper)
        endless |= (self._program.objective < 0) & np.isneginf(self._program.lower)
        if found.termination is not Termination.INFEASIBLE or not endless.any():
            return found
        # SCIP calls infeasible what is infeasible or unbounded; without an objective it can only be the former.
        plain = replace(self._program, objective=np.zeros(self._program.columns))
        self._solver = self._loaded(plain)
        left = None if limits.seconds is None else limits.seconds - (time.perf_counter() - begun)
        without = self._search(plain, limits, left)
        if without.termination is Termination.OPTIMAL:
            return Solution(termination=Termination.UNBOUNDED)
        return found if without.termination is Termination.INFEASIBLE else Solution(termination=without.termination)

    @staticmethod
    def _loaded(program: Program) -> pywraplp.Solver:
        solver = pywraplp.Solver.CreateSolver("SCIP")
        problem = solver.LoadModelFromProto(_message(program))
        if problem:
            raise BackendFailure(f"SCIP refused the program ({problem}); look for extreme values in it")
        return solver

    def _search(self, program: Program, limits: Limits, seconds: float | None) -> Solution:
        parameters = {"limits/gap": limits.gap, "limits/absgap": limits.absolute_gap}
        if limits.nodes is not None:
            parameters["limits/nodes"] = limits.nodes
        if seconds is not None:
            parameters["limits/time"] = max(seconds, 1e-3)
        self._solver.SetSolverSpecificParametersAsString("\n".join(f"{name} = {v}" for name, v in parameters.items()))
        if self._stopped:
            return Solution(termination=Termination.INTERRUPTED)
        return self._read(program, self._solver.Solve())

    def _read(self, program: Program, status: int) -> Solution:
        if status not in _STATUS:
            raise BackendFailure("SCIP calls the program invalid; look for extreme values in it")
        termination = _STATUS[status]
        if termination is Termination.INFEASIBLE:
            return Solution(termination=termination, bound=-np.inf)
        if self._stopped and termination is Termination.LIMIT:
            termination = Termination.INTERRUPTED
        x = objective = None
        if status in {pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE}:
            response = linear_solver_pb2.MPSolutionResponse()
            self._solver.FillSolutionResponseProto(response)
            x = np.array(response.variable_value, dtype=np.float64)
            objective = float(program.objective @ x + program.offset)
        bound = np.inf
        if termination is not Termination.UNBOUNDED and status != pywraplp.Solver.NOT_SOLVED:
            bound = self._solver.Objective().BestBound()
        return Solution(
            termination=termination,
            x=x,
            objective=objective,
            bound=float(bound),
            nodes=int(self._solver.nodes()),
            iterations=int(self._solver.iterations()),
        )


def _message(program: Program) -> linear_solver_pb2.MPModelProto:
    """Return a program as the message of this interface."""
    message = linear_solver_pb2.MPModelProto(maximize=True, objective_offset=program.offset)
    columns = (program.lower, program.upper, program.objective, program.integer)
    for lower, upper, value, integer in zip(*(column.tolist() for column in columns), strict=True):
        message.variable.add(lower_bound=lower, upper_bound=upper, objective_coefficient=value, is_integer=integer)
    start, index, value = (part.tolist() for part in (program.rows.start, program.rows.index, program.rows.value))
    for i, (lower, upper) in enumerate(zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)):
        entries = slice(start[i], start[i + 1])
        message.constraint.add(
            var_index=index[entries], coefficient=value[entries], lower_bound=lower, upper_bound=upper
        )
    return message
