"""The brake: it ends the solve under way, lets none begin, reaches agents, and leaves other runs alone."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from actors.brake import Brake
from actors.run_diary import RunSteps
from actors.watched_solves import Watch, WatchedBackend
from planner.domain.scenario import Scenario
from planner.ports.run_steps import StepKind
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.backend import GrowingModel, Restartable
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.assembly import Assembly
from tests.planning import whole_problem


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Return a tiny scenario."""
    return generate("tiny", seed=3)


@pytest.fixture(scope="module")
def assembly(scenario: Scenario) -> Assembly:
    """Return its whole program."""
    return whole_problem(scenario)[1]


class Endless:
    """A model whose solve goes on until it is interrupted."""

    def __init__(self) -> None:
        self.begun, self._interrupted = threading.Event(), threading.Event()
        self.solves = 0

    def solve(self, **_: object) -> Solution:
        """Wait to be interrupted."""
        self.solves += 1
        self.begun.set()
        assert self._interrupted.wait(20)
        return Solution(termination=Termination.INTERRUPTED)

    def interrupt(self) -> None:
        """End the solve."""
        self._interrupted.set()


class Toy:
    """A backend that loads one model whatever it is given."""

    def __init__(self, model: Endless) -> None:
        self.name, self.capabilities, self._model = "toy", backend("highs").capabilities, model

    def load(self, _: object) -> Endless:
        """Return the model."""
        return self._model


def test_the_solve_under_way_is_ended_and_the_next_is_not_begun(assembly: Assembly) -> None:
    """Pulling interrupts the model that solves, tells others, and every later solve ends before it begins."""
    told, steps, endless = [], RunSteps(), Endless()
    brake = Brake(lambda: told.append("others"))
    model = WatchedBackend(Toy(endless), Watch(brake, steps=steps)).load(assembly.program)
    ended = []
    solving = threading.Thread(target=lambda: ended.append(model.solve()))
    solving.start()
    assert endless.begun.wait(20)
    brake.pull()
    solving.join(20)
    assert [solution.termination for solution in ended] == [Termination.INTERRUPTED]
    assert told == ["others"]
    late = model.solve()
    assert (late.termination, late.x, late.bound) == (Termination.INTERRUPTED, None, float("inf"))
    assert endless.solves == 1
    assert [(step.kind, step.what) for step in steps.take()] == [(StepKind.SOLVE, "interrupted")] * 2


def test_a_run_without_a_plan_may_go_on_solving(assembly: Assembly) -> None:
    """Where the run says that it still needs its solves, a pulled brake lets them begin."""
    brake = Brake()
    brake.pull()
    watch = Watch(brake, stopped=lambda: False)
    solution = WatchedBackend(backend("highs"), watch).load(assembly.program).solve(relaxed=True)
    assert solution.termination is Termination.OPTIMAL


@pytest.mark.parametrize("name", ["highs", "scip", "pyomo"])
def test_watched_models_can_do_what_their_own_can(assembly: Assembly, name: str) -> None:
    """Watching hides no ability of a model, and invents none."""
    own = backend(name)
    watched = WatchedBackend(own, Watch(Brake()))
    plain, seen = own.load(assembly.program), watched.load(assembly.program)
    assert (watched.name, watched.capabilities) == (own.name, own.capabilities)
    for ability in (Restartable, GrowingModel):
        assert isinstance(seen, ability) == isinstance(plain, ability)


def test_watched_solves_are_the_same(assembly: Assembly) -> None:
    """A watched model answers to the last digit as its own does, also from a remembered basis."""
    own = backend("highs").load(assembly.program)
    watched = WatchedBackend(backend("highs"), Watch(Brake(), steps=RunSteps())).load(assembly.program)
    for model in (own, watched):
        model.solve(relaxed=True)
        assert isinstance(model, Restartable)
        model.remember()
        model.set_column_bounds(*_closed(assembly))
        model.begin_again()
    first, second = (model.solve(limits=Limits(nodes=5), relaxed=True) for model in (own, watched))
    assert first.objective == second.objective
    assert first.x is not None
    assert second.x is not None
    assert np.array_equal(first.x, second.x)


def _closed(assembly: Assembly) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    columns = np.flatnonzero(assembly.program.integer)[:1].astype(np.int32)
    return columns, np.zeros(1), np.zeros(1)
