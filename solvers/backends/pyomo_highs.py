"""A program as a readable Pyomo model, solved by HiGHS through Pyomo's own interface: for small models and reference.

Building is 35 to 85 times slower than handing arrays over; what is gained is a model that can be printed
(``model.pprint()``) and looked into. Every solve starts a new solver on the living Pyomo model.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.solvers.highs import Highs
from pyomo.core.expr.numeric_expr import LinearExpression, MonomialTermExpression

from solvers.backends.deadline import Ended, Watch, settle
from solvers.backends.highs_engine import Brake, check, furnish, read, run, set_limits
from solvers.backends.highs_progress import Listener
from solvers.core.backend import Capabilities, Progress
from solvers.core.errors import BackendFailure, Unsupported
from solvers.core.program import Floats, Ints, Program, finite, numbers
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination


class PyomoModel:
    """A program as a Pyomo model; see :class:`solvers.core.backend.Model` for the meaning of the methods.

    ``model`` is the ConcreteModel: variables ``x[j]``, constraints ``row[i]``, objective ``value``.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._objective = program.objective.copy()
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        used = program.rows.row_of_entry()[program.rows.value != 0]
        self._filled = np.bincount(used, minlength=program.rows.rows) > 0
        self.model = _concrete(program)
        for i in range(program.rows.rows):
            self._replace_row(i)
        self._loaded: _Loaded | None = None if self._crossed() else _Loaded(self.model)
        self._watch = Watch()

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._loaded = None
        self._objective[columns] = finite("objective", values)
        self.model.value.set_value(
            _linear(self.model, np.arange(self._program.columns, dtype=np.int32), self._objective)
        )

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        self._loaded = None
        for j, low, high in zip(columns, numbers("lower", lower), numbers("upper", upper), strict=True):
            self._lower[j], self._upper[j] = low, high
            self.model.x[int(j)].setlb(_bound(low))
            self.model.x[int(j)].setub(_bound(high))

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        self._loaded = None
        for i, low, high in zip(rows, numbers("row_lower", lower), numbers("row_upper", upper), strict=True):
            self._row_lower[i], self._row_upper[i] = low, high
            self._replace_row(int(i))

    def set_coefficients(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Replace entries of the matrix."""
        self._loaded = None
        self._program = replace(self._program, rows=self._program.rows.with_values(rows, columns, values))
        used = self._program.rows.row_of_entry()[self._program.rows.value != 0]
        self._filled = np.bincount(used, minlength=self._program.rows.rows) > 0
        for i in np.unique(rows):
            self._replace_row(int(i))

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve with a new solver; a changed program is loaded into it before the time of ``limits`` begins."""
        if self._crossed():
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        linear = relaxed or not self._program.integer.any()
        loaded = self._loaded
        if loaded is None or (relaxed and self._program.integer.any()):
            # HiGHS' own option for the relaxation leaves no duals, so the domains change.
            self._set_domains(relaxed=relaxed)
            loaded = _Loaded(self.model)
            self._set_domains(relaxed=False)
        # HiGHS would go on from where it was; a new solver depends on the program alone.
        self._loaded = None
        brake = Brake()
        furnish(loaded.engine, brake, {})
        listener = None if linear else Listener(loaded.engine, progress, brake, sign=1.0, offset=self._program.offset)
        if start is not None and not linear:
            loaded.begin_at(start)
        set_limits(loaded.engine, limits, seconds=limits.seconds, linear=linear)
        ended = self._watch.run(partial(run, loaded.engine, linear=linear), stop=brake.pull, seconds=limits.seconds)
        if listener is not None and listener.error is not None:
            raise listener.error
        return settle(self._read(ended, loaded, linear=linear), self._told(listener, loaded))

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop."""
        self._watch.interrupt()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Raise Unsupported: `solvers.core.conflict` finds one with any exact backend."""
        del limits
        raise Unsupported("'pyomo' names no conflict itself; call solvers.core.conflict.minimal_conflict")

    def _read(self, ended: Ended[Termination], loaded: _Loaded, *, linear: bool) -> Ended[Solution]:
        """Return the end with the solution in place of its termination."""
        if ended.result is None:
            return Ended(ended.end, None)
        found = read(loaded.engine, ended.result, linear=linear, sign=1.0)
        x = None if found.x is None else self._columns(found.x, loaded)
        objective = None if x is None else float(self._objective @ x + self._program.offset)
        bound = objective if linear and found.x is not None and np.isfinite(found.bound) else None
        dual = None
        if found.row_dual is not None:
            where = [(i, loaded.rows.get(self.model.row[i])) for i in self.model.row]
            dual = np.zeros(self._program.rows.rows)
            for i, at in where:
                dual[i] = 0.0 if at is None else found.row_dual[at]
        return Ended(
            ended.end,
            replace(
                found,
                x=x,
                objective=objective,
                bound=found.bound + self._program.offset if bound is None else bound,
                row_dual=dual,
            ),
        )

    def _told(self, listener: Listener | None, loaded: _Loaded) -> Solution | None:
        """Return what a solve that had to be abandoned has told."""
        if listener is None:
            return None
        x = None if listener.x is None else self._columns(listener.x, loaded)
        objective = None if x is None else float(self._objective @ x + self._program.offset)
        return Solution(termination=Termination.LIMIT, x=x, objective=objective, bound=listener.bound)

    def _columns(self, found: Floats, loaded: _Loaded) -> Floats:
        """Return values of all columns; one in no row and no objective never reaches the solver: nearest to 0."""
        x = np.clip(0.0, self._lower, self._upper)
        for j, variable in self.model.x.items():
            at = loaded.columns.get(id(variable))
            if at is not None:
                x[j] = found[at]
        return np.asarray(x, dtype=np.float64)

    def _set_domains(self, *, relaxed: bool) -> None:
        for j in np.flatnonzero(self._program.integer):
            self.model.x[int(j)].domain = pyo.Reals if relaxed else pyo.Integers

    def _replace_row(self, i: int) -> None:
        rows = self._program.rows
        entries = slice(int(rows.start[i]), int(rows.start[i + 1]))
        body = _linear(self.model, rows.index[entries], rows.value[entries])
        low, high = _bound(self._row_lower[i]), _bound(self._row_upper[i])
        if i in self.model.row:
            del self.model.row[i]
        # Pyomo takes no row whose bounds cross; `solve` answers for it.
        crossed = self._row_lower[i] > self._row_upper[i]
        if self._filled[i] and not crossed and (low is not None or high is not None):
            self.model.row.add(i, (low, body, high))

    def _crossed(self) -> bool:
        """Whether bounds cross or a row of zeros cannot hold; Pyomo refuses both instead of answering."""
        unmet = ~self._filled & ((self._row_lower > 0) | (self._row_upper < 0))
        crossed = np.any(self._lower > self._upper) or np.any(self._row_lower > self._row_upper)
        return bool(unmet.any() or crossed)


class _Loaded:
    """A Pyomo model in a HiGHS instance: Pyomo's interface loads it, the rest is done as for `highs`.

    Pyomo's own way to solve redirects the output of the whole process, and cannot be stopped.
    """

    def __init__(self, model: pyo.ConcreteModel) -> None:
        self._interface = Highs()
        try:
            self._interface.set_instance(model)
        except RuntimeError as error:
            raise BackendFailure(f"Pyomo's HiGHS interface failed ({error}); look for extreme values") from error
        self._model = model
        # Pyomo names no public way to these; its version is pinned, and the conformance suite would notice.
        self.engine = self._interface._solver_model  # noqa: SLF001
        self.columns = self._interface._pyomo_var_to_solver_var_map  # noqa: SLF001
        self.rows = self._interface._pyomo_con_to_solver_con_map  # noqa: SLF001

    def begin_at(self, start: Floats) -> None:
        """Give the known values of a start to the solver."""
        known = [(self.columns.get(id(self._model.x[int(j)])), j) for j in np.flatnonzero(~np.isnan(start))]
        reached = [(at, j) for at, j in known if at is not None]
        index = np.array([at for at, _ in reached], dtype=np.int32)
        values = np.array([start[j] for _, j in reached], dtype=np.float64)
        check(self.engine.setSolution(len(index), index, values), "take a start")


def _concrete(program: Program) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel(name="program")
    model.x = pyo.Var(range(program.columns))
    for j, variable in model.x.items():
        variable.domain = pyo.Integers if program.integer[j] else pyo.Reals
        variable.setlb(_bound(program.lower[j]))
        variable.setub(_bound(program.upper[j]))
    model.value = pyo.Objective(expr=_objective(model, program.objective), sense=pyo.maximize)
    model.row = pyo.Constraint(range(program.rows.rows), rule=lambda _model, _i: pyo.Constraint.Skip)
    return model


def _linear(model: pyo.ConcreteModel, columns: Ints, values: Floats) -> object:
    terms = [(float(v), model.x[int(j)]) for j, v in zip(columns, values, strict=True) if v != 0]
    return LinearExpression([MonomialTermExpression(term) for term in terms]) if terms else 0.0


def _objective(model: pyo.ConcreteModel, values: Floats) -> object:
    return _linear(model, np.arange(len(values), dtype=np.int32), values)


def _bound(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


class PyomoBackend:
    """HiGHS through a readable Pyomo model."""

    name = "pyomo"
    capabilities = Capabilities(integers=True, duals=True, warm_start=True, interrupt=True, progress=True)

    def load(self, program: Program) -> PyomoModel:
        """Load a program."""
        return PyomoModel(program)
