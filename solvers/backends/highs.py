"""HiGHS behind the backend door: persistent models loaded from arrays.

A model keeps two HiGHS instances at most: one for linear solves, which continues from its last basis, and one for
mixed-integer solves, which is cleared before every solve so that a result depends on its inputs alone. The program is
passed as a minimisation of ``-c·x``; values and duals are turned back here, once. Every call's status is checked,
since HiGHS reports internal failures with an objective of 0. One thread, since a change of the thread count after a
process's first solve makes HiGHS fail.
"""

from __future__ import annotations

from typing import Literal

import highspy
import numpy as np

from solvers.backends.highs_progress import Listener
from solvers.core.backend import Capabilities, Progress
from solvers.core.errors import BackendFailure, Unsupported
from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination

_STATUS = {
    highspy.HighsModelStatus.kOptimal: Termination.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Termination.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Termination.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Termination.LIMIT,
    highspy.HighsModelStatus.kIterationLimit: Termination.LIMIT,
    highspy.HighsModelStatus.kSolutionLimit: Termination.LIMIT,
    highspy.HighsModelStatus.kObjectiveBound: Termination.LIMIT,
    highspy.HighsModelStatus.kObjectiveTarget: Termination.LIMIT,
    highspy.HighsModelStatus.kInterrupt: Termination.INTERRUPTED,
    highspy.HighsModelStatus.kModelEmpty: Termination.OPTIMAL,
}
_INFINITE_NODES = 2**31 - 1
_DUAL_SIMPLEX, _PRIMAL_SIMPLEX = 1, 4

Method = Literal["simplex", "ipm", "choose"]
"""How HiGHS solves linear programs; ``ipm`` ends with a crossover to a basis."""

Search = Literal["balanced", "proof"]
"""How HiGHS searches mixed-integer programs: ``proof`` is for strong relaxations, and spends little on heuristics."""

_PROOF_OPTIONS: tuple[tuple[str, float | bool], ...] = (
    # What is left are the two heuristics that solve small programs around the relaxation.
    ("mip_heuristic_effort", 0.02),
    ("mip_heuristic_run_root_reduced_cost", False),
    ("mip_heuristic_run_feasibility_jump", False),
    ("mip_detect_symmetry", False),
    ("mip_allow_cut_separation_at_nodes", False),
)


