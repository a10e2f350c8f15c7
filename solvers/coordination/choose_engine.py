"""Which engine goes first on an instance: the whole in one solver, or prices.

Decomposition pays for its rounds with what the solver of the whole does not see: many blocks, each easy alone. On
networks of lot-sizing plants that meet in 21 rows (``benchmarks/subjects/coordination_networks.py``) the whole went
first past the post with 2 and 8 plants, prices with 32 and 128: the duality gap of few blocks is wide, and that of many
small beside the whole's value (Shapley-Folkman; Bertsekas 1999, Nonlinear Programming, ch. 5). So blocks with something
to decide are counted. Blocks whose structure is known exactly (knapsacks) are priced whatever their number.
"""

from __future__ import annotations

import numpy as np

from solvers.coordination.block_problem import BlockProblem, Part
from solvers.coordination.knapsack import is_knapsack

FEW_BLOCKS = 8
"""With at most so many deciding blocks of no known structure the whole is given to a solver first."""

LOOSEST = 0.01
"""What all first answers together may leave open, as a share of the bound; each later round half as much."""


def decides(part: Part) -> bool:
    """Tell whether a block has an integer column that is not fixed."""
    program = part.program
    return bool(np.any(program.integer & (program.lower < program.upper)))


def deciding_blocks(problem: BlockProblem) -> int:
    """Return the number of blocks with something to decide; the others answer prices at once."""
    return sum(decides(part) for part in problem.blocks)


def whole_first(problem: BlockProblem) -> bool:
    """Tell whether the solver of the whole goes first, and to its end."""
    return deciding_blocks(problem) <= FEW_BLOCKS and not any(is_knapsack(part) for part in problem.blocks)


def slack(target: float, bound: float, rounds: int) -> float:
    """Return what the blocks' answers of a round may leave open in all: a quarter of the target, more in first rounds.

    First prices are seldom the last, so their answers need not be exact.
    """
    size = abs(bound) if np.isfinite(bound) else 0.0
    return 0.25 * max(target, LOOSEST * size * 0.5**rounds)
