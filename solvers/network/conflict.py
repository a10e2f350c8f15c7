"""Why a program has no solution: a minimal set of row groups that cannot hold together, and the least loosening.

Every row of a group gets an elastic slack. The elastic filter (Chinneck 2008, ch. 6.3) solves for the least slack,
enforces the groups that used it, and repeats until the rest cannot hold: the enforced groups then contain a conflict. A
deletion filter makes it minimal: a group is dropped if what remains is still infeasible without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvers.core.backend import Backend, Model
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.termination import Limits, Termination

_USED = 1e-7
_NODES = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class GroupConflict:
    """``groups`` cannot hold together, and any of them dropped the others can.

    ``loosening`` maps groups to the largest amount by which one of their rows must give way in the least relaxation
    (relative to each row's bound). Both are empty where even without all groups nothing is feasible.
    """

    groups: tuple[str, ...]
    loosening: Mapping[str, float]


def minimal_conflict(program: Program, groups: Mapping[str, Ints], backend: Backend, *, relaxed: bool) -> GroupConflict:
    """Return a minimal conflict among the groups of rows of an infeasible program; ``relaxed`` ignores integrality."""
    elastic = _Elastic(program, groups, backend, relaxed=relaxed)
    loosening = elastic.least()
    if loosening is None:
        return GroupConflict((), {})
    enforced: list[str] = []
    used = loosening
    while used:
        enforced += used
        elastic.enforce(used)
        found = elastic.least()
        if found is None:
            break
        used = {name: amount for name, amount in found.items() if name not in enforced}
    for name in list(enforced):
        rest = [other for other in enforced if other != name]
        elastic.enforce_only(rest)
        if elastic.least() is None:
            enforced = rest
    return GroupConflict(tuple(name for name in groups if name in enforced), loosening)


class _Elastic:
    """The program with a slack on every finite side of the groups' rows, minimising weighted slack."""

    def __init__(self, program: Program, groups: Mapping[str, Ints], backend: Backend, *, relaxed: bool) -> None:
        self._relaxed = relaxed
        rows, signs, owner = [], [], []
        for name, members in groups.items():
            for row in members:
                for bound, sign in ((program.row_lower[row], 1.0), (program.row_upper[row], -1.0)):
                    if np.isfinite(bound):
                        rows.append(int(row))
                        signs.append(sign)
                        owner.append(name)
        self._owner = owner
        self._slack = np.arange(program.columns, program.columns + len(rows), dtype=np.int32)
        bounds = np.where(np.array(signs) > 0, program.row_lower[rows], program.row_upper[rows])
        self._model: Model = backend.load(_with_slack(program, np.array(rows), np.array(signs), np.abs(bounds)))

    def least(self) -> dict[str, float] | None:
        """Return the slack used by group, or None if nothing is feasible."""
        solution = self._model.solve(limits=Limits(nodes=_NODES), relaxed=self._relaxed)
        if solution.termination is Termination.INFEASIBLE or solution.x is None:
            return None
        used: dict[str, float] = {}
        for name, amount in zip(self._owner, solution.x[self._slack], strict=True):
            if amount > _USED:
                used[name] = max(used.get(name, 0.0), float(amount))
        return used

    def enforce(self, names: Mapping[str, float]) -> None:
        """Take away the slack of some groups."""
        self._bound([name in names or None for name in self._owner])

    def enforce_only(self, names: list[str]) -> None:
        """Take away the slack of these groups and give it back to all others."""
        self._bound([name in names for name in self._owner])

    def _bound(self, tight: list[bool | None]) -> None:
        chosen = np.array([flag is not None for flag in tight], dtype=bool)
        columns = self._slack[chosen]
        upper = np.array([0.0 if flag else np.inf for flag in tight if flag is not None])
        self._model.set_column_bounds(columns, np.zeros(len(columns)), upper)


def _with_slack(program: Program, rows: Ints, signs: Floats, sizes: Floats) -> Program:
    count, width = len(rows), program.columns + len(rows)
    matrix = SparseRows.from_triplets(
        np.concatenate([program.rows.row_of_entry(), rows]),
        np.concatenate([program.rows.index, np.arange(program.columns, width)]),
        np.concatenate([program.rows.value, signs]),
        program.rows.rows,
        width,
    )
    return Program(
        objective=np.concatenate([np.zeros(program.columns), -1.0 / (1.0 + sizes)]),
        lower=np.concatenate([program.lower, np.zeros(count)]),
        upper=np.concatenate([program.upper, np.full(count, np.inf)]),
        integer=np.concatenate([program.integer, np.zeros(count, dtype=bool)]),
        rows=matrix,
        row_lower=program.row_lower,
        row_upper=program.row_upper,
    )
