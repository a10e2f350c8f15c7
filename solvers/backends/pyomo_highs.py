"""A program as a readable Pyomo model, solved by HiGHS through Pyomo's own interface: for small models and reference.

Building is 35 to 85 times slower than handing arrays over; what is gained is a model that can be printed
(``model.pprint()``) and looked into. Every solve starts a new solver on the living Pyomo model.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.base import Results, TerminationCondition
from pyomo.contrib.appsi.solvers.highs import Highs
from pyomo.core.expr.numeric_expr import LinearExpression, MonomialTermExpression

from solvers.core.backend import Capabilities, Progress
from solvers.core.errors import BackendFailure, Unsupported
from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination

_CONDITION = {
    TerminationCondition.optimal: Termination.OPTIMAL,
    TerminationCondition.infeasible: Termination.INFEASIBLE,
    TerminationCondition.unbounded: Termination.UNBOUNDED,
    TerminationCondition.maxTimeLimit: Termination.LIMIT,
    TerminationCondition.maxIterations: Termination.LIMIT,
    TerminationCondition.objectiveLimit: Termination.LIMIT,
    TerminationCondition.interrupted: Termination.INTERRUPTED,
}


class PyomoModel:
    """A program as a Pyomo model; see :class:`solvers.core.backend.Model` for the meaning of the methods.

    ``model`` is the ConcreteModel: variables ``x[j]``, constraints ``row[i]``, objective ``value``.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._objective = program.objective.copy()
        self._row_lower, self._row_upper = program.row_lower.copy(), program.row_upper.copy()
        used = program.rows.row_of_entry()[program.rows.value != 0]
        self._filled = np.bincount(used, minlength=program.rows.rows) > 0
        self.model = _concrete(program)
        for i in range(program.rows.rows):
            self._replace_row(i)

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        self._objective[columns] = values
        self.model.value.set_value(
            _linear(self.model, np.arange(self._program.columns, dtype=np.int32), self._objective)
        )

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        for j, low, high in zip(columns, lower, upper, strict=True):
            self.model.x[int(j)].setlb(_bound(low))
            self.model.x[int(j)].setub(_bound(high))

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        for i, low, high in zip(rows, lower, upper, strict=True):
            self._row_lower[i], self._row_upper[i] = low, high
            self._replace_row(int(i))

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve with a new solver; ``start`` gives it values of a mixed-integer program."""
        if self._crossed():
            return Solution(termination=Termination.INFEASIBLE, bound=-np.inf)
        linear = relaxed or not self._program.integer.any()
        if progress is not None and not linear:
            raise Unsupported("this backend does not report progress; choose 'highs' or 'cpsat'")
        known = np.zeros(0, dtype=np.int64) if start is None else np.flatnonzero(~np.isnan(start))
        for variable in self.model.x.values():
            variable.set_value(None)
        for j in known:
            self.model.x[int(j)].set_value(float(start[j]) if start is not None else None, skip_validation=True)
        # HiGHS' own option for the relaxation leaves no duals, so the domains change.
        self._set_domains(relaxed=relaxed)
        solver = _solver(limits, warm=len(known) > 0 and not linear)
        try:
            results = solver.solve(self.model)
        except RuntimeError as error:
            raise BackendFailure(f"Pyomo's HiGHS interface failed ({error}); look for extreme values") from error
        return self._solution(results, limits, linear=linear)

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Raise Unsupported: `solvers.core.conflict` finds one with any exact backend."""
        del limits
        raise Unsupported("this backend names no conflict itself; call solvers.core.conflict.minimal_conflict")

    def interrupt(self) -> None:
        """Raise Unsupported: Pyomo hands over no handle to a running solve."""
        raise Unsupported("a solve through Pyomo cannot be interrupted; choose 'highs', or set limits")

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
        if self._filled[i] and (low is not None or high is not None):
            self.model.row.add(i, (low, body, high))

    def _crossed(self) -> bool:
        """Whether bounds cross or a row of zeros cannot hold; Pyomo refuses both instead of answering."""
        if any(x.lb is not None and x.ub is not None and x.lb > x.ub for x in self.model.x.values()):
            return True
        unmet = ~self._filled & ((self._row_lower > 0) | (self._row_upper < 0))
        return bool(unmet.any() or np.any(self._row_lower > self._row_upper))

    def _solution(self, results: Results, limits: Limits, *, linear: bool) -> Solution:
        termination = self._termination(results, limits)
        x = objective = dual = None
        if results.best_feasible_objective is not None and np.isfinite(results.best_feasible_objective):
            results.solution_loader.load_vars()
            x = np.array([_value(variable) for variable in self.model.x.values()])
            objective = float(self._objective @ x + self._program.offset)
        if linear and termination is Termination.OPTIMAL:
            found = results.solution_loader.get_duals()
            dual = np.array([found.get(self.model.row[i], 0.0) if i in self.model.row else 0.0 for i in self._rows()])
        bound = np.inf
        if termination is Termination.INFEASIBLE:
            bound = -np.inf
        elif linear:
            bound = objective if termination is Termination.OPTIMAL and objective is not None else np.inf
        elif results.best_objective_bound is not None:
            bound = results.best_objective_bound + self._program.offset
        return Solution(termination=termination, x=x, objective=objective, bound=float(bound), row_dual=dual)

    def _rows(self) -> range:
        return range(self._program.rows.rows)

    def _termination(self, results: Results, limits: Limits) -> Termination:
        condition = results.termination_condition
        if condition is TerminationCondition.infeasibleOrUnbounded:
            return self._infeasible_or_unbounded()
        if condition is TerminationCondition.unknown and limits != UNLIMITED:
            return Termination.LIMIT  # HiGHS calls its node limit a solution limit, which Pyomo does not know
        if condition not in _CONDITION:
            raise BackendFailure(f"Pyomo's HiGHS interface ended with {condition.name}; rescale the program")
        return _CONDITION[condition]

    def _infeasible_or_unbounded(self) -> Termination:
        """Tell the two apart: with an objective of zero, only an infeasible program has no optimum."""
        self.model.value.set_value(0.0)
        try:
            condition = _solver(UNLIMITED, warm=False).solve(self.model).termination_condition
        finally:
            self.set_objective(np.zeros(0, dtype=np.int32), np.zeros(0))
        return Termination.UNBOUNDED if condition is TerminationCondition.optimal else Termination.INFEASIBLE


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


