"""From a good plan to a better one: a few products at a time are decided anew, everything else stays.

Each neighbourhood is a small mixed-integer program: the columns of some products in all plants, on what capacity and
material the others leave. Products that share no resource are decided side by side. Set-ups that pay are put together,
and a linear program with those set-ups says what they are worth (Pochet and Wolsey 2006, Production Planning by Mixed
Integer Programming, chapter 3: relax-and-fix, exchange).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from actors.allowance import Allowance
from actors.candidate import Candidate
from actors.incumbents import Incumbents
from actors.joint_problem import JointProblem
from actors.neighbourhoods import SIZES, batches, product_columns
from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats
from solvers.core.termination import Limits
from solvers.network.remainder import Remainder, hold
from solvers.network.slope_search import SlopeSearch

NODES = 20
"""Branch-and-bound nodes of one neighbourhood."""
LARGEST = 500
"""Most binary columns of a neighbourhood."""
LEAST_GAIN = 1e-6
"""What a neighbourhood must promise, relative to the plan's value, to be tried."""


class PlanImprovement:
    """Searches the neighbourhoods of the best plan of a run."""

    def __init__(
        self, problem: JointProblem, offers: Bools, backend: Backend, *, allowance: Allowance, incumbents: Incumbents
    ) -> None:
        self._assembly, self._offers, self._backend = problem.assembly, offers, backend
        self._allowance, self._incumbents = allowance, incumbents
        self._columns = product_columns(problem)
        self._sweep, self._idle = 0, 0

    def improve(self, report: Callable[[], None], done: Callable[[], bool], *, sweeps: int) -> None:
        """Go on with so many sweeps over all neighbourhoods, until a whole round of sweeps finds nothing."""
        if self._idle >= len(SIZES) or not self._columns.groups:
            return
        held, fixing = self._fixing()
        for _ in range(sweeps):
            before = self._best().value
            groups = self._promising_first(held, fixing)
            for batch in batches(groups, SIZES[self._sweep % len(SIZES)]):
                if done() or not self._allowance.step():
                    return
                self._decide_anew(batch, held, fixing)
                report()
            self._idle = self._idle + 1 if self._best().value <= before else 0
            self._sweep += 1
            if self._idle >= len(SIZES):
                return

    def _fixing(self) -> tuple[Remainder, SlopeSearch]:
        best = self._best()
        held = hold(self._assembly, best.x, ~self._offers)
        chosen = [np.round(held.part(best.x)[group]) for _, group in held.assembly.choices]
        return held, SlopeSearch(held.assembly, self._backend, chosen)

    def _promising_first(self, held: Remainder, fixing: SlopeSearch) -> list[list[int]]:
        """Sort the products of each group by what prices promise of set-ups that the best plan does not use."""
        best, setups = self._best(), held.assembly.setups.setup
        used: Bools = held.part(best.x)[setups] > 0.5
        solution = fixing.fix(used, Limits(seconds=self._allowance.seconds_left()))
        groups = [list(group) for group in self._columns.groups]
        if solution.row_dual is None:
            return groups
        program = held.assembly.program
        reduced = (program.objective - program.rows.transposed_times(solution.row_dual))[setups]
        product = self._columns.product[held.columns[setups]]
        known = product >= 0
        gain = np.where(used, 0.0, np.maximum(reduced, 0.0))[known]
        promise = np.bincount(product[known], gain, minlength=1 + max(map(max, groups)))
        return [sorted(group, key=lambda k: -promise[k]) for group in groups]

    def _best(self) -> Candidate:
        if self._incumbents.best is None:
            raise RuntimeError("there is no plan to improve; find one first")
        return self._incumbents.best

    def _decide_anew(self, batch: Sequence[Sequence[int]], held: Remainder, fixing: SlopeSearch) -> None:
        """Decide each set of products anew, and take the set-ups of all that gain, or of the one that gains most."""
        best = self._best()
        setups = self._assembly.setups.setup
        used: Bools = best.x[setups] > 0.5
        found = [proposal for products in batch if (proposal := self._propose(products, best)) is not None]
        if not found:
            return
        together = used.copy()
        for _, proposed in found:
            together[proposed != used] = proposed[proposed != used]
        most = max(found, key=lambda proposal: proposal[0])[1]
        for trial in (together,) if len(found) == 1 else (together, most):
            solution = fixing.fix(trial, Limits(seconds=self._allowance.seconds_left()))
            if solution.x is not None and solution.objective is not None and solution.objective > best.value:
                self._incumbents.offer(Candidate(solution.objective, held.restore(solution.x), best.shares))
                return

    def _propose(self, products: Sequence[int], best: Candidate) -> tuple[float, Bools] | None:
        """Return what deciding these products anew gains, and all set-ups then; None where it gains nothing."""
        free = self._columns.around(products) & ~self._offers
        near = hold(self._assembly, best.x, free)
        program = near.assembly.program
        if not 0 < int(program.integer.sum()) <= LARGEST:
            return None
        start = near.part(best.x)
        worth = float(program.objective @ start) + program.offset
        limits = Limits(nodes=NODES, absolute_gap=LEAST_GAIN * abs(best.value), seconds=self._allowance.seconds_left())
        solution = self._backend.load(program).solve(limits=limits, start=start)
        if self._allowance.out_of_time():
            self._allowance.interrupted()
        if solution.x is None or solution.objective is None:
            return None
        gain = solution.objective - worth
        return (gain, self._used(near.restore(solution.x))) if gain > LEAST_GAIN * abs(best.value) else None

    def _used(self, x: Floats) -> Bools:
        return np.asarray(x[self._assembly.setups.setup] > 0.5)