def _check(status: highspy.HighsStatus, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise BackendFailure(f"HiGHS refused to {what}; the program may hold values HiGHS cannot take")


class HighsModel:
    """A program loaded into HiGHS; see :class:`solvers.core.backend.Model` for the meaning of the methods."""

    def __init__(self, program: Program, *, method: Method = "choose", search: Search = "balanced") -> None:
        self._program, self._method, self._search = program, method, search
        self._objective = program.objective.copy()
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        self._engines: dict[bool, highspy.Highs] = {}
        self._changed: set[str] = set()
        self._running: highspy.Highs | None = None
        self._interrupted = False

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._objective[columns] = values
        self._changed.add("objective")
        for engine in self._engines.values():
            _check(
                engine.changeColsCost(len(columns), columns.astype(np.int32), -np.asarray(values, dtype=np.float64)),
                "change the objective",
            )

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        self._lower[columns], self._upper[columns] = lower, upper
        self._changed.add("bounds")
        for engine in self._engines.values():
            _check(
                engine.changeColsBounds(
                    len(columns), columns.astype(np.int32), self._lower[columns], self._upper[columns]
                ),
                "change column bounds",
            )

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        self._row_lower[rows], self._row_upper[rows] = lower, upper
        self._changed.add("bounds")
        for engine in self._engines.values():
            _check(
                engine.changeRowsBounds(len(rows), rows.astype(np.int32), self._row_lower[rows], self._row_upper[rows]),
                "change row bounds",
            )

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve from the given start (mixed-integer) or from the last basis (linear)."""
        if np.any(self._lower > self._upper) or np.any(self._row_lower > self._row_upper):
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        linear = relaxed or not self._program.integer.any()
        engine = self._engine(linear=linear)
        _set_limits(engine, limits, linear=linear)
        if linear:
            # A basis stays primal feasible while only the objective changes: the primal simplex goes on from there.
            strategy = _PRIMAL_SIMPLEX if self._changed == {"objective"} else _DUAL_SIMPLEX
            _check(engine.setOptionValue("simplex_strategy", strategy), "choose a simplex")
            self._changed.clear()
        else:
            _check(engine.clearSolver(), "clear its solver")
            if start is not None:
                known = np.flatnonzero(~np.isnan(start)).astype(np.int32)
                _check(engine.setSolution(len(known), known, start[known]), "take a start")
        self._running = engine
        listener = None if progress is None or linear else Listener(engine, progress)
        try:
            status = engine.run()
        finally:
            self._running = None
            if listener is not None:
                listener.leave()
        if listener is not None and listener.error is not None:
            del self._engines[linear]
            raise listener.error
        if self._interrupted:
            self._interrupted = False
            # An instance that was cancelled stays so: the next solve begins with a new one.
            del self._engines[linear]
            return self._solution(engine, linear=linear, termination=Termination.INTERRUPTED)
        _check(status, "solve")
        if engine.getModelStatus() == highspy.HighsModelStatus.kUnknown:
            # From some bases the primal simplex of HiGHS does not find its way; without a basis the dual one does.
            _check(engine.setOptionValue("simplex_strategy", _DUAL_SIMPLEX), "choose a simplex")
            _check(engine.clearSolver(), "clear its solver")
            _check(engine.run(), "solve")
        return self._solution(engine, linear=linear, termination=self._termination(engine, linear=linear))

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop."""
        engine = self._running
        if engine is not None:
            self._interrupted = True
            engine.cancelSolve()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Raise Unsupported: `solvers.core.conflict` finds one with any exact backend."""
        del limits
        raise Unsupported("'highs' names no conflict itself; call solvers.core.conflict.minimal_conflict")

    def forget_basis(self) -> None:
        """Make the next linear solve start as in a fresh model."""
        if True in self._engines:
            _check(self._engines[True].clearSolver(), "clear its solver")
            self._changed.add("bounds")

    def write(self, path: str) -> None:
        """Write the program as it stands, as a minimisation, in the format of the file's ending (.mps, .lp)."""
        _check(self._engine(linear=not self._program.integer.any()).writeModel(path), f"write {path}")

    def _engine(self, *, linear: bool) -> highspy.Highs:
        if linear not in self._engines:
            engine = highspy.Highs()
            for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("parallel", "off")):
                _check(engine.setOptionValue(option, value), f"set {option}")
            if linear:
                _check(engine.setOptionValue("solver", self._method), "choose a linear method")
            elif self._search == "proof":
                for name, setting in _PROOF_OPTIONS:
                    _check(engine.setOptionValue(name, setting), f"set {name}")
            engine.HandleUserInterrupt = True
            _check(engine.passModel(self._lp(linear=linear)), "load the program")
            self._engines[linear] = engine
        return self._engines[linear]

    def _lp(self, *, linear: bool) -> highspy.HighsLp:
        program, lp = self._program, highspy.HighsLp()
        lp.num_col_, lp.num_row_ = program.columns, program.rows.rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = -self._objective, self._lower, self._upper
        lp.row_lower_, lp.row_upper_ = self._row_lower, self._row_upper
        lp.offset_ = -program.offset
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = program.rows.start, program.rows.index
        lp.a_matrix_.value_ = program.rows.value
        if not linear:
            lp.integrality_ = [
                highspy.HighsVarType.kInteger if flag else highspy.HighsVarType.kContinuous for flag in program.integer
            ]
        return lp

    @staticmethod
    def _termination(engine: highspy.Highs, *, linear: bool) -> Termination:
        status = engine.getModelStatus()
        if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            # Presolve cannot tell the two apart; the simplex can.
            _check(engine.setOptionValue("presolve", "off"), "switch presolve off")
            _check(engine.run(), "solve")
            _check(engine.setOptionValue("presolve", "choose"), "switch presolve on")
            status = engine.getModelStatus()
            if status == highspy.HighsModelStatus.kUnboundedOrInfeasible and not linear:
                return Termination.UNBOUNDED
        if status not in _STATUS:
            raise BackendFailure(
                f"HiGHS ended with {engine.modelStatusToString(status)}; rescale or loosen the program"
            )
        return _STATUS[status]

    def _solution(self, engine: highspy.Highs, *, linear: bool, termination: Termination) -> Solution:
        info, found = engine.getInfo(), engine.getSolution()
        has_primal = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(found.col_value) if has_primal else None
        objective = None if x is None else float(self._objective @ x + self._program.offset)
        bound = np.inf
        if termination is Termination.INFEASIBLE:
            bound = -np.inf
        elif not linear and np.isfinite(info.mip_dual_bound):
            bound = -info.mip_dual_bound
        elif linear and termination is Termination.OPTIMAL and objective is not None:
            bound = objective
        return Solution(
            termination=termination,
            x=x,
            objective=objective,
            bound=float(bound),
            row_dual=-np.array(found.row_dual) if linear and found.dual_valid else None,
            nodes=max(int(info.mip_node_count), 0),
            iterations=max(int(info.simplex_iteration_count), 0) + max(int(info.ipm_iteration_count), 0),
        )


def _set_limits(engine: highspy.Highs, limits: Limits, *, linear: bool) -> None:
    # HiGHS counts the limit over all linear solves of an instance, but anew for each mixed-integer one.
    spent = engine.getRunTime() if linear else 0.0
    options = (
        ("time_limit", float("inf") if limits.seconds is None else spent + limits.seconds),
        ("mip_max_nodes", _INFINITE_NODES if limits.nodes is None else limits.nodes),
        ("simplex_iteration_limit", _INFINITE_NODES if limits.iterations is None else limits.iterations),
        ("mip_rel_gap", limits.gap),
        ("mip_abs_gap", limits.absolute_gap),
    )
    for option, value in options:
        _check(engine.setOptionValue(option, value), f"set {option}")


class HighsBackend:
    """The default backend: linear and mixed-integer programs from arrays."""

    name = "highs"
    capabilities = Capabilities(integers=True, duals=True, warm_start=True, interrupt=True, progress=True)

    def __init__(self, *, method: Method = "choose", search: Search = "balanced") -> None:
        self._method: Method = method
        self._search: Search = search

    def load(self, program: Program) -> HighsModel:
        """Load a program; raises :class:`solvers.core.errors.BackendFailure` where HiGHS refuses it."""
        if not np.all(np.isfinite(program.rows.value)):
            raise Unsupported("HiGHS takes finite coefficients only; replace infinite entries of the matrix")
        return HighsModel(program, method=self._method, search=self._search)
