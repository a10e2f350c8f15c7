"""One HiGHS instance: how it is made, limited, run and read. Every call's status is checked here.

HiGHS reports internal failures with an objective of 0, so no status goes unseen. One thread, since a change of the
thread count after a process's first solve makes HiGHS fail. The brake is our own callback: an instance cancelled by
highspy's ``cancelSolve`` stays cancelled, while a brake can be let go.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import highspy
import numpy as np

from solvers.core.errors import BackendFailure
from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import Limits, Solution, Termination

Method = Literal["simplex", "ipm", "choose"]
"""How HiGHS solves linear programs; ``ipm`` ends with a crossover to a basis."""

Search = Literal["balanced", "proof"]
"""How HiGHS searches mixed-integer programs: ``proof`` is for strong relaxations, and spends little on heuristics."""

SEARCH_OPTIONS: Mapping[Search, Mapping[str, object]] = {
    "balanced": {},
    "proof": {
        # What is left are the two heuristics that solve small programs around the relaxation.
        "mip_heuristic_effort": 0.02,
        "mip_heuristic_run_root_reduced_cost": False,
        "mip_heuristic_run_feasibility_jump": False,
        "mip_detect_symmetry": False,
        "mip_allow_cut_separation_at_nodes": False,
    },
}

DUAL_SIMPLEX, PRIMAL_SIMPLEX = 1, 4
_INFINITE = 2**31 - 1
_IIS_FROM_ROWS = 2
_PRICED, _NO_PRICE = 1e-7, 1e-9
"""Reduced costs, relative to the largest coefficient of the objective, and multipliers up to which they count as 0."""
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


class Brake:
    """Stops the instances it is built into as long as it is pulled; may be pulled from any thread."""

    def __init__(self) -> None:
        self.pulled = False

    def pull(self) -> None:
        """Stop what runs."""
        self.pulled = True

    def build_into(self, engine: highspy.Highs) -> None:
        """Let this brake stop the instance."""
        engine.cbSimplexInterrupt += self._on_check
        engine.cbIpmInterrupt += self._on_check
        engine.cbMipInterrupt += self._on_check

    def _on_check(self, event: highspy.highs.HighsCallbackEvent) -> None:
        if self.pulled:
            event.interrupt()


def check(status: highspy.HighsStatus, what: str) -> None:
    """Raise BackendFailure where HiGHS reports one."""
    if status == highspy.HighsStatus.kError:
        raise BackendFailure(f"HiGHS refused to {what}; the program may hold values HiGHS cannot take")


def log_options(file: Path) -> Mapping[str, object]:
    """Return the options of an instance that appends what it tells to a file, and prints nothing."""
    return {"output_flag": True, "log_to_console": False, "log_file": str(file)}


def new_engine(brake: Brake, options: Mapping[str, object]) -> highspy.Highs:
    """Return a silent instance with our defaults and these options."""
    engine = highspy.Highs()
    furnish(engine, brake, options)
    return engine


def furnish(engine: highspy.Highs, brake: Brake, options: Mapping[str, object]) -> None:
    """Silence an instance, and give it our defaults, these options and a brake."""
    defaults = {"output_flag": False, "threads": 1, "random_seed": 0, "parallel": "off"}
    for option, value in (defaults | dict(options)).items():
        check(engine.setOptionValue(option, value), f"set {option}")
    brake.build_into(engine)


def pass_program(engine: highspy.Highs, program: Program, *, linear: bool) -> None:
    """Load a program as a minimisation of ``-c·x``, or its relaxation."""
    matrix = program.rows
    # As arrays: lists of numbers take ten times as long. HiGHS reads a kind of every column, continuous ones too.
    kinds = np.zeros(program.columns, dtype=np.int32) if linear else program.integer.astype(np.int32)
    status = engine.passModel(
        program.columns,
        matrix.rows,
        len(matrix.value),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        -program.offset,
        -program.objective,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        matrix.start,
        matrix.index,
        matrix.value,
        kinds,
    )
    check(status, "load the program")


def copy_of(basis: highspy.HighsBasis) -> highspy.HighsBasis:
    """Return a basis that stays what it is while the instance it came from goes on."""
    kept = highspy.HighsBasis()
    kept.col_status, kept.row_status = list(basis.col_status), list(basis.row_status)
    kept.valid = basis.valid
    return kept


def suggested_basis(program: Program, row_dual: Floats) -> highspy.HighsBasis:
    """Return a basis near which multipliers would be optimal: what has a price or a reduced cost rests at its bound.

    It may have too many or too few basic variables, which HiGHS puts right ("alien").
    """
    reduced = program.objective - program.rows.transposed_times(row_dual)
    least = _PRICED * max(1.0, float(np.abs(program.objective).max(initial=0.0)))
    basis, status = highspy.HighsBasis(), highspy.HighsBasisStatus
    kinds = np.array([status.kBasic, status.kLower, status.kUpper], dtype=object)
    resting = (np.abs(reduced) > least) | (program.lower == program.upper)
    at_upper = (reduced > least) & np.isfinite(program.upper)
    basis.col_status = kinds[np.where(resting, 1 + at_upper, 0)].tolist()
    basis.row_status = kinds[np.where(np.abs(row_dual) > _NO_PRICE, 1 + (row_dual > 0), 0)].tolist()
    basis.valid = basis.alien = True
    return basis


def irreducible_rows(program: Program) -> Ints:
    """Return the rows that HiGHS names in a conflict of the relaxation with some columns' bounds; empty without one."""
    engine = new_engine(Brake(), {"iis_strategy": _IIS_FROM_ROWS})
    pass_program(engine, program, linear=True)
    status, found = engine.getIis()
    usable = status != highspy.HighsStatus.kError and found.valid_
    return np.array(found.row_index_ if usable else [], dtype=np.int32)


