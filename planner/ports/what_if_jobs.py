"""The ports of a server's what-if jobs: whoever reads grids, keeps jobs and results, and has cases planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from planner.domain.grid import Grid
from planner.domain.grid_finding import GridFinding
from planner.domain.scenario import Scenario
from planner.ports.what_if import CaseResult, CaseRunner


class ExecutionState(Enum):
    """Where an execution stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self not in {ExecutionState.QUEUED, ExecutionState.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfJob:
    """A grid about the scenario of a hash, checked: ``cases`` questions, each to a relative ``gap`` in ``seconds``.

    ``request`` and ``content`` tell a repeated request from another one with its id.
    """

    job: str
    scenario: str
    gap: float
    seconds: float
    seed: int
    cases: int
    created_at: datetime
    request: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfExecution:
    """One run over the cases of a job; ``detail`` says why it failed."""

    job: str
    execution: str
    state: ExecutionState
    created_at: datetime
    ended_at: datetime | None = None
    request: str = ""
    detail: str = ""


class ReadGrid(Protocol):
    """A grid that was read, and where its lines are."""

    @property
    def grid(self) -> Grid:
        """What it asks."""
        ...

    def placed(self, finding: GridFinding) -> GridFinding:
        """Return a finding with its line."""
        ...


class GridReader(Protocol):
    """Whoever reads the text of a grid file."""

    def __call__(self, text: str) -> ReadGrid:
        """Return the grid, or raise GridInvalid with lines."""
        ...


class ExecutionResults(Protocol):
    """The results of one execution, in the order in which they ended; blocking."""

    def done(self) -> frozenset[str]:
        """Return the keys of all cases whose results are kept."""
        ...

    def keep(self, result: CaseResult) -> None:
        """Keep a result; when this returns, no crash can lose it."""
        ...

    def order(self) -> tuple[str, ...]:
        """Return the keys in the order in which they ended; it only ever grows at its end."""
        ...

    def result(self, key: str) -> CaseResult:
        """Return one of them."""
        ...

    def arrow(self) -> Iterator[bytes]:
        """Return all of them as one Arrow IPC stream, in parts."""
        ...


class WhatIfStore(Protocol):
    """Keeps jobs and executions; blocking. StorageFailure where the disk fails."""

    def jobs(self) -> tuple[WhatIfJob, ...]:
        """Return all jobs, oldest first."""
        ...

    def executions(self) -> tuple[WhatIfExecution, ...]:
        """Return all executions, oldest first."""
        ...

    def keep_job(self, job: WhatIfJob, grid: str) -> None:
        """Keep a job with the text of its grid; when this returns, no crash can lose it."""
        ...

    def keep_execution(self, execution: WhatIfExecution) -> None:
        """Keep how an execution stands; when this returns, no crash can lose it."""
        ...

    def remove(self, job: str) -> None:
        """Remove a job and everything of it."""
        ...

    def grid(self, job: str) -> str:
        """Return the text of a job's grid."""
        ...

    def results(self, execution: WhatIfExecution) -> ExecutionResults:
        """Return the results of an execution."""
        ...

    def base_plan(self, execution: WhatIfExecution) -> str:
        """Return the folder for the plan of the base, from which all other cases go on."""
        ...

    def has_base_plan(self, execution: WhatIfExecution) -> bool:
        """Say whether there is a plan of the base."""
        ...


class RunnerMaker(Protocol):
    """Whoever has the cases of a job planned."""

    def __call__(self, job: WhatIfJob, base: Scenario) -> CaseRunner:
        """Return a runner for the cases of a job, or raise PlanningFailed."""
        ...
