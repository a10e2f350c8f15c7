"""What a result of the block solver claims, recomputed from the data: value, violations, and the bound of prices.

The Lagrangian bound of prices π is ``π·b + Σ_b bound_b(π) + max over the master columns' box of (c_0 − L_0ᵀπ)·z``. It
holds for any π and any upper bounds of the blocks at *these* prices. Here the blocks' bounds are either claims of their
oracles (``lagrangian_bound``), or weak duality from multipliers of their rows (``checked_bound``), which trusts nobody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints, Program
from solvers.core.weak_duality import program_bound
from solvers.network.verify import block_bound, row_part, sign_correct

__all__ = [
    "LeafProof",
    "Point",
    "check_point",
    "checked_bound",
    "lagrangian_bound",
    "relaxation_bound",
    "sign_correct",
    "tree_bound",
]

_SHRINKS = (0.0, 1e-12, 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class LeafProof:
    """A box of the master columns, and the prices with the blocks' bounds at them that bound everything in it."""

    lower: Floats
    upper: Floats
    prices: Floats
    block_bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A solution recomputed: its value, and the largest violation of a bound, row or integrality."""

    value: float
    violation: float


def check_point(problem: BlockProblem, x: Floats) -> Point:
    """Return value and largest violation of a point, float64 [columns of the whole], by exactly rounded sums."""
    if x.shape != (problem.columns,) or not np.isfinite(x).all():
        raise InvalidProgram(f"a solution has {problem.columns} finite numbers, got shape {x.shape}")
    worst, terms = 0.0, []
    activity: list[list[float]] = [[] for _ in range(problem.links)]
    for part, own in zip(problem.parts, problem.split(x), strict=True):
        program = part.program
        terms += [*(program.objective * own).tolist(), program.offset]
        inside = program.rows.times(own)
        for low, at, high in (
            (program.lower, own, program.upper),
            (program.row_lower, inside, program.row_upper),
            (own, np.where(program.integer, np.rint(own), own), own),
        ):
            worst = max(worst, float(np.maximum(low - at, at - high).max(initial=0.0)))
        product = part.links.value * own[part.links.index]
        for link, term in zip(part.links.row_of_entry().tolist(), product.tolist(), strict=True):
            activity[link].append(term)
    total = np.array([math.fsum(row) for row in activity])
    broken = np.maximum(problem.link_lower - total, total - problem.link_upper).max(initial=0.0)
    return Point(math.fsum(terms), max(worst, float(broken)))


def lagrangian_bound(problem: BlockProblem, prices: Floats, block_bounds: Sequence[float]) -> float:
    """Return the bound of prices from upper bounds of all blocks at these prices, rounded outward.

    It is +inf where the prices leave the master columns unbounded.

    Raises
    ------
    InvalidProgram
        If a block has no bound, or a price the wrong sign for its linking row.
    """
    if len(block_bounds) != len(problem.blocks):
        raise InvalidProgram(f"{len(problem.blocks)} blocks need as many bounds, got {len(block_bounds)}")
    rows = row_part(prices, problem.link_lower, problem.link_upper)
    if any(math.isnan(bound) or bound == math.inf for bound in block_bounds):
        return math.inf
    if -math.inf in block_bounds:
        return -math.inf
    try:
        master = block_bound(problem.master.program, problem.master.links, np.zeros(0), prices)
    except InvalidProgram:
        return math.inf
    return math.nextafter(math.fsum([*rows, master, *block_bounds]), math.inf)


def tree_bound(problem: BlockProblem, leaves: Sequence[LeafProof]) -> float:
    """Return the largest bound of the leaves.

    Raises
    ------
    InvalidProgram
        If the leaves leave out a whole value of the integer master columns.
    """
    program = problem.master.program
    if not _covered(program.lower, program.upper, np.flatnonzero(program.integer).astype(np.int32), leaves):
        raise InvalidProgram("the leaves leave out some values of the master columns, so they bound nothing")
    bounds = []
    for leaf in leaves:
        box = replace(program, lower=leaf.lower, upper=leaf.upper)
        inside = replace(problem, master=replace(problem.master, program=box))
        bounds.append(lagrangian_bound(inside, leaf.prices, leaf.block_bounds))
    return max(bounds, default=-math.inf)


def _covered(lower: Floats, upper: Floats, integer: Ints, leaves: Sequence[LeafProof]) -> bool:
    """Tell whether leaves that came from splits of integer columns cover a box."""
    if any((leaf.lower <= lower).all() and (upper <= leaf.upper).all() for leaf in leaves):
        return True
    for column in integer:
        for cut in sorted({float(leaf.upper[column]) for leaf in leaves}):
            below = [leaf for leaf in leaves if leaf.upper[column] <= cut]
            above = [leaf for leaf in leaves if leaf.lower[column] >= cut + 1]
            if len(below) + len(above) < len(leaves) or not below or not above:
                continue
            low, high = upper.copy(), lower.copy()
            low[column], high[column] = cut, cut + 1
            return _covered(lower, low, integer, below) and _covered(high, upper, integer, above)
    return False


def relaxation_bound(program: Program, multipliers: Floats) -> float:
    """Return the bound that row multipliers prove by weak duality, +inf where they prove none.

    Rounding may leave the reduced cost of a column without a bound in doubt: multipliers are then shrunk a little, so
    that it leans towards the column's own cost.
    """
    y = sign_correct(multipliers, program.row_lower, program.row_upper)
    for shrink in _SHRINKS:
        try:
            return program_bound(program, (1 - shrink) * y)
        except InvalidProgram:
            continue
    return math.inf


def checked_bound(problem: BlockProblem, prices: Floats, multipliers: Sequence[Floats]) -> float:
    """Return the bound of prices and multipliers of every block's rows, by weak duality alone."""
    bounds = [
        block_bound(part.program, part.links, sign_correct(y, part.program.row_lower, part.program.row_upper), prices)
        for part, y in zip(problem.blocks, multipliers, strict=True)
    ]
    return lagrangian_bound(problem, prices, bounds)
