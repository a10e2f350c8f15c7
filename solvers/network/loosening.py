"""The least by which one group of rows must give way so that an infeasible program has a solution.

For a group with rows i and weights w_i ≥ 0 that is ``min s`` subject to all rows, those of the group loosened by
``s·w_i`` on their finite side. The other groups keep their bounds, so each answer is a repair of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.termination import Limits

_NODES = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class LooseRows:
    """Rows with one finite side each, and how much each gives way per unit of loosening: int32 and float64 (rows,)."""

    rows: Ints
    weight: Floats


def least_loosening(
    program: Program, groups: Mapping[str, LooseRows], backend: Backend, *, relaxed: bool
) -> dict[str, float]:
    """Return the least loosening of every group alone; groups for which none suffices are left out.

    ``relaxed`` ignores integrality, which makes the amounts lower bounds of what is needed. Without it they suffice;
    they are the least ones unless the node limit ended the search.
    """
    names = list(groups)
    model = backend.load(_with_loosening(program, [groups[name] for name in names]))
    columns = np.arange(program.columns, program.columns + len(names), dtype=np.int32)
    found: dict[str, float] = {}
    for place, name in enumerate(names):
        upper = np.zeros(len(names))
        upper[place] = np.inf
        model.set_column_bounds(columns, np.zeros(len(names)), upper)
        solution = model.solve(limits=Limits(nodes=_NODES), relaxed=relaxed)
        if solution.x is not None:
            found[name] = max(0.0, float(solution.x[columns[place]]))
    return found


def _with_loosening(program: Program, groups: list[LooseRows]) -> Program:
    count, width = len(groups), program.columns + len(groups)
    rows = np.concatenate([np.zeros(0, dtype=np.int32), *(group.rows for group in groups)]).astype(np.int32)
    weight = np.concatenate([np.zeros(0), *(group.weight for group in groups)])
    column = np.repeat(np.arange(program.columns, width), [len(group.rows) for group in groups])
    sign = np.where(np.isfinite(program.row_lower[rows]), 1.0, -1.0)
    matrix = SparseRows.from_triplets(
        np.concatenate([program.rows.row_of_entry(), rows]),
        np.concatenate([program.rows.index, column]),
        np.concatenate([program.rows.value, sign * weight]),
        program.rows.rows,
        width,
    )
    return Program(
        objective=np.concatenate([np.zeros(program.columns), np.full(count, -1.0)]),
        lower=np.concatenate([program.lower, np.zeros(count)]),
        upper=np.concatenate([program.upper, np.full(count, np.inf)]),
        integer=np.concatenate([program.integer, np.zeros(count, dtype=bool)]),
        rows=matrix,
        row_lower=program.row_lower,
        row_upper=program.row_upper,
    )
