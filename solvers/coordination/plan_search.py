"""Plans from proposals: mixes made whole, repairs around what each block wants, neighbourhoods of the best plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.column_generation import ColumnGeneration
from solvers.coordination.master_tree import WHOLE
from solvers.coordination.neighbourhood import disputed, draw_blocks, losses, of_blocks, undecided
from solvers.coordination.oracle import SerialPricing
from solvers.coordination.proposal import proposal
from solvers.coordination.standing import Standing
from solvers.coordination.whole_model import WholeModel
from solvers.core.program import Bools, Floats
from solvers.core.termination import Limits, Solution, Termination

MIX_NODES, VARIED_NODES, SUB_NODES = 100, 1000, 200
MOST_VARIATIONS = 4
WORTH = 0.1
"""Parts of the gap asked for by which a variation must be better for another one."""
DISAGREE = 0.3
"""A relaxed value further than this from what its block wants is open to decision."""
MOST_OPEN = 150
"""About so many integer columns are open at once: a solver needs seconds for them."""
FIRST_GAP = 2e-3
"""What the first plan may leave open, as a share of the bound: neighbourhoods improve it later at less cost."""

NEARLY = 1e-4
"""Violations below this come from solvers' tolerances."""

MOST_FAILURES = 8
"""Neighbourhoods in a row without a better plan after which the search rests."""


