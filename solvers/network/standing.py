"""A linear program that stands, and what its optimum becomes under one change at a time.

Every change is solved from the one basis that the unchanged program ended with, by the primal simplex (changes mostly
loosen), so that an answer depends on its change alone and not on what was asked before. Nothing in an answer rests on
the solver's word: the value is recomputed from the columns, every row is checked, and the bound is weak duality over
the whole program in outward-rounded arithmetic (`solvers.core.weak_duality`), whatever multipliers the solver gave.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from solvers.core.backend import Backend, Model, Restartable
from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats, Ints, Program
from solvers.core.termination import Limits, Solution, Termination
from solvers.core.weak_duality import program_bound, sign_correct
from solvers.network.reduction import without_fixed

_NO_PLACES: Ints = np.zeros(0, dtype=np.int32)
_NO_VALUES: Floats = np.zeros(0)


@dataclass(frozen=True, slots=True, eq=False)
class ColumnChange:
    """New bounds and objective of some columns, each of shape (columns,)."""

    columns: Ints = field(default_factory=_NO_PLACES.copy)
    lower: Floats = field(default_factory=_NO_VALUES.copy)
    upper: Floats = field(default_factory=_NO_VALUES.copy)
    objective: Floats = field(default_factory=_NO_VALUES.copy)


@dataclass(frozen=True, slots=True, eq=False)
class RowChange:
    """New bounds of some rows, each of shape (rows,)."""

    rows: Ints = field(default_factory=_NO_PLACES.copy)
    lower: Floats = field(default_factory=_NO_VALUES.copy)
    upper: Floats = field(default_factory=_NO_VALUES.copy)


@dataclass(frozen=True, slots=True, eq=False)
class EntryChange:
    """New values at (row, column), each of shape (entries,); the program must have an entry there, if only a 0."""

    rows: Ints = field(default_factory=_NO_PLACES.copy)
    columns: Ints = field(default_factory=_NO_PLACES.copy)
    values: Floats = field(default_factory=_NO_VALUES.copy)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What differs from the program that stands; columns and rows in the numbering of the whole."""

    columns: ColumnChange = field(default_factory=ColumnChange)
    rows: RowChange = field(default_factory=RowChange)
    entries: EntryChange = field(default_factory=EntryChange)
    offset: float = 0.0

    def applied(self, program: Program) -> Program:
        """Return the changed program."""
        arrays = {name: getattr(program, name).copy() for name in ("objective", "lower", "upper")}
        for name, array in arrays.items():
            array[self.columns.columns] = getattr(self.columns, name)
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        row_lower[self.rows.rows], row_upper[self.rows.rows] = self.rows.lower, self.rows.upper
        matrix = program.rows
        if len(self.entries.rows):
            matrix = matrix.with_values(self.entries.rows, self.entries.columns, self.entries.values)
        offset = program.offset + self.offset
        return replace(program, **arrays, rows=matrix, row_lower=row_lower, row_upper=row_upper, offset=offset)


@dataclass(frozen=True, slots=True, eq=False)
class Certified:
    """A solution with what was recomputed from it.

    ``value`` is c·x + offset, ``bound`` at least the optimum by weak duality from the multipliers ``y``, ``violation``
    the largest amount by which a row or a column's bound is missed, as a share of its tolerance (≤ 1: all hold).
    """

    x: Floats
    y: Floats
    value: float
    bound: float
    violation: float
    iterations: int


class NoOptimum(Exception):
    """The solver did not end with an optimum; ``termination`` says how it ended."""

    def __init__(self, termination: Termination) -> None:
        self.termination = termination
        super().__init__(f"the changed program ended as {termination.value}")


