"""What a planning run may still spend, and what ended it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from planner.ports.planning_runtime import StopPoint

_MOMENT = 0.01
"""Seconds for a solver that is called when no time is left: enough to say so."""


@dataclass(slots=True)
class Allowance:
    """Counts coordination steps and watches the clock.

    ``clock`` gives seconds since the request was accepted. ``reserve`` seconds of the time limit are kept back for
    writing the plan. A run stopped by ``time``, ``cancelled`` or ``accepted`` is not reproducible but by stopping where
    it stopped (``stop``, ended by ``replay``); one stopped by ``work`` is.
    """

    clock: Callable[[], float]
    cancelled: Callable[[], bool]
    work_limit: int | None = None
    time_limit: float | None = None
    reserve: float = 0.0
    accepted: Callable[[], bool] = lambda: False
    stop: StopPoint | None = None
    steps: int = 0
    stopped_by: str | None = field(default=None)

    def step(self) -> bool:
        """Take one step if one is left; otherwise remember what ended the run."""
        if self.stopped_by is None:
            if self.out_of_time():
                self.interrupted()
            elif self.stop is not None and self.stop.steps is not None and self.steps >= self.stop.steps:
                self.end("replay")
            elif self.work_limit is not None and self.steps >= self.work_limit:
                self.stopped_by = "work"
            else:
                self.steps += 1
        return self.stopped_by is None

    def seconds_left(self) -> float | None:
        """Return the seconds a solver may take: None without a time limit, a moment where none are left."""
        if self.time_limit is None:
            return None
        return max(self.time_limit - self.reserve - self.clock(), _MOMENT)

    def out_of_time(self) -> bool:
        """Tell whether nothing is left of the time limit, or somebody ended the run."""
        return self.accepted() or self.cancelled() or self._overdue()

    def end(self, reason: str) -> None:
        """Let no further step be taken, for a reason; the first reason stays."""
        if self.stopped_by is None:
            self.stopped_by = reason

    def _overdue(self) -> bool:
        return self.time_limit is not None and self.clock() >= self.time_limit - self.reserve

    def interrupted(self) -> None:
        """Note that a solver ran out of time or was cancelled in the middle of a step."""
        if self.accepted():
            self.end("accepted")
        else:
            # A server cancels what overran its time: that is still the time limit.
            self.end("time" if self._overdue() or not self.cancelled() else "cancelled")
