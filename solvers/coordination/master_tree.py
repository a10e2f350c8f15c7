"""Branching on master columns: where the mix wants half a truck, one branch has fewer and one has more.

A leaf is a box of the master columns; its bound is column generation with that box in the master part of the Lagrangian
bound, so all questions ever asked of the blocks bound every leaf. Leaves partition all whole values, so the largest
bound of a leaf is a bound on everything; the leaf with the largest bound is split on its most fractional column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.column_generation import ColumnGeneration, Priced
from solvers.coordination.verify import LeafProof, lagrangian_bound
from solvers.core.program import Floats

FIRST_RADIUS = 5.0
"""Prices of a leaf move far and at once: another box of master columns wants other prices."""

WHOLE = 1e-5
"""Master columns this close to a whole number count as whole."""

Evaluate = Callable[[ColumnGeneration], None]
"""Runs column generation of a leaf as long as that is worth it."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A box of the master columns with its bound and what proves it, and the mix of its master (whole x)."""

    proof: LeafProof
    bound: float
    mix: Floats | None


@dataclass(slots=True, eq=False)
class MasterTree:
    """Leaves that partition the whole values of the master columns; ``asked`` are all answers of all blocks so far."""

    problem: BlockProblem
    root: ColumnGeneration
    leaves: list[Leaf] = field(default_factory=list)
    asked: list[Priced] = field(default_factory=list)

    def __post_init__(self) -> None:
        program, root = self.problem.master.program, self.root
        if root.best is None:
            raise ValueError("the root has no bound yet; let it ask its blocks at least once")
        self.asked = list(root.asked)
        mix = None if root.mix is None or root.mix.short else root.mix.x
        proof = LeafProof(program.lower, program.upper, root.best.prices, root.best.block_bounds)
        self.leaves = [Leaf(proof, root.best.bound, mix)]

    @property
    def bound(self) -> float:
        """The largest bound of a leaf, which bounds everything."""
        return max((leaf.bound for leaf in self.leaves), default=-np.inf)

    def split(self, evaluate: Evaluate, *, worth: float) -> bool:
        """Split the leaf with the largest bound; False where there is none above ``worth`` that can be split."""
        open_leaves = [leaf for leaf in self.leaves if leaf.bound > worth and self._fractional(leaf) is not None]
        if not open_leaves:
            return False
        leaf = max(open_leaves, key=lambda candidate: candidate.bound)
        column = self._fractional(leaf)
        if column is None or leaf.mix is None or leaf.bound < self.bound:
            return False
        at = float(self._master(leaf.mix)[column])
        self.leaves.remove(leaf)
        whole = leaf.proof
        for lower, upper in ((whole.lower[column], np.floor(at)), (np.ceil(at), whole.upper[column])):
            box = whole.lower.copy(), whole.upper.copy()
            box[0][column], box[1][column] = lower, upper
            self.leaves.append(self._evaluated(*box, evaluate))
        return True

    def _evaluated(self, lower: Floats, upper: Floats, evaluate: Evaluate) -> Leaf:
        master = replace(self.problem.master, program=replace(self.problem.master.program, lower=lower, upper=upper))
        problem = replace(self.problem, master=master)
        known = [self._again(problem, priced) for priced in self.asked]
        first = min(known, key=lambda priced: priced.bound)
        self.root.master.restrict(lower, upper)
        generation = ColumnGeneration(problem, self.root.pricing, self.root.master, first.prices, best=first, rounds=1)
        generation.radius, generation.smoothing = max(self.root.radius, FIRST_RADIUS), 0.0
        evaluate(generation)
        self.asked += generation.asked
        best = generation.best or first
        mix = generation.mix
        if mix is None:
            mix = self.root.master.solve(*generation.box())
        proof = LeafProof(lower, upper, best.prices, best.block_bounds)
        return Leaf(proof, best.bound, None if mix is None or mix.short else mix.x)

    @staticmethod
    def _again(problem: BlockProblem, priced: Priced) -> Priced:
        return replace(priced, bound=lagrangian_bound(problem, priced.prices, priced.block_bounds))

    def _master(self, x: Floats) -> Floats:
        z: Floats = x[self.problem.columns_of(len(self.problem.blocks))]
        return z

    def _fractional(self, leaf: Leaf) -> int | None:
        """Return the most fractional integer master column of a leaf's mix, None where all are whole or unknown."""
        if leaf.mix is None:
            return None
        z = self._master(leaf.mix)
        away = np.where(self.problem.master.program.integer, np.abs(z - np.rint(z)), 0.0)
        return int(np.argmax(away)) if away.max(initial=0.0) > WHOLE else None
