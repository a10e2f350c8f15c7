"""Column generation with prices that move away from the best ones so far only as far as success allows.

Started at the duals of the linear relaxation. The master's prices lie in a box around the best ones (it grows with
success, shrinks after failure), and what is asked lies between these and the master's (Wentges 1997; Pessoa, Sadykov,
Uchoa and Vanderbeck 2018, Automation and combination of linear-programming based stabilization techniques in column
generation). A bound is made from replies to the prices asked and from nothing else: never from the master's value,
and not at all where a reply is missing or answers other prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.oracle import Pricing
from solvers.coordination.proposal import Reply
from solvers.coordination.restricted_master import Mix, RestrictedMaster
from solvers.coordination.verify import lagrangian_bound, sign_correct
from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits

FIRST_RADIUS, GROW, SHRINK, WIDEST = 0.1, 1.6, 0.7, 1e4
SMOOTHEST, SMOOTHER, SHARPER = 0.9, 0.1, 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """The best bound so far: the prices it was made at, and the bounds of all blocks there."""

    bound: float
    prices: Floats
    block_bounds: tuple[float, ...]


@dataclass(slots=True, eq=False)
class ColumnGeneration:
    """Rounds of prices and replies; ``best`` never gets worse, ``mix`` is the master's last solution,
    ``wanted`` what the blocks want at the best prices, ``asked`` every bound there was.
    """

    problem: BlockProblem
    pricing: Pricing
    master: RestrictedMaster
    centre: Floats
    best: Priced | None = None
    mix: Mix | None = None
    wanted: Floats | None = None
    asked: list[Priced] = field(default_factory=list)
    converged: bool = False
    rounds: int = 0
    work: int = 0
    radius: float = FIRST_RADIUS
    smoothing: float = 0.5
    _scale: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        problem = self.problem
        self.centre = sign_correct(self.centre, problem.link_lower, problem.link_upper)
        size = np.abs(self.centre)
        typical = float(np.median(size[size > 0])) if size.any() else _exchange_rate(problem)
        self._scale = np.maximum(size, typical)

    def step(self, *, tolerance: float, limits: Limits = UNLIMITED, master_limits: Limits = UNLIMITED) -> bool:
        """Ask once, at the first or better prices; returns False where the master sees nothing to gain.

        Converged is, within the absolute ``tolerance``, who could gain no more anywhere. ``limits`` are those of each
        block's solve, ``master_limits`` of the master's.
        """
        direction = np.zeros(self.problem.links)
        prices = self.centre
        if self.rounds:
            mix = self._solve_master(tolerance, master_limits)
            if mix is None:
                return False
            direction = mix.prices - self.centre
            prices = self.centre + (1 - self.smoothing) * direction
            prices = sign_correct(prices, self.problem.link_lower, self.problem.link_upper)
        self.rounds += 1
        replies = self.pricing.ask(prices, limits=limits)
        self._take(prices, direction, replies)
        return True

    def _solve_master(self, tolerance: float, limits: Limits) -> Mix | None:
        """Return a mix that promises a better bound; widens the box where only the box stands in the way."""
        while True:
            self.mix = mix = self.master.solve(*self.box(), limits=limits)
            if mix is None:
                return None
            if self.best is None or self.best.bound - mix.value > tolerance:
                return mix
            if not mix.short or self.radius >= WIDEST:
                self.converged = not mix.short
                return None
            self.radius = min(10 * self.radius, WIDEST)

    def box(self) -> tuple[Floats, Floats]:
        """Return the least and largest prices the master may take now."""
        half, problem = self.radius * self._scale, self.problem
        low = np.where(np.isfinite(problem.link_lower), self.centre - half, np.maximum(self.centre - half, 0.0))
        high = np.where(np.isfinite(problem.link_upper), self.centre + half, np.minimum(self.centre + half, 0.0))
        return low, high

    def _take(self, prices: Floats, direction: Floats, replies: Sequence[Reply | None]) -> None:
        """Take the replies to these prices: proposals into the master, and a bound where all have answered."""
        new = 0
        for block, reply in enumerate(replies):
            if reply is not None:
                new += self.master.add(block, reply.proposals)
                self.work += reply.work
        bounds = fresh_bounds(prices, replies)
        bound = np.inf if bounds is None else lagrangian_bound(self.problem, prices, bounds)
        better = self.best is None or bound < self.best.bound
        self._adapt(direction, prices, replies, better=better, new=new)
        if bounds is None or not np.isfinite(bound):
            return
        self.asked.append(Priced(bound, prices, bounds))
        if better:
            self.best, self.centre = self.asked[-1], prices
            self._scale = np.maximum(self._scale, np.abs(prices))
            self._remember(replies)

    def _remember(self, replies: Sequence[Reply | None]) -> None:
        """Keep what every block wants at these prices, if all have said it, with master columns at the mix."""
        wants = [reply.proposals[0].x for reply in replies if reply is not None and reply.proposals]
        if len(wants) == len(self.problem.blocks):
            none = np.zeros(self.problem.master.program.columns)
            z = none if self.mix is None else self.mix.x[self.problem.columns_of(len(wants))]
            self.wanted = self.problem.join([*wants, z])

    def _adapt(
        self, direction: Floats, prices: Floats, replies: Sequence[Reply | None], *, better: bool, new: int
    ) -> None:
        """Move the box with success, and smooth less where the bound would still fall beyond the prices asked."""
        if self.rounds == 1:
            return
        self.radius = min(self.radius * GROW, WIDEST) if better else self.radius * SHRINK
        if not better and not new:
            self.smoothing = 0.0
            return
        falls = direction @ self._slope(prices, replies) < 0
        self.smoothing = (
            max(self.smoothing - SHARPER, 0.0) if falls else self.smoothing + SMOOTHER * (SMOOTHEST - self.smoothing)
        )

    def _slope(self, prices: Floats, replies: Sequence[Reply | None]) -> Floats:
        """Return a subgradient of the bound at these prices: what the links hold less what is asked of them."""
        problem = self.problem
        side = np.where(prices > 0, problem.link_upper, np.where(prices < 0, problem.link_lower, 0.0))
        both = problem.link_lower == problem.link_upper
        slope = np.where(both, problem.link_lower, side)
        for reply in replies:
            if reply is not None and reply.proposals:
                slope = slope - reply.proposals[0].activity
        master = problem.master
        reduced = master.program.objective - master.links.transposed_times(prices)
        z = np.where(reduced > 0, master.program.upper, np.where(reduced < 0, master.program.lower, 0.0))
        slope = slope - master.links.times(np.where(np.isfinite(z), z, 0.0))
        return np.where(np.isfinite(slope), slope, 0.0)


def fresh_bounds(prices: Floats, replies: Sequence[Reply | None]) -> tuple[float, ...] | None:
    """Return the blocks' bounds at these prices; None where a block is missing or answered other prices."""
    bounds = []
    for reply in replies:
        if reply is None or not np.array_equal(reply.prices, prices):
            return None
        bounds.append(reply.bound)
    return tuple(bounds)


def _exchange_rate(problem: BlockProblem) -> float:
    """Return what a unit of a link is worth at most, by order of magnitude, where no price tells."""
    worth = max((float(np.abs(part.program.objective).max(initial=0.0)) for part in problem.parts), default=0.0)
    return worth or 1.0
