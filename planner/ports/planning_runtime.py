"""The port through which the business asks for a plan, whoever computes it and wherever.

A runtime is given a scenario by reference (a folder it can read) and leaves the plan in a folder it is told. It is
driven by asynchronous iteration over progress, so that a gateway can serve many plans and cancel any of them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from planner.ports.run_steps import RunStep

MOST_HOSTS = 256
"""Each is a process of its own, on machines that others use too."""
GIVEN_UP = "RUN_GIVEN_UP"
"""What the detail of a failed plan begins with if its process died in every attempt: by all signs, of this request."""
_LARGEST = 2**63 - 1
_LONGEST_SECONDS = 1e9
_INCUMBENT = re.compile(r"[1-9][0-9]{0,8}-[0-9a-f]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPoint:
    """A moment of an earlier run of the same scenario and parameters, at which this run is to end too.

    ``incumbent`` is the etag of the best plan by then: its number in the run, a hyphen, a digest. ``steps`` counts the
    coordination steps begun by then; without it the run ends as soon as it has found that very plan.
    """

    incumbent: str
    steps: int | None = None

    def __post_init__(self) -> None:
        if not _INCUMBENT.fullmatch(self.incumbent):
            raise ValueError(f"an incumbent is named by number-digest, got {self.incumbent[:80]!r}")
        if self.steps is not None and self.steps < 0:
            raise ValueError(f"steps must be at least 0, got {self.steps}")

    @property
    def number(self) -> int:
        """The place of the incumbent among those of its run, from 1."""
        return int(self.incumbent.partition("-")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningParameters:
    """What the requester asks for; the same scenario and parameters give the same plan.

    ``gap`` stops at that relative gap, ``work_limit`` after that many coordination steps (never seconds), and
    ``time_limit`` after that many seconds since acceptance, at the cost of reproducibility. ``hosts`` is how many
    processes share the agents; it never changes the plan. ``stop`` is set by whoever repeats an earlier run.
    ``base_plan`` is an earlier plan to go on from, of this scenario or of one like it: its id where plans are asked
    for, its folder where they are made; empty: plan from nothing. ``solver_logs`` keeps what solvers tell, beside the
    plan; it changes nothing else.
    """

    gap: float = 1e-4
    work_limit: int | None = None
    time_limit: float | None = None
    seed: int = 0
    hosts: int = 2
    stop: StopPoint | None = None
    base_plan: str = ""
    solver_logs: bool = False

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
    """One step of a running plan: seconds since acceptance, phase, and the best value and bound so far.

    ``etag`` names the best plan so far, for :meth:`PlanningRuntime.accept`; empty before the first. ``steps`` are those
    that ended since the progress before; they are for telemetry and go no further.
    """

    seconds: float
    phase: str
    value: float | None = None
    bound: float | None = None
    etag: str = ""
    steps: tuple[RunStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningResult:
    """The end of a run.

    ``stopped_by`` is one of gap, exhausted (no idea left), work, time, cancelled, accepted, replay, infeasible, error.
    ``incumbent`` is the etag under which progress told the plan that was written.
    ``detail`` is a message for people; ``conflict`` names the clause ids (or rows) of an infeasible set and
    ``relaxation`` the cheapest change that makes it feasible, as (clause id or row, amount) pairs. ``terms`` says what
    each of ``conflict`` demands, as (clause id or row, contract, kind, text); ``repairs`` are clauses each of which
    alone, loosened by its amount, makes a plan possible. ``steps`` are those that no progress told.
    """

    outcome: Outcome
    stopped_by: str
    value: float | None = None
    bound_proved: float | None = None
    bound_checked: float | None = None
    detail: str = ""
    conflict: tuple[str, ...] = ()
    relaxation: tuple[tuple[str, float], ...] = ()
    terms: tuple[tuple[str, str, str, str], ...] = ()
    repairs: tuple[tuple[str, float], ...] = ()
    incumbent: str = ""
    steps: tuple[RunStep, ...] = ()


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

    async def accept(self, run: str, incumbent: str) -> bool:
        """Stop a run soon and let it end with exactly the plan of this etag.

        The last few plans of a run can be accepted, once certifying has begun only the one that is being certified.
        False, and nothing is changed, where the run cannot end with that plan, or is not known or over.
        """
        ...

    async def close(self) -> None:
        """Release processes; running plans are cancelled."""
        ...
