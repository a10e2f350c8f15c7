"""When a call is sent again, and how long that waits (AIP-194)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from planner.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is sent at most, and waits in seconds that grow by ``factor`` from first to longest.

    Only calls that change nothing when they are repeated are sent again, and only where the server was not reached or
    said when to come back. Each wait is shortened by up to a half by ``draw`` (numbers in 0..1), so that clients which
    lost a server together do not return together: a seeded source makes the waits repeatable.
    """

    attempts: int = 4
    first_wait: float = 0.25
    longest_wait: float = 5.0
    factor: float = 2.0
    draw: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InvalidRequest(f"a call is sent at least once, got {self.attempts} attempts", "attempts")
        if not 0 < self.first_wait <= self.longest_wait or self.factor < 1:
            raise InvalidRequest(
                "waits are above 0 and do not shrink: give first_wait ≤ longest_wait and a factor of at least 1, got "
                f"{self.first_wait}, {self.longest_wait} and {self.factor}",
                "first_wait",
            )

    def pause(self, attempt: int, told: float | None = None) -> float:
        """Return the wait after an attempt, counted from 1; never less than what the server told."""
        # Bounded before the power is taken, which would overflow for a watch that tries for days.
        grown = min(self.longest_wait, self.first_wait * self.factor ** min(attempt - 1, 64))
        return max(told or 0.0, grown * (1.0 - 0.5 * self.draw()))


ONCE = RetryPolicy(attempts=1)
"""Every call is sent once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds after which a call is given up, sending it again and waiting in between included.

    ``quick`` is for calls that only look something up, ``checking`` for those that make the server check a scenario or
    compute an answer, ``transfer`` for the files of a scenario or plan.
    """

    quick: float = 30.0
    checking: float = 600.0
    transfer: float = 3600.0

    def __post_init__(self) -> None:
        for name, seconds in (("quick", self.quick), ("checking", self.checking), ("transfer", self.transfer)):
            if not seconds > 0:
                raise InvalidRequest(f"deadline {name!r} is above 0 seconds, got {seconds}", name)
