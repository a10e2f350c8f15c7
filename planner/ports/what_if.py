"""The ports of what-if runs: whoever plans cases, and whoever keeps what came of them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from planner.domain.grid import Case
from planner.ports.planning_runtime import PlanningParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseOutcome:
    """What became of a clause in one of its windows (None: the horizon).

    ``measure`` and ``violation`` are in the unit of the clause; ``price`` is the change of value per unit by which its
    bound is loosened, 0 where nothing is known.
    """

    clause: str
    window: int | None
    measure: float
    violation: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One row of a what-if run.

    ``outcome`` and ``stopped_by`` are as in :class:`planner.ports.planning_runtime.PlanningResult`; ``detail`` is the
    reason where there is no plan. ``levels`` are those of the factors as people write them. ``seconds`` is what the
    case took from its start, ``cpu_seconds`` the processor time of whoever planned it (None where unknown).
    ``plan_hash`` is that of the plan found; where the checked bound came with another plan of the same case,
    ``bound_hash`` is that one's.
    ``measures`` and ``partners`` (amounts by partner) are those of the plan found, by the names of
    :data:`planner.domain.case_measures.CASE_MEASURES` and ``PARTNER_MEASURES``; runs of older versions have none.
    """

    key: str
    name: str
    levels: Mapping[str, str]
    outcome: str
    stopped_by: str
    value: float | None = None
    bound_proved: float | None = None
    bound_checked: float | None = None
    seconds: float
    cpu_seconds: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    partners: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    clauses: tuple[ClauseOutcome, ...] = ()
    plan_hash: str = ""
    bound_hash: str = ""
    code_hash: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPlan:
    """What a case's first ``periods`` are held to: the plan in a folder, of this hash."""

    folder: str
    plan_hash: str
    periods: int

    def __post_init__(self) -> None:
        if self.periods < 1:
            raise ValueError(f"at least 1 period is held, got {self.periods}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOrder:
    """A case to be planned, perhaps with its first periods ``held`` to a plan.

    ``parameters`` hold the folder of a plan to go on from, the seed and the time limit; its seconds begin as the case
    does. ``plan_folder`` is where its plan is kept, nowhere if empty.
    """

    case: Case
    parameters: PlanningParameters
    plan_folder: str = ""
    held: HeldPlan | None = None

    @property
    def key(self) -> str:
        """What is asked: the key of the case, or 32 hexadecimal digits for the case and what it is held to."""
        if self.held is None:
            return self.case.key
        asked = f"{self.case.key} {self.held.plan_hash} {self.held.periods}"
        return hashlib.sha256(asked.encode()).hexdigest()[:32]


class CaseRunner(Protocol):
    """Whoever plans cases; as many chunks at a time as it has lanes."""

    @property
    def lanes(self) -> int:
        """How many chunks can be under way at once."""
        ...

    def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """Plan the cases of a chunk one after the other; each gets exactly one result, failures included."""
        ...

    async def close(self) -> None:
        """Release processes; what is under way is given up."""
        ...


class CasePlans(Protocol):
    """Where the plans of a run lie from which other cases go on, by the key of their case."""

    def place(self, key: str) -> str:
        """Return the folder in which the plan of a case is to be kept; empty: nowhere."""
        ...

    def found(self, key: str) -> str:
        """Return the folder with the plan of a case that has its result; empty where no plan came of it.

        Raises
        ------
        PlanUnreadable
            If there was a plan that lies nowhere any more.
        """
        ...


class CaseStore(Protocol):
    """Whoever keeps results by the key of their case."""

    def done(self) -> frozenset[str]:
        """Return the keys of all cases whose results are kept."""
        ...

    def keep(self, result: CaseResult) -> None:
        """Keep a result; when this returns, no crash can lose it."""
        ...
