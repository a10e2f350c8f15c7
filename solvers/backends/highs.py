"""HiGHS behind the backend door: persistent models loaded from arrays.

A model keeps two HiGHS instances at most: one for linear solves, which continues from its last basis, and one for
mixed-integer solves, which is cleared before every solve so that a result depends on its inputs alone. The program is
passed as a minimisation of ``-c·x``; values and duals are turned back here, once. A solve with a time limit ends on
time whatever HiGHS does (`deadline`): one that had to be abandoned leaves the incumbent and bound told so far.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import highspy
import numpy as np

from solvers.backends.deadline import Watch, settle
from solvers.backends.highs_engine import (
    DUAL_SIMPLEX,
    PRIMAL_SIMPLEX,
    SEARCH_OPTIONS,
    Brake,
    Method,
    Search,
    check,
    copy_of,
    irreducible_rows,
    log_options,
    new_engine,
    pass_program,
    read,
    run,
    set_limits,
    suggested_basis,
)
from solvers.backends.highs_progress import Listener
from solvers.backends.solver_log import SolverLog
from solvers.core.backend import Capabilities, Progress
from solvers.core.conflict import minimal_conflict
from solvers.core.errors import InvalidProgram, Unsupported
from solvers.core.program import Floats, Ints, Program, SparseRows, appended, finite, numbers
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination


class _Machinery:
    """What a solve needs and takes with it when it is abandoned: the instances, by linear or not, and their brake."""

    def __init__(self) -> None:
        self.engines: dict[bool, highspy.Highs] = {}
        self.brake = Brake()
        self.listener: Listener | None = None


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked of one solve, and when it was."""

    limits: Limits
    start: Floats | None
    progress: Progress | None
    linear: bool
    begun: float

    def seconds_left(self) -> float | None:
        return None if self.limits.seconds is None else self.limits.seconds - (time.perf_counter() - self.begun)