def _value(variable: pyo.Var) -> float:
    """Return the value; a variable that stands in no row and no objective never reaches the solver: nearest to 0."""
    if variable.value is not None:
        return float(variable.value)
    low = -np.inf if variable.lb is None else variable.lb
    high = np.inf if variable.ub is None else variable.ub
    return float(min(max(0.0, low), high))


def _solver(limits: Limits, *, warm: bool) -> Highs:
    solver = Highs()
    solver.config.load_solution = False
    solver.config.stream_solver = False
    solver.config.warmstart = warm
    solver.config.time_limit = limits.seconds
    # HiGHS fails when the thread count changes within a process, so all of its users here agree on one.
    options: dict[str, object] = {"threads": 1, "random_seed": 0, "parallel": "off"}
    options |= {"mip_rel_gap": limits.gap, "mip_abs_gap": limits.absolute_gap}
    if limits.nodes is not None:
        options["mip_max_nodes"] = limits.nodes
    if limits.iterations is not None:
        options["simplex_iteration_limit"] = limits.iterations
    solver.highs_options = options
    return solver


class PyomoBackend:
    """HiGHS through a readable Pyomo model."""

    name = "pyomo"
    capabilities = Capabilities(integers=True, duals=True, warm_start=True, interrupt=False)

    def load(self, program: Program) -> PyomoModel:
        """Load a program."""
        return PyomoModel(program)
