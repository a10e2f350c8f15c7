"""Plans of a joint program by slope scaling: relaxations that charge set-ups by the unit, and fixed set-ups between.

A search starts from quantities and goes on in passes. While many set-ups still vanish from one pass to the next, the
last basis is of little use, and every pass solves a new model, which presolve makes small; later passes go on from the
last basis. Fixing the set-ups in use and solving for everything else gives a solution with whole set-ups.

A *restart* charges what the best plan makes by its quantities, and what it does not make by ``unused`` times the
smallest charge: the higher, the closer the search stays to that plan (long-term memory in Crainic, Gendron, Hernu
2004, A slope scaling/Lagrangean perturbation heuristic with long-term memory, Journal of Heuristics 10(5)).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solvers.core.backend import Backend, Model
from solvers.core.program import Bools, Floats
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.assembly import Assembly
from solvers.network.slope_scaling import SlopeScaling, fix_setups, in_use

_SETTLED = 0.95
"""From this part of the set-ups of the pass before, passes go on from the last basis."""


class SlopeSearch:
    """One search over the set-ups of ``assembly`` with columns of choices fixed at ``chosen`` (0 or 1, by group)."""

    def __init__(self, assembly: Assembly, backend: Backend, chosen: Sequence[Floats]) -> None:
        self.assembly, self._backend = assembly, backend
        self._scaling = SlopeScaling(assembly)
        self._fixed = self._load(chosen)
        self._chosen = tuple(chosen)
        self._relaxed: Model | None = None
        self._quantity = np.zeros(len(assembly.setups.setup))
        self._used = 0

    def start(self, x: Floats, *, unused: float = 1.0) -> None:
        """Begin at the quantities of ``x``; what it does not make is charged ``unused`` ≥ 1 smallest charges."""
        self._scaling.multiplier = np.full(len(self._quantity), unused)
        self._quantity, self._used, self._relaxed = self._scaling.quantities(x), 0, None

    def advance(self, passes: int, limits: Limits) -> Floats | None:
        """Charge and solve so many times; returns the last solution, None where a solve did not end."""
        x = None
        for _ in range(passes):
            if self._relaxed is None:
                self._relaxed = self._load(self._chosen)
            self._scaling.charge(self._relaxed, self._quantity)
            solution = self._relaxed.solve(limits=limits, relaxed=True)
            if solution.x is None or solution.termination is not Termination.OPTIMAL:
                return None
            x, self._quantity = solution.x, self._scaling.quantities(solution.x)
            used = int(in_use(self.assembly, x).sum())
            if used < _SETTLED * self._used or not self._used:
                self._relaxed = None
            self._used = used
        return x

    def fix(self, used: Bools, limits: Limits) -> Solution:
        """Solve with these set-ups and no others; the next pass goes on from the quantities this makes."""
        fix_setups(self._fixed, self.assembly, used)
        solution = self._fixed.solve(limits=limits, relaxed=True)
        if solution.x is not None:
            self._quantity = self._scaling.quantities(solution.x)
        return solution

    def choose(self, chosen: Sequence[Floats]) -> None:
        """Fix choices at other options."""
        self._chosen, self._relaxed = tuple(chosen), None
        _fix_choices(self._fixed, self.assembly, chosen)

    def _load(self, chosen: Sequence[Floats]) -> Model:
        model = self._backend.load(self.assembly.program)
        _fix_choices(model, self.assembly, chosen)
        return model


def _fix_choices(model: Model, assembly: Assembly, chosen: Sequence[Floats]) -> None:
    for (_, group), value in zip(assembly.choices, chosen, strict=True):
        model.set_column_bounds(group, value, value)
