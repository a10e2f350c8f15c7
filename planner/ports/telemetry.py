"""The port to whoever watches the server: traces of what was done, and figures about requests, queues, runs and caches.

Telling is quick, never raises and never changes what is told about: no plan, no decision and no answer depends on it.
What is told carries ids that the server gave, names of methods, agents and states, and numbers; nothing from a
customer's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from planner.ports.run_steps import RunStep

Note = str | int | float
"""What a span can be told about itself."""


class Span(Protocol):
    """Something that is being done, as a part of whatever was being done when it began."""

    @property
    def trace(self) -> str:
        """The W3C ``traceparent`` by which others go on from here; empty where nobody records."""
        ...

    def note(self, name: str, value: Note) -> None:
        """Tell something about it."""
        ...

    def fail(self, reason: str) -> None:
        """Tell that it went wrong; ``reason`` is a code, never a message that could quote a customer's row."""
        ...


class Traces(Protocol):
    """Keeps spans; those that begin inside another one's context, in the same task or its children, are its parts."""

    def request(self, method: str, caller: str) -> AbstractContextManager[Span]:
        """Begin with a request; ``caller`` is the ``traceparent`` it came with, empty without one."""
        ...

    def span(self, name: str, *, follows: str = "") -> AbstractContextManager[Span]:
        """Begin with something; ``follows`` is the trace of what an earlier process began and this one takes up."""
        ...

    def steps(self, steps: Sequence[RunStep], began: datetime) -> None:
        """Keep the steps of a run that began at that moment as parts of what is being done now."""
        ...

    def current(self) -> str:
        """Return the ``traceparent`` of what is being done now; empty where nothing is, or nobody records."""
        ...

    def close(self) -> None:
        """Hand over what is left."""
        ...


class Metrics(Protocol):
    """Keeps figures; methods, codes, states and names of caches come from closed sets."""

    def request_began(self, method: str) -> None:
        """Count a request that is being served."""
        ...

    def request_ended(self, method: str, code: str, seconds: float) -> None:
        """Count its end by status code."""
        ...

    def queue_changed(self, *, waiting: int, running: int) -> None:
        """Tell how many plans wait for a place, and how many have one."""
        ...

    def queue_refused(self) -> None:
        """Count a request for which the queue had no room."""
        ...

    def queue_left(self, seconds: float) -> None:
        """Tell how long a plan waited for its place, or for nothing."""
        ...

    def plan_ended(self, state: str, *, seconds: float, gap: float | None) -> None:
        """Count the end of a plan: seconds since it was asked for, and its gap where it has one."""
        ...

    def steps(self, steps: Sequence[RunStep]) -> None:
        """Count what runs did: rounds, solves, restarts of hosts."""
        ...

    def cache_asked(self, cache: str, *, hit: bool) -> None:
        """Count a question to a cache."""
        ...

    def what_if_changed(self, *, waiting: int, running: int) -> None:
        """Tell how many what-if executions wait for their turn, and how many are under way."""
        ...

    def what_if_ended(self, state: str) -> None:
        """Count the end of a what-if execution."""
        ...

    def what_if_case_ended(self, outcome: str, seconds: float) -> None:
        """Count a what-if case of a server by what came of it, and the seconds that it took."""
        ...

    def close(self) -> None:
        """Stop telling."""
        ...


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Both, as they are handed to use cases and doors."""

    traces: Traces
    metrics: Metrics

    def steps(self, steps: Sequence[RunStep], began: datetime) -> None:
        """Keep the steps of a run that began at that moment, where there are any."""
        if steps:
            self.traces.steps(steps, began)
            self.metrics.steps(steps)

    def close(self) -> None:
        """Close both."""
        self.traces.close()
        self.metrics.close()
