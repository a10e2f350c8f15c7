"""Keeps what a run did that took time; for watchers only, so it has a clock of its own that no decision reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from actors.protocol import AgentNetwork, Message, Reply
from planner.ports.run_steps import RunStep, StepKind
from solvers.core.backend import Backend, Capabilities, GrowingModel, Model, Progress, Restartable
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.termination import UNLIMITED, Limits, Solution

MOST_STEPS = 20_000
"""Steps kept until they are taken; a run that nobody asks for longer than that is told from its beginning only."""

QUICK_ANSWER_SECONDS = 1e-3
"""An agent that answered within that is told with its round only."""


@dataclass(slots=True)
class Timed:
    """What a step in the making is to be called."""

    what: str
    count: int = 0


class RunSteps:
    """The steps of one run, added and taken by any thread; ``clock`` tells seconds as those of progress."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        started = time.monotonic()
        self._clock = clock or (lambda: time.monotonic() - started)
        self._lock = threading.Lock()
        self._kept: list[RunStep] = []

    @contextmanager
    def timing(self, kind: StepKind, what: str, count: int = 0) -> Iterator[Timed]:
        """Keep the body as a step, also where it raises; its name may still change on the way."""
        step, began = Timed(what, count), self._clock()
        try:
            yield step
        finally:
            self.add(RunStep(kind=kind, what=step.what, began=began, ended=self._clock(), count=step.count))

    def add(self, step: RunStep) -> None:
        """Keep a step."""
        with self._lock:
            if len(self._kept) < MOST_STEPS:
                self._kept.append(step)

    def add_answers(self, began: float, seconds: Mapping[str, float]) -> None:
        """Keep the answers of agents of one host, which answered one after the other."""
        for name, taken in seconds.items():
            ended = began + taken
            if taken > QUICK_ANSWER_SECONDS:
                self.add(RunStep(kind=StepKind.AGENT, what=name, began=began, ended=ended))
            began = ended

    def now(self) -> float:
        """Return the seconds on the run's clock."""
        return self._clock()

    def take(self) -> tuple[RunStep, ...]:
        """Return and forget the steps that ended since they were last taken."""
        with self._lock:
            taken, self._kept = tuple(self._kept), []
        return taken


class TimedNetwork:
    """A network whose rounds are kept as steps; see :class:`actors.protocol.AgentNetwork`."""

    def __init__(self, network: AgentNetwork, steps: RunSteps) -> None:
        self._network, self._steps = network, steps

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._network.names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver a round."""
        if not messages:
            return self._network.ask(messages)
        kinds = sorted({type(message).__name__ for message in messages.values()})
        with self._steps.timing(StepKind.ROUND, "+".join(kinds), len(messages)):
            return self._network.ask(messages)


class TimedBackend:
    """A backend whose solves are kept as steps; see :class:`solvers.core.backend.Backend`."""

    def __init__(self, backend: Backend, steps: RunSteps) -> None:
        self._backend, self._steps = backend, steps
        self.name: str = backend.name
        self.capabilities: Capabilities = backend.capabilities

    def load(self, program: Program) -> Model:
        """Load a program into a model that can do what the backend's own can."""
        model = self._backend.load(program)
        if isinstance(model, Restartable):
            if isinstance(model, GrowingModel):
                return TimedGrowing(model, self._steps, program.columns)
            return TimedRestartable(model, self._steps, program.columns)
        return TimedModel(model, self._steps, program.columns)


class TimedModel:
    """A model whose solves are kept as steps."""

    def __init__(self, model: Model, steps: RunSteps, columns: int) -> None:
        self._model, self._steps, self._columns = model, steps, columns

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
        """Solve, and keep how it ended and how long it took."""
        with self._steps.timing(StepKind.SOLVE, "error", self._columns) as step:
            solution = self._model.solve(limits=limits, start=start, relaxed=relaxed, progress=progress)
            step.what = solution.termination.value
            return solution

    def interrupt(self) -> None:
        """Ask a running solve to stop."""
        self._model.interrupt()

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Return rows that cannot hold together."""
        with self._steps.timing(StepKind.SOLVE, "conflict", self._columns):
            return self._model.conflict(limits=limits)


class TimedRestartable(TimedModel):
    """A timed model that can begin again."""

    def __init__(self, model: Restartable, steps: RunSteps, columns: int) -> None:
        super().__init__(model, steps, columns)
        self._restartable = model

    def remember(self) -> None:
        """Keep the basis of the last linear solve."""
        self._restartable.remember()

    def begin_again(self, *, primal: bool = False) -> None:
        """Let the next linear solve start from the remembered basis."""
        self._restartable.begin_again(primal=primal)


class TimedGrowing(TimedRestartable):
    """A timed model that can begin again and grow."""

    def __init__(self, model: Restartable, steps: RunSteps, columns: int) -> None:
        super().__init__(model, steps, columns)
        if not isinstance(model, GrowingModel):
            raise TypeError(f"{type(model).__name__} cannot grow")
        self._growing: GrowingModel = model

    def add_columns(self, objective: Floats, lower: Floats, upper: Floats, entries: SparseRows) -> None:
        """Append columns."""
        self._growing.add_columns(objective, lower, upper, entries)
        self._columns += len(objective)