class HighsModel:
    """A program loaded into HiGHS; see :class:`solvers.core.backend.Model` for the meaning of the methods."""

    def __init__(
        self,
        program: Program,
        *,
        linear: Mapping[str, object],
        mixed: Mapping[str, object],
        watchdog: bool = True,
        log: SolverLog | None = None,
    ) -> None:
        self._program, self._watchdog, self._log = program, watchdog, log
        self._options = {True: linear, False: mixed}
        self._objective = program.objective.copy()
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        self._machinery = _Machinery()
        self._changed: set[str] = set()
        self._basis: highspy.HighsBasis | None = None
        self._primal = False
        self._watch = Watch()

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._objective[columns] = finite("objective", values)
        self._changed.add("objective")
        for engine in self._machinery.engines.values():
            check(
                engine.changeColsCost(len(columns), columns.astype(np.int32), -np.asarray(values, dtype=np.float64)),
                "change the objective",
            )

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        self._lower[columns], self._upper[columns] = numbers("lower", lower), numbers("upper", upper)
        self._changed.add("bounds")
        for engine in self._machinery.engines.values():
            check(
                engine.changeColsBounds(
                    len(columns), columns.astype(np.int32), self._lower[columns], self._upper[columns]
                ),
                "change column bounds",
            )

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        self._row_lower[rows], self._row_upper[rows] = numbers("row_lower", lower), numbers("row_upper", upper)
        self._changed.add("bounds")
        for engine in self._machinery.engines.values():
            check(
                engine.changeRowsBounds(len(rows), rows.astype(np.int32), self._row_lower[rows], self._row_upper[rows]),
                "change row bounds",
            )

    def set_coefficients(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Replace entries of the matrix; the basis stays."""
        self._program = replace(self._program, rows=self._program.rows.with_values(rows, columns, values))
        self._changed.add("bounds")
        changes = list(zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True))
        for engine in self._machinery.engines.values():
            for row, column, value in changes:
                check(engine.changeCoeff(row, column, value), "change a coefficient")

    def add_columns(self, objective: Floats, lower: Floats, upper: Floats, entries: SparseRows) -> None:
        """Append continuous columns, one per row of ``entries``; a linear solve goes on from its basis."""
        self._program = appended(self._as_it_stands(), objective, lower, upper, entries)
        self._objective, self._lower, self._upper = (
            vector.copy() for vector in (self._program.objective, self._program.lower, self._program.upper)
        )
        # New columns rest at a bound: the basis stays primal feasible where that bound is 0.
        self._changed.add("objective" if not np.any(lower) else "bounds")
        self._machinery.engines.pop(False, None)
        for engine in self._machinery.engines.values():
            columns = (entries.rows, -objective, lower, upper)
            matrix = (len(entries.value), entries.start, entries.index, entries.value)
            check(engine.addCols(*columns, *matrix), "add columns")

    def hold(self, *, relaxed: bool = False) -> None:
        """Hand the program to HiGHS now; else that happens in the first solve."""
        self._engine(self._machinery, linear=relaxed or not self._program.integer.any())

    def remember(self) -> None:
        """Keep the basis of the last linear solve as the start to come back to."""
        self._basis = copy_of(self._engine(self._machinery, linear=True).getBasis())

    def begin_again(self, *, primal: bool = False) -> None:
        """Let the next linear solve start from the remembered basis, or from nothing where none was remembered."""
        engine = self._engine(self._machinery, linear=True)
        # What HiGHS keeps beside the basis (weights, factors, scaling) depends on what it solved before.
        check(engine.clearSolver(), "clear its solver")
        if self._basis is not None:
            check(engine.setBasis(self._basis), "take a basis")
        self._primal = primal

    def begin_near(self, row_dual: Floats) -> None:
        """Let the next linear solve start from the basis that multipliers suggest."""
        if len(row_dual) != len(self._row_lower):
            raise InvalidProgram(f"row_dual holds {len(row_dual)} multipliers of {len(self._row_lower)} rows")
        engine = self._engine(self._machinery, linear=True)
        check(engine.clearSolver(), "clear its solver")
        check(engine.setBasis(suggested_basis(self._as_it_stands(), numbers("row_dual", row_dual))), "take a basis")
        self._primal = False
        # Such a basis is next to dual feasible, whatever was changed before it.
        self._changed.add("bounds")

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
        if not self._program.columns:
            return self._of_nothing()
        linear = relaxed or not self._program.integer.any()
        machinery = self._machinery
        machinery.brake.pulled, machinery.listener = False, None
        ask = _Ask(limits, start, progress, linear, time.perf_counter())
        attempt = partial(self._attempt, machinery, ask)
        try:
            seconds = limits.seconds if self._watchdog else None
            ended = self._watch.run(attempt, stop=machinery.brake.pull, seconds=seconds)
        finally:
            if machinery.brake.pulled:
                # An instance that was stopped stays so: the next solve begins with a new one.
                machinery.engines.pop(linear, None)
        if ended.result is None:
            self._machinery = _Machinery()
            return settle(ended, self._told(machinery.listener))
        return settle(ended)

    def _of_nothing(self) -> Solution:
        """Return what there is without columns: HiGHS says optimal whatever the rows ask, and hands over no value."""
        if np.any(self._row_lower > 0) or np.any(self._row_upper < 0):
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        worth = self._program.offset
        rows = np.zeros(len(self._row_lower))
        return Solution(termination=Termination.OPTIMAL, x=np.zeros(0), objective=worth, bound=worth, row_dual=rows)

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop."""
        self._watch.interrupt()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Return a minimal conflict, sought first among the rows that HiGHS names where the relaxation has none."""
        program = self._as_it_stands()
        named = irreducible_rows(program)
        # All columns' bounds may need fewer of these rows than HiGHS' bounds do, and wrong ones are no conflict.
        with suppress(ValueError):
            return minimal_conflict(HighsBackend(), program, among=named, limits=limits)
        return minimal_conflict(HighsBackend(), program, limits=limits)

    def _as_it_stands(self) -> Program:
        return replace(
            self._program,
            objective=self._objective.copy(),
            lower=self._lower.copy(),
            upper=self._upper.copy(),
            row_lower=self._row_lower.copy(),
            row_upper=self._row_upper.copy(),
        )

    def write(self, path: str) -> None:
        """Write the program as it stands, as a minimisation, in the format of the file's ending (.mps, .lp)."""
        engine = self._engine(self._machinery, linear=not self._program.integer.any())
        check(engine.writeModel(path), f"write {path}")

    def _attempt(self, machinery: _Machinery, ask: _Ask) -> Solution:
        """Solve with this machinery; runs on another thread when there is a time limit."""
        engine = self._engine(machinery, linear=ask.linear)
        seconds = ask.seconds_left()
        if machinery.brake.pulled or (seconds is not None and seconds <= 0):
            return Solution(termination=Termination.INTERRUPTED)
        if self._log is not None:
            check(engine.setOptionValue("output_flag", self._log.takes_more), "switch its log")
        set_limits(engine, ask.limits, seconds=seconds, linear=ask.linear)
        if ask.linear:
            # A basis stays primal feasible while only the objective changes: the primal simplex goes on from there.
            primal = self._primal or self._changed == {"objective"}
            strategy = PRIMAL_SIMPLEX if primal else DUAL_SIMPLEX
            check(engine.setOptionValue("simplex_strategy", strategy), "choose a simplex")
            self._changed.clear()
            self._primal = False
            return self._solution(engine, linear=True, termination=run(engine, linear=True))
        check(engine.clearSolver(), "clear its solver")
        if ask.start is not None:
            known = np.flatnonzero(~np.isnan(ask.start)).astype(np.int32)
            check(engine.setSolution(len(known), known, ask.start[known]), "take a start")
        machinery.listener = listener = Listener(engine, ask.progress, machinery.brake)
        try:
            termination = run(engine, linear=False)
        finally:
            listener.leave()
        if listener.error is not None:
            raise listener.error
        return self._solution(engine, linear=False, termination=termination)

    def _engine(self, machinery: _Machinery, *, linear: bool) -> highspy.Highs:
        if linear not in machinery.engines:
            told = log_options(self._log.file) if self._log is not None and self._log.takes_more else {}
            engine = new_engine(machinery.brake, {**self._options[linear], **told})
            pass_program(engine, self._as_it_stands(), linear=linear)
            machinery.engines[linear] = engine
        return machinery.engines[linear]

    def _told(self, listener: Listener | None) -> Solution | None:
        """Return what a solve that must be abandoned has told."""
        if listener is None:
            return None
        x = listener.x
        objective = None if x is None else float(self._objective @ x + self._program.offset)
        return Solution(termination=Termination.LIMIT, x=x, objective=objective, bound=listener.bound)

    def _solution(self, engine: highspy.Highs, *, linear: bool, termination: Termination) -> Solution:
        found = read(engine, termination, linear=linear)
        if found.x is None:
            return found
        value = float(self._objective @ found.x + self._program.offset)
        return replace(found, objective=value, bound=value if linear and np.isfinite(found.bound) else found.bound)


class HighsBackend:
    """The default backend: linear and mixed-integer programs from arrays.

    ``method`` solves linear programs, ``crossover`` ends its ``ipm`` at a basis; ``search`` is that of mixed-integer
    ones. Without ``watchdog`` HiGHS alone keeps time limits, which it may overrun many times: for comparison. HiGHS
    appends what it tells of every solve to ``log``, if there is one.
    """

    name = "highs"
    capabilities = Capabilities(
        integers=True, duals=True, warm_start=True, interrupt=True, progress=True, conflict=True
    )

    def __init__(
        self,
        *,
        method: Method = "choose",
        crossover: bool = True,
        search: Search = "balanced",
        watchdog: bool = True,
        log: SolverLog | None = None,
    ) -> None:
        self._watchdog, self._log = watchdog, log
        self._linear = {"solver": method, "run_crossover": "on" if crossover else "off"}
        self._mixed = SEARCH_OPTIONS[search]

    def load(self, program: Program) -> HighsModel:
        """Load a program; raises :class:`solvers.core.errors.BackendFailure` where HiGHS refuses it."""
        if not np.all(np.isfinite(program.rows.value)):
            raise Unsupported("HiGHS takes finite coefficients only; replace infinite entries of the matrix")
        return HighsModel(program, linear=self._linear, mixed=self._mixed, watchdog=self._watchdog, log=self._log)