def set_limits(engine: highspy.Highs, limits: Limits, *, seconds: float | None, linear: bool) -> None:
    """Limit the next run, to ``seconds`` in place of those of ``limits``, some of which may be spent."""
    # HiGHS counts the limit over all linear solves of an instance, but anew for each mixed-integer one.
    spent = engine.getRunTime() if linear else 0.0
    options = (
        ("time_limit", float("inf") if seconds is None else spent + seconds),
        ("mip_max_nodes", _INFINITE if limits.nodes is None else limits.nodes),
        ("simplex_iteration_limit", _INFINITE if limits.iterations is None else limits.iterations),
        ("mip_rel_gap", limits.gap),
        ("mip_abs_gap", limits.absolute_gap),
        ("objective_target", -float("inf") if limits.target is None else -limits.target),
    )
    for option, value in options:
        check(engine.setOptionValue(option, value), f"set {option}")


def run(engine: highspy.Highs, *, linear: bool) -> Termination:
    """Run to an end that means something, and say which.

    Raises BackendFailure where HiGHS gives up; its message says what to do.
    """
    check(engine.run(), "solve")
    if _lost(engine, linear=linear):
        # From some bases the simplex of HiGHS does not find its way, or only within the tolerances of a scaled program.
        check(engine.setOptionValue("simplex_strategy", DUAL_SIMPLEX), "choose a simplex")
        check(engine.clearSolver(), "clear its solver")
        check(engine.run(), "solve")
    status = engine.getModelStatus()
    if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        # Presolve cannot tell the two apart; the simplex can.
        check(engine.setOptionValue("presolve", "off"), "switch presolve off")
        check(engine.run(), "solve")
        check(engine.setOptionValue("presolve", "choose"), "switch presolve on")
        status = engine.getModelStatus()
        if status == highspy.HighsModelStatus.kUnboundedOrInfeasible and not linear:
            return Termination.UNBOUNDED
    if status not in _STATUS:
        raise BackendFailure(f"HiGHS ended with {engine.modelStatusToString(status)}; rescale or loosen the program")
    return _STATUS[status]


def _lost(engine: highspy.Highs, *, linear: bool) -> bool:
    """Tell whether a run ended without a word on the program, or with an optimum that misses rows or bounds."""
    status = engine.getModelStatus()
    if status == highspy.HighsModelStatus.kUnknown:
        return True
    feasible = engine.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return linear and status == highspy.HighsModelStatus.kOptimal and not feasible


def read(engine: highspy.Highs, termination: Termination, *, linear: bool, sign: float = -1.0) -> Solution:
    """Return what the last run left; ``sign`` turns HiGHS' sense into maximisation, -1 where it minimised ``-c·x``."""
    info, found = engine.getInfo(), engine.getSolution()
    has_primal = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    objective = sign * info.objective_function_value if has_primal else None
    bound = np.inf
    if termination is Termination.INFEASIBLE:
        bound = -np.inf
    elif not linear and np.isfinite(info.mip_dual_bound):
        bound = sign * info.mip_dual_bound
    elif linear and termination is Termination.OPTIMAL and objective is not None:
        bound = objective
    return Solution(
        termination=termination,
        x=np.array(found.col_value) if has_primal else None,
        objective=objective,
        bound=float(bound),
        row_dual=sign * np.array(found.row_dual) if linear and found.dual_valid else None,
        nodes=max(int(info.mip_node_count), 0),
        iterations=max(int(info.simplex_iteration_count), 0) + max(int(info.ipm_iteration_count), 0),
    )
