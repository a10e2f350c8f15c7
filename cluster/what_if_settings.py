"""How much a server takes of what-if questions."""

from __future__ import annotations

import os
from dataclasses import dataclass

from planner.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfSettings:
    """Limits of what-if jobs and executions.

    ``most_jobs`` are kept, each of at most ``most_cases`` questions. ``executions`` are under way at a time, up to
    ``most_queued`` others wait; each plans with ``workers`` processes (0: one a processor, less one for plans).
    """

    most_jobs: int = 1000
    most_cases: int = 10_000
    executions: int = 1
    most_queued: int = 20
    workers: int = 0

    def __post_init__(self) -> None:
        least = {"most_jobs": 1, "most_cases": 1, "executions": 1, "most_queued": 0, "workers": 0}
        for name, smallest in least.items():
            value = getattr(self, name)
            if value < smallest:
                raise InvalidRequest(f"what_if.{name} must be at least {smallest}, got {value}", name)

    @property
    def lanes(self) -> int:
        """How many processes plan the cases of an execution."""
        return self.workers or max(1, (os.cpu_count() or 1) - 1)
