"""Telemetry that tells nobody: what tests, commands and servers that nobody watches are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from planner.ports.run_steps import RunStep
from planner.ports.telemetry import Note, Span, Telemetry


class SilentSpan:
    """Implements :class:`planner.ports.telemetry.Span`; its trace is what it was given."""

    def __init__(self, trace: str = "") -> None:
        self.trace = trace

    def note(self, name: str, value: Note) -> None:
        """Forget it."""

    def fail(self, reason: str) -> None:
        """Forget it."""


class SilentTraces:
    """Implements :class:`planner.ports.telemetry.Traces`."""

    @contextmanager
    def request(self, method: str, caller: str) -> Iterator[Span]:  # noqa: ARG002 - the port's signature
        """Keep nothing."""
        yield SilentSpan(caller)

    @contextmanager
    def span(self, name: str, *, follows: str = "") -> Iterator[Span]:  # noqa: ARG002 - the port's signature
        """Keep nothing."""
        yield SilentSpan()

    def steps(self, steps: Sequence[RunStep], began: datetime) -> None:
        """Keep nothing."""

    def current(self) -> str:
        """Return that there is none."""
        return ""

    def close(self) -> None:
        """Do nothing."""


class SilentMetrics:
    """Implements :class:`planner.ports.telemetry.Metrics`."""

    def request_began(self, method: str) -> None:
        """Count nothing."""

    def request_ended(self, method: str, code: str, seconds: float) -> None:
        """Count nothing."""

    def queue_changed(self, *, waiting: int, running: int) -> None:
        """Count nothing."""

    def queue_refused(self) -> None:
        """Count nothing."""

    def queue_left(self, seconds: float) -> None:
        """Count nothing."""

    def plan_ended(self, state: str, *, seconds: float, gap: float | None) -> None:
        """Count nothing."""

    def steps(self, steps: Sequence[RunStep]) -> None:
        """Count nothing."""

    def cache_asked(self, cache: str, *, hit: bool) -> None:
        """Count nothing."""

    def what_if_changed(self, *, waiting: int, running: int) -> None:
        """Count nothing."""

    def what_if_ended(self, state: str) -> None:
        """Count nothing."""

    def what_if_case_ended(self, outcome: str, seconds: float) -> None:
        """Count nothing."""

    def close(self) -> None:
        """Do nothing."""


SILENT = Telemetry(SilentTraces(), SilentMetrics())
"""One for all, since it keeps nothing."""
