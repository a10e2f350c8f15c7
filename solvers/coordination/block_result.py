"""What the block solver may spend, what it leaves behind, and who proved what: three types."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from solvers.coordination.verify import LeafProof
from solvers.core.program import Floats


class Stop(Enum):
    """Why the block solver ended."""

    GAP = "gap"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    WORK = "work"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLimits:
    """What a solve may spend; only ``seconds`` makes a result depend on the machine.

    It ends at a relative gap ``gap`` or an absolute one ``absolute_gap`` of value and bound. ``rounds`` bounds the
    questions to the blocks, ``leaves`` the tree over whole master columns, ``block_nodes`` the nodes of
    each answer, ``nodes`` those of the whole given to a solver at once, over all tries, ``passes`` the
    neighbourhoods searched between two such tries.
    """

    gap: float = 1e-4
    absolute_gap: float = 1e-9
    rounds: int = 300
    block_nodes: int = 2_000
    nodes: int = 1_000_000
    passes: int = 40
    leaves: int = 64
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not (self.gap >= 0 and self.absolute_gap >= 0):
            raise ValueError(f"gaps are not negative, got {self.gap} and {self.absolute_gap}")
        if min(self.rounds, self.leaves, self.block_nodes, self.nodes, self.passes) < 0:
            raise ValueError("rounds, leaves, nodes and passes are counts; give numbers of at least 0")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"a limit of {self.seconds} seconds leaves no time to solve; give a positive number")


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known after some work: the engine that told, solver steps so far, value and bound."""

    engine: str
    work: int
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """(bound − value)/|value|, 0 where they agree, infinite without a solution."""
        return relative_gap(self.value, self.bound)


Progress = Callable[[Moment], None]
"""Told whenever value or bound improve; must not raise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockResult:
    """What a solve left behind, in the sense of maximisation.

    ``x`` [columns of the whole] and ``value`` recomputed from it are None and −inf without a solution; ``bound`` is
    proved by ``proved_by``: a solver's word for "monolith" and "core", the duals of the "relaxation", for "prices" the
    blocks' bounds ``block_bounds`` at ``prices`` [links] in the order of ``blocks``, for "tree" the ``leaves``, whose
    largest bound is ``tree_bound``. ``history`` holds every improvement. The same
    input gives the same result unless ``reproducible`` is False: then a time limit had a say.
    """

    x: Floats | None
    value: float
    bound: float
    proved_by: str
    stop: Stop
    prices: Floats
    block_bounds: tuple[float, ...]
    blocks: tuple[str, ...]
    price_bound: float
    leaves: tuple[LeafProof, ...]
    tree_bound: float
    rounds: int
    work: int
    history: tuple[Moment, ...]
    reproducible: bool

    @property
    def gap(self) -> float:
        """(bound − value)/|value|, infinite without a solution."""
        return relative_gap(self.value, self.bound)


def relative_gap(value: float, bound: float) -> float:
    """Return (bound − value)/|value|, at least 0; infinite where it has no meaning."""
    if bound <= value:
        return 0.0
    return (bound - value) / abs(value) if value and math.isfinite(value) else math.inf
