"""Keeps what a run did that took time; for watchers only, so it has a clock of its own that no decision reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from actors.protocol import AgentNetwork, Message, Reply
from planner.ports.run_steps import RunStep, StepKind

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
