"""The last few decisions of a reward choice, taken exactly: a mixed-integer program over the members nearest to a tie.

Everybody else keeps the offer that is best at the prices; what the rows have left is shared out among the nearest ties
(the core of a knapsack problem: Balas and Zemel 1980; Pisinger 1999).

    max  Σ value[i,o]·y[i,o]
    s.t. Σ_o y[i,o] ≤ 1,   Σ_{i,o} (spend[r,o]·cost[i,o] + count[r,o])·y[i,o] ≤ room[r],   y ∈ {0, 1}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.core.backend import Backend
from solvers.core.program import Floats, Program, SparseRows
from solvers.core.termination import Limits
from solvers.offers.choice_shard import Ties

_TOLERANCE = 2e-6  # twice what a solver may miss a row by, whose largest coefficient is 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OneSidedRows:
    """R rows ``spend·(money per offer) + count·(members per offer) ≤ limit``; ``row`` int64 [R] names their origin.

    ``spend``, ``count`` float64 [R, M], ``limit`` float64 [R].
    """

    spend: Floats
    count: Floats
    limit: Floats
    row: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TieTotals:
    """What offers of ties add up to: money ``spent`` and members ``counted`` per offer, float64 [M], and ``value``."""

    spent: Floats
    counted: Floats
    value: float

    @classmethod
    def of(cls, ties: Ties, offer: npt.NDArray[np.int8]) -> TieTotals:
        """Add up one offer per tie, int8 [n], -1: none."""
        held = np.flatnonzero(offer >= 0)
        name, offers = offer[held].astype(np.int64), ties.value.shape[1]
        return cls(
            spent=np.bincount(name, ties.cost[held, name], minlength=offers).astype(np.float64),
            counted=np.bincount(name, minlength=offers).astype(np.float64),
            value=float(ties.value[held, name].sum()),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CoreProgram:
    """``program`` over columns (``tie`` int64 [n], ``offer`` int8 [n])."""

    program: Program
    tie: npt.NDArray[np.int64]
    offer: npt.NDArray[np.int8]


def core_program(
    ties: Ties, rows: OneSidedRows, room: Floats, scores: Floats, *, slack: float, rest: float
) -> CoreProgram:
    """Write down the program over the two best offers of every tie, and those up to ``slack`` worse at the prices.

    ``scores`` float64 [n, M] are what offers are worth at the prices; what a tie has now stays open to it.

    ``room`` float64 [R] is what the rows leave for the ties, ``rest`` what all others are worth. Rows of pure counts
    are exact; rows of money keep the solver's tolerance back, so that its answer holds exactly.
    """
    best = np.maximum(scores.max(axis=1, initial=0.0), 0.0)
    offered = scores >= (best - 1.5 * ties.margin - slack)[:, None]
    has = np.flatnonzero(ties.offer >= 0)
    offered[has, ties.offer[has].astype(np.int64)] = True
    tie, offer = np.nonzero(np.isfinite(ties.value) & offered)
    n, count = len(ties.item), len(rows.limit)
    money = ties.cost[tie, offer]
    matrix = rows.spend[:, offer] * money + rows.count[:, offer]
    scale = np.maximum(np.abs(matrix).max(axis=1, initial=0.0), 1e-12)
    whole = ~rows.spend.any(axis=1) & (rows.count == np.rint(rows.count)).all(axis=1)
    kept = room - _TOLERANCE * scale
    limit = np.where(whole, np.floor(room + 1e-9), np.where(room >= 0, np.maximum(kept, 0.0), kept))
    r, k = np.nonzero(matrix)
    some = np.arange(len(tie))
    sparse = SparseRows.from_triplets(
        np.concatenate([tie, n + r]),
        np.concatenate([some, k]),
        np.concatenate([np.ones(len(tie)), (matrix / scale[:, None])[r, k]]),
        n + count,
        len(tie),
    )
    program = Program(
        objective=ties.value[tie, offer],
        lower=np.zeros(len(tie)),
        upper=np.ones(len(tie)),
        integer=np.ones(len(tie), dtype=np.bool_),
        rows=sparse,
        row_lower=np.full(n + count, -np.inf),
        row_upper=np.concatenate([np.ones(n), limit / scale]),
        offset=rest,
    )
    return CoreProgram(program=program, tie=tie, offer=offer.astype(np.int8))


def solve_core(
    core: CoreProgram, ties: Ties, backend: Backend, limits: Limits, start: npt.NDArray[np.int8] | None = None
) -> npt.NDArray[np.int8] | None:
    """Return the offer of every tie, int8 [n] (-1: none), or None where the program gives none within its limits."""
    begin = None if start is None else (start[core.tie] == core.offer).astype(np.float64)
    solution = backend.load(core.program).solve(limits=limits, start=begin)
    if solution.x is None:
        return None
    chosen = np.full(len(ties.item), -1, dtype=np.int8)
    taken = solution.x > 0.5
    chosen[core.tie[taken]] = core.offer[taken]
    return chosen
