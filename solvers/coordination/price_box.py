"""Better prices for linking rows, kept in a box around the best ones so far.

The Lagrangian bound ``L(π) = π·b + Σ_i L_i(π)`` of a maximisation is convex in the prices π. Every answer of an agent i
gives a cut ``L_i(π) ≥ worth_i − π·activity_i``: what its proposal is worth under π. The master minimises the
piecewise-linear model of L over the box (Marsten, Hogan, Blankenship 1975); the box grows and moves with success and
shrinks after failure, since raw master prices were seen to leave the bound 74 % away. It shrinks the more, the more a
step lost compared with what the model promised: around good prices the model is right in a very small box only, and
every try costs a round of all agents.

The bound itself is never taken from the master: it is the sum of the agents' own dual bounds at the prices asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solvers.core.backend import Backend, Model
from solvers.core.program import Floats, Program, SparseRows
from solvers.core.termination import Termination
from solvers.network.block import Links

GROW, SHRINK = 1.5, 0.4
LEAST_SHRINK = 0.01
"""What is left of the box, at least, after a step that went wrong by far more than it promised to gain."""
LEAST_PROMISE = 1e-5
"""Prices that promise less than this, relative to the bound, are not worth asking anybody."""
FIRST_RADIUS = 1e-3
"""First half-width of the box, relative to the size of each price."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """An agent's proposal: ``worth`` without prices, and its ``activity`` in the linking rows, float64 (links,)."""

    agent: str
    worth: float
    activity: Floats


@dataclass(slots=True, eq=False)
class PriceBox:
    """Prices of linking rows in search of the least bound; ``centre`` are the best prices so far, ``bound`` theirs.

    ``promised`` is what the model makes of the prices proposed last.
    """

    links: Links
    centre: Floats
    bound: float = np.inf
    radius: float = FIRST_RADIUS
    cuts: list[Cut] = field(default_factory=list)
    promised: float = np.inf

    def observe(self, prices: Floats, bound: float, cuts: tuple[Cut, ...]) -> bool:
        """Take the answers at some prices; returns whether the bound fell."""
        self.cuts.extend(cuts)
        if bound < self.bound:
            first = not np.isfinite(self.bound)
            self.bound, self.centre = bound, prices
            if not first:
                self.radius = min(self.radius * GROW, 1.0)
            return True
        gain = self.bound - self.promised
        loss = (bound - self.bound) / gain if 0 < gain < np.inf else 0.0
        self.radius *= max(SHRINK / (1.0 + loss), LEAST_SHRINK)
        return False

    def propose(self, backend: Backend) -> Floats | None:
        """Return the prices that minimise the model of the bound in the box, or None where nothing is to gain."""
        program = self._master()
        model: Model = backend.load(program)
        solution = model.solve()
        if solution.termination is not Termination.OPTIMAL or solution.x is None or solution.objective is None:
            return None
        if -solution.objective >= self.bound - LEAST_PROMISE * abs(self.bound):
            return None
        self.promised = -solution.objective
        return solution.x[: len(self.centre)]

    def _master(self) -> Program:
        """Build ``max −(π·b + Σθ)`` over the box, with ``θ_i + π·activity ≥ worth`` for every cut."""
        links, size = self.links, np.abs(self.centre)
        half = self.radius * np.maximum(size, float(np.median(size[size > 0])) if size.any() else 1.0)
        agents = {name: i for i, name in enumerate(dict.fromkeys(cut.agent for cut in self.cuts))}
        width = len(self.centre) + len(agents)
        free_below, free_above = np.isfinite(links.lower), np.isfinite(links.upper)
        lower = np.where(free_below, self.centre - half, np.maximum(self.centre - half, 0.0))
        upper = np.where(free_above, self.centre + half, np.minimum(self.centre + half, 0.0))
        # Prices are ≥ 0 where only an upper bound stands, ≤ 0 where only a lower one does, free at an equation.
        side = np.where(free_above, links.upper, np.where(free_below, links.lower, 0.0))
        rows, columns, values = [], [], []
        for i, cut in enumerate(self.cuts):
            active = np.flatnonzero(cut.activity)
            rows.append(np.full(len(active) + 1, i))
            columns.append(np.append(active, len(self.centre) + agents[cut.agent]))
            values.append(np.append(cut.activity[active], 1.0))
        return Program(
            objective=-np.concatenate([side, np.ones(len(agents))]),
            lower=np.concatenate([lower, np.full(len(agents), -np.inf)]),
            upper=np.concatenate([upper, np.full(len(agents), np.inf)]),
            integer=np.zeros(width, dtype=bool),
            rows=SparseRows.from_triplets(
                np.concatenate(rows), np.concatenate(columns), np.concatenate(values), len(self.cuts), width
            ),
            row_lower=np.array([cut.worth for cut in self.cuts]),
            row_upper=np.full(len(self.cuts), np.inf),
        )
