"""The bound of a block: weak duality of :mod:`solvers.core.weak_duality` with the prices of its linking rows."""

from __future__ import annotations

from solvers.core.program import Floats, Program, SparseRows
from solvers.core.weak_duality import column_part, reduced_costs, row_part, sign_correct, sum_upward

__all__ = ["block_bound", "row_part", "sign_correct", "sum_upward"]


def block_bound(program: Program, links: SparseRows, y: Floats, link_price: Floats) -> float:
    """Return an upper bound on ``max (c − Lᵀπ)·x + offset`` over a block, from multipliers ``y`` of its own rows."""
    parts = [program.offset, *row_part(y, program.row_lower, program.row_upper)]
    reduced = reduced_costs(program.objective, ((program.rows, y), (links, link_price)))
    parts += column_part(reduced, program.lower, program.upper)
    return sum_upward(parts)
