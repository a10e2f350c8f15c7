"""Why a solver stopped, what it was allowed, and what it left behind: three types that are never mixed up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from solvers.core.program import Floats


class Termination(Enum):
    """Why a solve ended. ``LIMIT`` and ``INTERRUPTED`` may or may not carry an incumbent."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    LIMIT = "limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a solve may spend. Only ``seconds`` makes a result depend on the machine.

    ``nodes`` bounds branch-and-bound nodes, ``iterations`` simplex iterations, ``gap`` the relative and
    ``absolute_gap`` the absolute difference of incumbent and bound at which a mixed-integer solve ends. An incumbent
    of at least ``target`` is good enough: backends that can watch for one stop there, others go on.
    """

    seconds: float | None = None
    nodes: int | None = None
    iterations: int | None = None
    gap: float = 1e-6
    absolute_gap: float = 1e-6
    target: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"a limit of {self.seconds} seconds leaves no time to solve; give a positive number")


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """What a solve left behind, in the sense of maximisation.

    ``x`` and ``objective`` belong to the incumbent (None without one); ``bound`` is the solver's claim of an upper
    bound on the optimum (+inf without one). ``row_dual`` holds ``∂objective/∂(row bound)`` of a linear solve: ≥ 0
    where the upper row bound is active, ≤ 0 where the lower one is.
    """

    termination: Termination
    x: Floats | None = None
    objective: float | None = None
    bound: float = float("inf")
    row_dual: Floats | None = None
    nodes: int = 0
    iterations: int = 0