@dataclass(slots=True, eq=False)
class PlanSearch:
    """Looks for plans with the solver of the whole; ``size`` is how many blocks a neighbourhood frees."""

    problem: BlockProblem
    whole: WholeModel
    standing: Standing
    rng: np.random.Generator
    size: int = field(init=False)
    _settled: Floats | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.size = max(2, len(self.problem.blocks) // 8)

    def round(self, generation: ColumnGeneration) -> None:
        """Let a solver decide what the master's last mix leaves undecided."""
        mix = generation.mix
        if mix is not None and not mix.short and not self.standing.over:
            self._near(generation, mix.x, undecided(mix.x), "undecided")

    def settle(self, generation: ColumnGeneration) -> None:
        """Take what the blocks want at the best prices; a solver decides the continuous columns alone."""
        wanted = generation.wanted
        if wanted is None or wanted is self._settled or self.standing.over:
            return
        self._settled = wanted
        if not self._offer(generation, wanted, "wanted") and not self.problem.integer.all():
            self._near(generation, wanted, np.zeros(self.problem.columns, dtype=np.bool_), "wanted")

    def agree(self, generation: ColumnGeneration, relaxed: Floats) -> None:
        """Let a solver decide what the relaxation and the blocks' wishes disagree on most, all else as wished."""
        wanted = generation.wanted
        if wanted is None or generation.best is None or self.standing.over:
            return
        away = np.where(self.problem.integer, np.abs(relaxed - wanted), 0.0)
        least = np.sort(away)[-MOST_OPEN:][0]
        free = away > max(least, DISAGREE)
        self._near(generation, wanted, free, "agreed", loose=FIRST_GAP * abs(generation.best.bound))

    def leaf(self, generation: ColumnGeneration) -> None:
        """Make plans in a leaf of the master columns, from whole mixes where these columns are whole."""
        mix, integer = generation.mix, self.problem.master.program.integer
        if mix is None or mix.short or self.standing.over:
            return
        z = mix.x[self.problem.columns_of(len(self.problem.blocks))][integer]
        if np.abs(z - np.rint(z)).max(initial=0.0) < WHOLE:
            self._mix(generation)
            self.round(generation)

    def begin(self, generation: ColumnGeneration) -> None:
        """Find plans: the best whole mix, and without one by freeing ever more blocks from what they want."""
        if not self.standing.over:
            self._mix(generation)
        if self.standing.x is None:
            self._repair(generation)

    def vary(self, generation: ColumnGeneration, pricing: SerialPricing, limits: Limits) -> None:
        """Let blocks step aside from what they want, then from the plan, as long as mixes of that are better plans."""
        for turn in range(MOST_VARIATIONS):
            around = generation.wanted if turn == 0 or self.standing.x is None else self.standing.x
            if around is None or generation.best is None or self.standing.over:
                return
            offers = pricing.varied(generation.best.prices, self.problem.split(around), limits=limits)
            new = sum(generation.master.add(b, made) for b, made in enumerate(offers))
            value = self.standing.value
            if new:
                self._mix(generation, nodes=VARIED_NODES)
            if turn and self.standing.x is not None and self.standing.value - value < WORTH * self.standing.target:
                return

    def improve(self, generation: ColumnGeneration, passes: int) -> None:
        """Search neighbourhoods of the plan; more blocks after one that was decided, fewer after one that was not."""
        standing, most, failures = self.standing, max(2, len(self.problem.blocks) // 2), 0
        for turn in range(passes):
            if standing.over or standing.x is None or generation.best is None or failures >= MOST_FAILURES:
                return
            if turn % 8 == 0 and generation.mix is not None:
                free = disputed(generation.mix.x, standing.x)
            else:
                lost = losses(self.problem, generation.best, standing.x)
                free = of_blocks(self.problem, draw_blocks(lost, self.size, self.rng))
            value = standing.value
            found = self._near(generation, standing.x, free, "neighbourhood")
            failures = 0 if standing.value > value else failures + 1
            change = max(1, self.size // 4)
            decided = found.termination is Termination.OPTIMAL
            self.size = min(most, self.size + change) if decided else max(2, self.size - change)

    def _mix(self, generation: ColumnGeneration, nodes: int = MIX_NODES) -> None:
        standing = self.standing
        penalty = 10.0 * float(np.abs(generation.centre).max(initial=0.0)) + 1.0
        limits = standing.allow(nodes=nodes, absolute_gap=max(0.2 * standing.target, 1e-9))
        mix = generation.master.whole(limits=limits, penalty=penalty)
        if mix is not None and not self._offer(generation, mix.x, "mix") and not standing.over:
            self._near(generation, mix.x, of_blocks(self.problem, np.zeros(0, dtype=np.int32)), "mix")

    def _repair(self, generation: ColumnGeneration) -> None:
        """Fix most blocks at what they want at the best prices, and free more until the links can be kept."""
        blocks = len(self.problem.blocks)
        wanted = generation.wanted
        if wanted is None:
            return
        order = self.rng.permutation(blocks).astype(np.int32)
        count = max(1, blocks // 8)
        while not self.standing.over and self.standing.x is None and count <= max(blocks // 2, 1):
            self._near(generation, wanted, of_blocks(self.problem, order[:count]), "repair")
            count *= 2

    def _near(
        self, generation: ColumnGeneration, x: Floats, free: Bools, engine: str, *, loose: float = 1e-9
    ) -> Solution:
        """Search a neighbourhood, up to an absolute gap of ``loose`` or what is negligible for the gap asked for."""
        standing = self.standing
        limits = standing.allow(nodes=SUB_NODES, absolute_gap=max(0.2 * standing.target, loose))
        # A plan that closes the gap needs no better one.
        limits = replace(limits, target=standing.bound - 0.9 * standing.target)
        found = self.whole.near(x, free, limits=limits, start=standing.x)
        standing.work += found.iterations + found.nodes
        self._offer(generation, found.x, engine)
        return found

    def _offer(self, generation: ColumnGeneration, x: Floats | None, engine: str) -> bool:
        """Take a plan, and its blocks' parts as proposals: whole mixes then recombine plans."""
        if not self.standing.offer(x, engine):
            return False
        self.recall(generation)
        return True

    def recall(self, generation: ColumnGeneration) -> None:
        """Propose the blocks' parts of the best plan to the master."""
        if self.standing.x is None:
            return
        for b, (part, own) in enumerate(zip(self.problem.blocks, self.problem.split(self.standing.x), strict=False)):
            generation.master.add(b, (proposal(part, own),))
