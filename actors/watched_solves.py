"""Solves as a run sees them from outside: how long they took, and that none begins once the run is to end.

A solve that is not begun ends as one that was interrupted before it found anything, which it could be at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from actors.brake import Brake
from actors.run_diary import RunSteps, Timed
from planner.ports.run_steps import StepKind
from solvers.backends.registry import KEEP_LOGS, backend
from solvers.backends.solver_log import SolverLog
from solvers.core.backend import Backend, Capabilities, GrowingModel, Model, Progress, Restartable
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination


class Watch:
    """Who is told of solves (nobody without ``steps``), and who ends them; ``stopped`` says that none is to begin.

    ``log`` gets a line for each solve, for people.
    """

    def __init__(
        self,
        brake: Brake,
        *,
        steps: RunSteps | None = None,
        stopped: Callable[[], bool] | None = None,
        log: SolverLog | None = None,
    ) -> None:
        self.brake, self._steps, self._log = brake, steps, log
        self.stopped = stopped or (lambda: brake.pulled)

    def writing(self, log: SolverLog) -> Watch:
        """Return this watch with a log to write to."""
        return Watch(self.brake, steps=self._steps, stopped=self.stopped, log=log)

    def note(self, columns: int, solution: Solution, seconds: float) -> None:
        """Write a line about a solve that ended."""
        if self._log is not None:
            self._log.note(
                f"{columns} columns: {solution.termination.value}, value {solution.objective}, bound {solution.bound}, "
                f"{solution.nodes} nodes, {seconds:.3f} s"
            )

    @contextmanager
    def timing(self, what: str, columns: int) -> Iterator[Timed]:
        """Keep the body as a step."""
        if self._steps is None:
            yield Timed(what, columns)
            return
        with self._steps.timing(StepKind.SOLVE, what, columns) as step:
            yield step


def watched_backend(name: str, watch: Watch, log: SolverLog | None = None) -> WatchedBackend:
    """Return the backend of a name, watched; it tells its solves to ``log``, if there is one.

    Of a library that keeps no log itself, each solve is a line.
    """
    if log is None:
        return WatchedBackend(backend(name), watch)
    if name in KEEP_LOGS:
        return WatchedBackend(backend(name, log=log), watch)
    log.note(f"backend {name} keeps no log of its own; each of its solves is a line here")
    return WatchedBackend(backend(name), watch.writing(log))


class WatchedBackend:
    """A backend whose solves are watched; see :class:`solvers.core.backend.Backend`."""

    def __init__(self, backend: Backend, watch: Watch) -> None:
        self._backend, self._watch = backend, watch
        self.name: str = backend.name
        self.capabilities: Capabilities = backend.capabilities

    def load(self, program: Program) -> Model:
        """Load a program into a model that can do what the backend's own can."""
        model = self._backend.load(program)
        if isinstance(model, Restartable):
            if isinstance(model, GrowingModel):
                return WatchedGrowing(model, self._watch, program.columns)
            return WatchedRestartable(model, self._watch, program.columns)
        return WatchedModel(model, self._watch, program.columns)


class WatchedModel:
    """A model whose solves are watched."""

    def __init__(self, model: Model, watch: Watch, columns: int) -> None:
        self._model, self._watch, self._columns = model, watch, columns

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients."""
        self._model.set_objective(columns, values)

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of columns."""
        self._model.set_column_bounds(columns, lower, upper)

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of rows."""
        self._model.set_row_bounds(rows, lower, upper)

    def set_coefficients(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Replace entries of the matrix."""
        self._model.set_coefficients(rows, columns, values)

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve unless the run is to end."""
        with self._watch.brake.solving(self._model), self._watch.timing("error", self._columns) as step:
            # Asked only once the brake knows of this solve, so that it is either not begun or interrupted.
            if self._watch.stopped():
                step.what = Termination.INTERRUPTED.value
                return Solution(termination=Termination.INTERRUPTED)
            began = time.monotonic()
            solution = self._model.solve(limits=limits, start=start, relaxed=relaxed, progress=progress)
            self._watch.note(self._columns, solution, time.monotonic() - began)
            step.what = solution.termination.value
            return solution

    def interrupt(self) -> None:
        """Ask a running solve to stop."""
        self._model.interrupt()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Return rows that cannot hold together."""
        with self._watch.timing("conflict", self._columns):
            return self._model.conflict(limits=limits)


class WatchedRestartable(WatchedModel):
    """A watched model that can begin again."""

    def __init__(self, model: Restartable, watch: Watch, columns: int) -> None:
        super().__init__(model, watch, columns)
        self._restartable = model

    def remember(self) -> None:
        """Keep the basis of the last linear solve."""
        self._restartable.remember()

    def begin_again(self, *, primal: bool = False) -> None:
        """Let the next linear solve start from the remembered basis."""
        self._restartable.begin_again(primal=primal)

    def begin_near(self, row_dual: Floats) -> None:
        """Let the next linear solve start where multipliers suggest."""
        self._restartable.begin_near(row_dual)


class WatchedGrowing(WatchedRestartable):
    """A watched model that can begin again and grow."""

    def __init__(self, model: Restartable, watch: Watch, columns: int) -> None:
        super().__init__(model, watch, columns)
        if not isinstance(model, GrowingModel):
            raise TypeError(f"{type(model).__name__} cannot grow")
        self._growing: GrowingModel = model

    def add_columns(self, objective: Floats, lower: Floats, upper: Floats, entries: SparseRows) -> None:
        """Append columns."""
        self._growing.add_columns(objective, lower, upper, entries)
        self._columns += len(objective)