class StandingProgram:
    """A loaded program that answers changes; ``open_columns`` (bool [columns]) may be changed though they are fixed."""

    def __init__(self, program: Program, backend: Backend, *, open_columns: Bools) -> None:
        self.program = program
        self._backend = backend
        self._reduction = without_fixed(program, open_columns)
        self._model: Model = backend.load(self._reduction.program)
        solution = self._model.solve(relaxed=True)
        self.base = self._certified(program, solution)
        if isinstance(self._model, Restartable):
            self._model.remember()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the program that is solved."""
        return self._reduction.program.columns, self._reduction.program.rows.rows

    def changed(self, change: Change, limits: Limits) -> Certified:
        """Solve with a change and forget it again.

        Raises
        ------
        NoOptimum
            If the changed program has no optimum, or a limit came first.
        InvalidProgram
            If an entry is changed that there is not, or a column or row that was left out because it is fixed.
        """
        self._check(change)
        back = self._undo(change)
        if isinstance(self._model, Restartable):
            self._model.begin_again(primal=True)
        else:
            self._model = self._backend.load(self._reduction.program)
        self._apply(change)
        try:
            solution = self._model.solve(limits=limits, relaxed=True)
        finally:
            self._apply(back)
        return self._certified(change.applied(self.program), solution)

    def interrupt(self) -> None:
        """Ask, from another thread, the solve under way to stop."""
        self._model.interrupt()

    def _apply(self, change: Change) -> None:
        places, at = self._reduction.column_place, self._reduction.row_place
        columns, rows, entries = change.columns, change.rows, change.entries
        if len(columns.columns):
            self._model.set_column_bounds(places[columns.columns], columns.lower, columns.upper)
            self._model.set_objective(places[columns.columns], columns.objective)
        if len(rows.rows):
            shift = self._reduction.shift[rows.rows]
            self._model.set_row_bounds(at[rows.rows], rows.lower - shift, rows.upper - shift)
        if len(entries.rows):
            self._model.set_coefficients(at[entries.rows], places[entries.columns], entries.values)

    def _check(self, change: Change) -> None:
        places, at = self._reduction.column_place, self._reduction.row_place
        columns = np.concatenate([change.columns.columns, change.entries.columns])
        rows = np.concatenate([change.rows.rows, change.entries.rows])
        for what, numbers, place in (("column", columns, places), ("row", rows, at)):
            absent = numbers[place[numbers] < 0]
            if len(absent):
                raise InvalidProgram(f"{what} {absent[0]} was left out as fixed; name it among the open columns")

    def _undo(self, change: Change) -> Change:
        program, columns, rows, entries = self.program, change.columns.columns, change.rows.rows, change.entries
        return Change(
            ColumnChange(columns, program.lower[columns], program.upper[columns], program.objective[columns]),
            RowChange(rows, program.row_lower[rows], program.row_upper[rows]),
            EntryChange(entries.rows, entries.columns, entries_of(program, entries.rows, entries.columns)),
        )

    def _certified(self, program: Program, solution: Solution) -> Certified:
        if solution.termination is not Termination.OPTIMAL or solution.x is None or solution.row_dual is None:
            raise NoOptimum(solution.termination)
        x = np.clip(self._reduction.whole_columns(solution.x), program.lower, program.upper)
        y = sign_correct(self._reduction.whole_rows(solution.row_dual), program.row_lower, program.row_upper)
        return Certified(
            x=x,
            y=y,
            value=float(program.objective @ x + program.offset),
            bound=program_bound(program, y),
            violation=violation(program, x),
            iterations=solution.iterations,
        )


def entries_of(program: Program, rows: Ints, columns: Ints) -> Floats:
    """Return the values at (row, column), 0 where there is no entry."""
    matrix = program.rows
    key = matrix.row_of_entry().astype(np.int64) * matrix.columns + matrix.index
    wanted = rows.astype(np.int64) * matrix.columns + columns
    place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    found: Floats = np.where(key[place] == wanted, matrix.value[place], 0.0) if len(key) else np.zeros(len(wanted))
    return found


def violation(program: Program, x: Floats, *, absolute: float = 1e-4, relative: float = 1e-7) -> float:
    """Return the largest miss of a row or of a column's bound, as a share of ``absolute + relative·|bound|``."""
    activity, worst = program.rows.times(x), 0.0
    for value, lower, upper in ((activity, program.row_lower, program.row_upper), (x, program.lower, program.upper)):
        for bound, sign in ((lower, 1.0), (upper, -1.0)):
            finite = np.isfinite(bound)
            miss = sign * (bound[finite] - value[finite]) / (absolute + relative * np.abs(bound[finite]))
            worst = max(worst, float(miss.max(initial=0.0)))
    return worst
