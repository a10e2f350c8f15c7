"""The restricted master: the best mix of what the blocks have proposed so far, as a linear or mixed-integer program.

Columns: master columns z; shortage and surplus of each linking row, priced at the edges of a box around the best prices
so far (Marsten, Hogan and Blankenship 1975, The BOXSTEP method), which keeps the program feasible and its prices
in the box; a weight λ of every proposal; and a dear stand-in for each block without one.
Rows: every link, ``lower ≤ L_0·z + Σ λ·activity − shortage + surplus ≤ upper``; every block, ``Σ λ + stand-in = 1``.
Its value is no bound on anything but the model of the blocks seen so far. With whole weights it is price-and-branch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.proposal import Proposal
from solvers.core.backend import Backend, GrowingModel, Model
from solvers.core.program import Bools, Floats, Ints, Program, SparseRows, appended
from solvers.core.termination import UNLIMITED, Limits, Termination

_UNUSED = 1e-9
"""Weights and shortages below this count as none."""


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """A solution of the restricted master.

    ``value`` in the master with its priced shortages, ``prices`` [links] (zeros of a mixed-integer solve), ``x`` the
    weighted whole point, ``short`` whether a linking row or a block is missed.
    """

    value: float
    prices: Floats
    x: Floats
    short: bool


class RestrictedMaster:
    """A master that lives on: proposals are added, the box of prices is moved."""

    def __init__(self, problem: BlockProblem, backend: Backend) -> None:
        self._problem, self._backend = problem, backend
        self._proposals: list[Proposal] = []
        self._owner: list[int] = []
        self._seen: set[tuple[int, bytes]] = set()
        self._program = _empty(problem)
        self._model: Model | None = None
        first = problem.master.program.columns
        self._shortages = np.arange(first, first + 2 * problem.links, dtype=np.int32)
        self._stand_ins = self._shortages[-1:].max(initial=first - 1) + 1 + np.arange(len(problem.blocks))

    @property
    def proposals(self) -> int:
        """Number of different proposals held."""
        return len(self._proposals)

    def add(self, block: int, proposals: tuple[Proposal, ...]) -> int:
        """Take proposals of a block; returns how many were new. They count from the next :meth:`solve` on."""
        new = 0
        for made in proposals:
            key = (block, made.x.tobytes())
            if key not in self._seen:
                self._seen.add(key)
                self._proposals.append(made)
                self._owner.append(block)
                new += 1
        return new

    def restrict(self, lower: Floats, upper: Floats) -> None:
        """Give the master columns other bounds."""
        every = np.arange(len(lower), dtype=np.int32)
        low, high = self._program.lower.copy(), self._program.upper.copy()
        low[every], high[every] = lower, upper
        self._program = replace(self._program, lower=low, upper=high)
        if self._model is not None:
            self._model.set_column_bounds(every, lower, upper)

    def solve(self, low: Floats, high: Floats, *, limits: Limits = UNLIMITED) -> Mix | None:
        """Solve the linear master with prices held in ``low ≤ π ≤ high`` [links]; None if it did not come to an end."""
        self._grow()
        if self._model is None:
            self._model = self._backend.load(self._program)
        self._model.set_objective(self._shortages, np.concatenate([-high, low]))
        found = self._model.solve(limits=limits)
        if found.termination is not Termination.OPTIMAL or found.x is None or found.row_dual is None:
            return None
        value = float("nan") if found.objective is None else found.objective
        return self._mix(found.x, value, found.row_dual[: self._problem.links])

    def whole(self, *, limits: Limits, penalty: float) -> Mix | None:
        """Solve with whole weights and master columns, a unit of shortage at ``penalty``; None without a solution."""
        self._grow()
        integer = self._program.integer.copy()
        integer[: self._problem.master.program.columns] = self._problem.master.program.integer
        integer[self._first_weight :] = True
        objective = self._program.objective.copy()
        objective[self._shortages] = -penalty
        program = replace(self._program, integer=integer, objective=objective)
        found = self._backend.load(program).solve(limits=limits)
        if found.x is None or found.objective is None:
            return None
        return self._mix(found.x, found.objective, np.zeros(self._problem.links))

    @property
    def _first_weight(self) -> int:
        return self._problem.master.program.columns + len(self._shortages) + len(self._problem.blocks)

    def _grow(self) -> None:
        """Bring program and model up to date with the proposals."""
        held = self._program.columns - self._first_weight
        fresh, owners = self._proposals[held:], self._owner[held:]
        if not fresh:
            return
        objective = np.array([made.worth for made in fresh])
        lower, upper = np.zeros(len(fresh)), np.full(len(fresh), np.inf)
        entries = _entries(fresh, owners, self._problem)
        self._program = appended(self._program, objective, lower, upper, entries)
        if isinstance(self._model, GrowingModel):
            self._model.add_columns(objective, lower, upper, entries)
        else:
            self._model = None
        self._retire(np.unique(owners))

    def _retire(self, owners: Ints) -> None:
        """Take away the stand-ins of blocks that have a proposal now, and keep those of others dear."""
        upper = self._program.upper.copy()
        upper[self._stand_ins[owners]] = 0.0
        objective = self._program.objective.copy()
        worth = max((abs(made.worth) for made in self._proposals), default=1.0)
        objective[self._stand_ins] = -1e3 * (1.0 + worth)
        self._program = replace(self._program, upper=upper, objective=objective)
        if self._model is not None:
            every = self._stand_ins.astype(np.int32)
            self._model.set_column_bounds(every, np.zeros(len(every)), upper[every])
            self._model.set_objective(every, objective[every])

    def _mix(self, weights: Floats, value: float, prices: Floats) -> Mix:
        problem = self._problem
        parts = [np.zeros(part.program.columns) for part in problem.parts]
        parts[-1] = weights[: problem.master.program.columns]
        for k in np.flatnonzero(weights[self._first_weight :] > _UNUSED):
            parts[self._owner[k]] += weights[self._first_weight + k] * self._proposals[k].x
        missed = weights[problem.master.program.columns : self._first_weight]
        return Mix(value, prices, problem.join(parts), bool((missed > 10 * _UNUSED).any()))


def _empty(problem: BlockProblem) -> Program:
    master, links, blocks = problem.master, problem.links, len(problem.blocks)
    width = master.program.columns + 2 * links + blocks
    after = master.program.columns
    every, owners = np.arange(links), np.arange(blocks)
    rows = np.concatenate([master.links.row_of_entry(), every, every, links + owners])
    columns = np.concatenate([master.links.index, after + every, after + links + every, after + 2 * links + owners])
    values = np.concatenate([master.links.value, -np.ones(links), np.ones(links), np.ones(blocks)])
    nothing: Bools = np.zeros(width, dtype=np.bool_)
    return Program(
        objective=np.concatenate([master.program.objective, np.zeros(2 * links), np.full(blocks, -1e6)]),
        lower=np.concatenate([master.program.lower, np.zeros(2 * links + blocks)]),
        upper=np.concatenate([master.program.upper, np.full(2 * links, np.inf), np.ones(blocks)]),
        integer=nothing,
        rows=SparseRows.from_triplets(rows, columns, values, links + blocks, width),
        row_lower=np.concatenate([problem.link_lower, np.ones(blocks)]),
        row_upper=np.concatenate([problem.link_upper, np.ones(blocks)]),
        offset=master.program.offset,
    )


def _entries(proposals: list[Proposal], owners: list[int], problem: BlockProblem) -> SparseRows:
    """Return one row per proposal: its activity in the links, and 1 in the row of its block."""
    rows, columns, values = [], [], []
    for k, (made, owner) in enumerate(zip(proposals, owners, strict=True)):
        active = np.flatnonzero(made.activity)
        rows.append(np.full(len(active) + 1, k))
        columns.append(np.append(active, problem.links + owner))
        values.append(np.append(made.activity[active], 1.0))
    return SparseRows.from_triplets(
        np.concatenate(rows),
        np.concatenate(columns),
        np.concatenate(values),
        len(proposals),
        problem.links + len(problem.blocks),
    )
