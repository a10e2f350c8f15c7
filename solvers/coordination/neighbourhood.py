"""Which integer columns to decide anew: where master and plan differ, and blocks that lose most at the best prices.

Sources: relaxation induced neighbourhoods (Danna, Rothberg and Le Pape 2005) with the mix of the restricted master in
the place of the relaxation, and large neighbourhoods of blocks (Shaw 1998).
"""

from __future__ import annotations

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.column_generation import Priced
from solvers.core.program import Bools, Floats, Ints

_WHOLE = 1e-6


def undecided(mix: Floats) -> Bools:
    """Return the columns [columns] in which a mix of proposals is not whole."""
    fraction: Bools = np.abs(mix - np.rint(mix)) > _WHOLE
    return fraction


def disputed(mix: Floats, x: Floats) -> Bools:
    """Return the columns in which a mix of proposals and a solution differ."""
    differ: Bools = np.abs(mix - x) > _WHOLE
    return differ


def losses(problem: BlockProblem, priced: Priced, x: Floats) -> Floats:
    """Return what each block's part of a solution is worth less, at the best prices, than the block's own bound."""
    lost = np.empty(len(problem.blocks))
    for b, (part, own) in enumerate(zip(problem.blocks, problem.split(x), strict=False)):
        reduced = part.program.objective - part.links.transposed_times(priced.prices)
        lost[b] = priced.block_bounds[b] - float(reduced @ own) - part.program.offset
    return np.maximum(lost, 0.0)


def of_blocks(problem: BlockProblem, chosen: Ints) -> Bools:
    """Return the columns of the chosen blocks (numbers) and all master columns."""
    free = np.zeros(problem.columns, dtype=np.bool_)
    for block in (*(int(b) for b in chosen), len(problem.blocks)):
        free[problem.columns_of(block)] = True
    return free


def draw_blocks(lost: Floats, size: int, rng: np.random.Generator) -> Ints:
    """Draw ``size`` different blocks, those that lose more being more likely."""
    floor = 0.2 * float(lost.mean()) if lost.any() else 1.0
    weight = lost + floor
    drawn = rng.choice(len(lost), size=min(size, len(lost)), replace=False, p=weight / weight.sum())
    return np.sort(drawn).astype(np.int32)
