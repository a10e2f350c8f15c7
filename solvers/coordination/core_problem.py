"""What is left to decide once prices and a solution are good: the core.

Where a block's exact value with a column forced the other way brings the bound of the whole down to the best solution,
nothing better has that column so. All such columns are fixed; a solver decides what is left, and the optimum is the
better of what it finds and the solution known. Source: Nauss (1976); Martello and Toth (1990) for cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.column_generation import Priced
from solvers.coordination.knapsack import KnapsackOracle
from solvers.coordination.oracle import Oracle
from solvers.core.program import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """Bounds of the columns of the whole outside which there is no solution worth ``beyond`` or more."""

    lower: Floats
    upper: Floats
    beyond: float
    left: int


def core_of(problem: BlockProblem, oracles: Sequence[Oracle], priced: Priced, beyond: float) -> Core:
    """Fix what no solution worth at least ``beyond`` can have otherwise; ``left`` integer columns stay open."""
    parts = problem.parts
    lower = problem.join([part.program.lower for part in parts])
    upper = problem.join([part.program.upper for part in parts])
    for b, oracle in enumerate(oracles):
        if not isinstance(oracle, KnapsackOracle):
            continue
        place = problem.columns_of(b)
        # One rounding of the sum, far below the margin that the block's own error bound leaves.
        whole = priced.bound - priced.block_bounds[b] + oracle.forced(priced.prices)
        never = whole + 1e-12 * (abs(priced.bound) + abs(priced.block_bounds[b])) < beyond
        lower[place[never[:, 0]]] = 1.0
        upper[place[never[:, 1]]] = 0.0
    return Core(lower, upper, beyond, int((problem.integer & (lower < upper)).sum()))
