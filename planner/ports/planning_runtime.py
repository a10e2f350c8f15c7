"""The port through which the business asks for a plan, whoever computes it and wherever.

A runtime is given a scenario by reference (a folder it can read) and leaves the plan in a folder it is told. It is
driven by asynchronous iteration over progress, so that a gateway can serve many plans and cancel any of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

MOST_HOSTS = 256
"""Each is a process of its own, on machines that others use too."""
_LARGEST = 2**63 - 1
_LONGEST_SECONDS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningParameters:
    """What the requester asks for; the same scenario and parameters give the same plan.

    ``gap`` stops at that relative gap, ``work_limit`` after that many coordination steps (never seconds), and
    ``time_limit`` after that many seconds since acceptance, at the cost of reproducibility. ``hosts`` is how many
    processes share the agents; it never changes the plan.
    """

    gap: float = 1e-4
    work_limit: int | None = None
    time_limit: float | None = None
    seed: int = 0
    hosts: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.gap < float("inf"):
            raise ValueError(f"gap must be a finite share ≥ 0, got {self.gap}")
        if self.work_limit is not None and not 1 <= self.work_limit <= _LARGEST:
            raise ValueError(f"work_limit must be at least 1 step and below 2^63, got {self.work_limit}")
        if self.time_limit is not None and not 0 < self.time_limit <= _LONGEST_SECONDS:
            raise ValueError(f"time_limit must be a number of seconds > 0 and at most 1e9, got {self.time_limit}")
        if not 0 <= self.seed <= _LARGEST:
            raise ValueError(f"seed must be at least 0 and below 2^63, got {self.seed}")
        if not 1 <= self.hosts <= MOST_HOSTS:
            raise ValueError(f"hosts must be at least 1 and at most {MOST_HOSTS}, got {self.hosts}")


class Outcome(Enum):
    """How planning ended.

    ``PLANNED``: a certified plan stands in the plan folder. ``NO_PLAN_YET``: stopped by time or cancelling before
    any plan was found. ``INFEASIBLE``: hard clauses (or physical limits) that cannot hold together are named in
    ``detail``. ``FAILED``: an error, described in ``detail``.
    """

    PLANNED = "planned"
    NO_PLAN_YET = "no_plan_yet"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of a running plan: seconds since acceptance, phase, and the best value and bound so far."""

    seconds: float
    phase: str
    value: float | None = None
    bound: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningResult:
    """The end of a run.

    ``stopped_by`` is one of gap, exhausted (no idea left), work, time, cancelled, infeasible, error.
    ``detail`` is a message for people; ``conflict`` names the clause ids (or rows) of an infeasible set and
    ``relaxation`` the cheapest change that makes it feasible, as (clause id or row, amount) pairs.
    """

    outcome: Outcome
    stopped_by: str
    value: float | None = None
    bound_proved: float | None = None
    bound_checked: float | None = None
    detail: str = ""
    conflict: tuple[str, ...] = ()
    relaxation: tuple[tuple[str, float], ...] = ()


class PlanningRuntime(Protocol):
    """Whoever can compute plans: agents on Ray, or in one spawned worker."""

    def plan(
        self, run: str, scenario_folder: str, plan_folder: str, parameters: PlanningParameters
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Compute a plan; yields progress and, last, exactly one :class:`PlanningResult`.

        ``run`` identifies the run for :meth:`cancel`. The seconds of ``parameters.time_limit`` are the seconds left
        at this call. On outcome ``PLANNED`` the plan was written to ``plan_folder`` before the result is yielded.
        """
        ...

    async def cancel(self, run: str) -> None:
        """Stop a run soon, keeping its best plan; unknown or ended runs are ignored."""
        ...

    async def close(self) -> None:
        """Release processes; running plans are cancelled."""
        ...
