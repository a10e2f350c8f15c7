"""Solve a block problem: prices for the bound, mixes and neighbourhoods for the plan, the monolith where it is better.

Engines take turns by work, never by the clock. Where blocks are few and none has a structure of its own, the whole goes
to a solver first: decomposition has nothing to gain there. Else the linear relaxation seeds prices, rounds of column
generation bring the bound down and the master's mixes up, columns that nothing better can have otherwise are fixed,
blocks step aside where links must be met exactly, master columns are branched on, neighbourhoods improve the plan, and
whatever gap is left goes to the solver of the whole with the best plan as its start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.block_result import BlockLimits, BlockResult, Progress, Stop
from solvers.coordination.choose_engine import deciding_blocks, slack, whole_first
from solvers.coordination.column_generation import ColumnGeneration
from solvers.coordination.components import split_components
from solvers.coordination.core_problem import core_of
from solvers.coordination.knapsack import KnapsackOracle
from solvers.coordination.master_tree import MasterTree
from solvers.coordination.oracle import Oracle, Pricing, SerialPricing, oracle_of
from solvers.coordination.plan_search import PlanSearch
from solvers.coordination.restricted_master import RestrictedMaster
from solvers.coordination.standing import Standing
from solvers.coordination.verify import relaxation_bound
from solvers.coordination.whole_model import WholeModel
from solvers.core.backend import Backend
from solvers.core.program import Floats
from solvers.core.termination import Limits, Solution, Termination

FIRST_NODES = 500
"""Nodes of the first try of the whole where blocks are many; each further try has four times as many."""

FIRST_CORE = 5e-3
"""How far below the bound, relatively, a first plan is sought in a core."""

LEAF_ROUNDS = 30
"""Rounds of prices in a leaf of the tree over master columns."""

STALLED = 25
"""Rounds without a fiftieth of the gap closed after which prices rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Who takes part: ``oracles`` solves blocks and ``monolith`` the whole, both the backend unless told."""

    oracles: Backend | None = None
    monolith: Backend | None = None
    pricing: Pricing | None = None
    prices: bool = True
    neighbourhoods: bool = True
    whole: bool = True


ALL = Engines()


def solve_blocks(
    problem: BlockProblem,
    *,
    backend: Backend,
    limits: BlockLimits | None = None,
    seed: int = 0,
    engines: Engines = ALL,
    progress: Progress | None = None,
) -> BlockResult:
    """Return the best solution and bound found within the limits.

    ``engines.pricing`` asks the blocks of *this* problem elsewhere; without it blocks are split into components and
    asked one by one. ``seed`` draws neighbourhoods.
    """
    search = _Search(problem, backend, limits or BlockLimits(), engines, seed=seed, progress=progress)
    return search.run()


class _Search:
    def __init__(
        self,
        problem: BlockProblem,
        backend: Backend,
        limits: BlockLimits,
        engines: Engines,
        *,
        seed: int,
        progress: Progress | None,
    ) -> None:
        self._backend, self._limits, self._engines = backend, limits, engines
        # The solver of the whole gets it as it was given: searches differ much from one order of rows to another.
        self._whole = WholeModel(problem, backend)
        monolith = engines.monolith or backend
        self._monolith = self._whole if monolith is backend else WholeModel(problem, monolith)
        self._problem = problem = problem if engines.pricing is not None else split_components(problem)
        self._standing = Standing(problem, limits, progress, self._whole.program)
        self._plans = PlanSearch(problem, self._whole, self._standing, np.random.default_rng(seed))
        self._oracles: tuple[Oracle, ...] = ()
        self._generation: ColumnGeneration | None = None
        self._relaxed: Floats | None = None
        self._deciding = max(deciding_blocks(problem), 1)
        self._tree: MasterTree | None = None
        self._spent = 0

    def run(self) -> BlockResult:
        standing, limits = self._standing, self._limits
        if self._engines.whole and whole_first(self._problem):
            self._try_whole(limits.nodes, share=0.99)
        if not standing.over:
            self._relax()
        if not standing.over and self._engines.prices:
            self._price()
        nodes = FIRST_NODES
        while not standing.over:
            before = (standing.value, standing.bound)
            self._try_core(nodes)
            if self._engines.neighbourhoods and self._generation is not None:
                self._plans.improve(self._generation, limits.passes)
            more = self._engines.whole and self._spent < limits.nodes
            if more:
                more = not self._try_whole(min(nodes, limits.nodes - self._spent))
            if not more and before == (standing.value, standing.bound):
                break
            nodes *= 4
        return self._result()

    def _relax(self) -> None:
        standing = self._standing
        found = self._whole.relaxed(limits=standing.allow())
        standing.work += found.iterations
        links = self._problem.links
        prices = np.zeros(links) if found.row_dual is None else found.row_dual[len(found.row_dual) - links :]
        if found.termination is Termination.INFEASIBLE:
            standing.prove(-np.inf, "relaxation")
        standing.unbounded = found.termination is Termination.UNBOUNDED
        if found.row_dual is not None:
            # The value of a linear solve is a primal value; only its duals prove anything.
            standing.prove(relaxation_bound(self._whole.program, found.row_dual), "relaxation")
        standing.offer(found.x, "relaxation")
        self._relaxed = found.x
        if self._engines.prices and not standing.done:
            self._generation = self._generate(prices)

    def _generate(self, prices: Floats) -> ColumnGeneration:
        pricing = self._engines.pricing
        if pricing is None:
            solver = self._engines.oracles or self._backend
            self._oracles = tuple(oracle_of(part, solver) for part in self._problem.blocks)
            pricing = SerialPricing(self._problem, self._oracles)
        return ColumnGeneration(self._problem, pricing, RestrictedMaster(self._problem, self._backend), prices)

    def _price(self) -> None:
        """Ask the blocks at the root, then in a tree over whole master columns as long as that is worth it."""
        standing, generation = self._standing, self._generation
        if generation is None:
            return
        self._ask(generation, self._limits.rounds)
        if generation.best is None or standing.over:
            return
        self._plans.round(generation)
        self._try_core(FIRST_NODES)
        self._plans.begin(generation)
        self._vary(generation)
        self._tree = tree = MasterTree(self._problem, generation)
        while len(tree.leaves) < self._limits.leaves and not standing.over:
            if not tree.split(self._ask_leaf, worth=standing.value + standing.target):
                break
            standing.prove(tree.bound, "tree")
        master = self._problem.master.program
        generation.master.restrict(master.lower, master.upper)
        if len(tree.leaves) > 1:
            self._vary(generation)

    def _vary(self, generation: ColumnGeneration) -> None:
        if isinstance(generation.pricing, SerialPricing) and not self._standing.over:
            self._plans.vary(generation, generation.pricing, self._block_limits(generation.rounds))

    def _block_limits(self, rounds: int) -> Limits:
        """Return the limits of one block's solve: its share of what a round may leave open."""
        standing = self._standing
        share = slack(standing.target, standing.bound, rounds) / self._deciding
        return self._standing.allow(nodes=self._limits.block_nodes, absolute_gap=max(share, 1e-9))

    def _ask_leaf(self, generation: ColumnGeneration) -> None:
        self._ask(generation, LEAF_ROUNDS)
        self._plans.leaf(generation)

    def _ask(self, generation: ColumnGeneration, most: int) -> None:
        """Ask the blocks until the gap is closed, the prices are the best there are, or they move no more."""
        standing, root = self._standing, generation is self._generation
        bounds: list[float] = []
        while not standing.over and generation.rounds < most:
            if generation.best is not None and generation.best.bound <= standing.value + standing.target:
                return
            work = generation.work
            moved = generation.step(
                tolerance=0.05 * max(standing.target, 1e-9),
                limits=self._block_limits(generation.rounds),
                master_limits=standing.allow(),
            )
            standing.work += generation.work - work
            if not moved:
                return
            if root and generation.best is not None:
                standing.prove(generation.best.bound, "prices")
            bounds.append(np.inf if generation.best is None else generation.best.bound)
            if root:
                self._plans.settle(generation)
            if root and generation.rounds == 1 and self._relaxed is not None:
                self._plans.agree(generation, self._relaxed)
            elif root and generation.rounds & (generation.rounds - 1) == 0:
                self._plans.round(generation)
            if self._stalled(generation, bounds):
                return

    def _stalled(self, generation: ColumnGeneration, bounds: list[float]) -> bool:
        """Tell whether the last rounds closed next to nothing of what may still be closed."""
        if len(bounds) <= STALLED or generation.mix is None:
            return False
        standing = self._standing
        left = min(bounds[-1] - standing.value, max(bounds[-1] - generation.mix.value, standing.target))
        return bounds[-1 - STALLED] - bounds[-1] < 0.02 * left

    def _try_core(self, nodes: int) -> None:
        """Fix what nothing worth having can have otherwise, and let a solver decide the rest.

        Without a plan, what is not far below the bound is worth having.
        """
        standing, generation = self._standing, self._generation
        known = any(isinstance(oracle, KnapsackOracle) for oracle in self._oracles)
        if standing.over or not known or generation is None or generation.best is None:
            return
        if standing.x is None:
            beyond = generation.best.bound - max(4 * standing.step, FIRST_CORE * abs(generation.best.bound))
        else:
            beyond = standing.value + max(0.9 * standing.step, 0.9 * standing.target, 1e-9 * abs(standing.value))
        core = core_of(self._problem, self._oracles, generation.best, beyond)
        found = self._monolith.within(core.lower, core.upper, limits=standing.allow(nodes=nodes), start=standing.x)
        self._count(found)
        standing.offer(found.x, "core")
        standing.prove(max(found.bound, beyond, standing.value), "core")

    def _try_whole(self, nodes: int, *, share: float = 0.5) -> bool:
        """Give the whole to a solver, to end at a share of the gap; returns whether it came to its own end."""
        standing = self._standing
        if standing.over:
            return True
        program = self._whole.program
        limits = standing.allow(nodes=nodes, gap=share * self._limits.gap)
        found = self._monolith.within(program.lower, program.upper, limits=limits, start=standing.x)
        self._count(found)
        standing.unbounded = found.termination is Termination.UNBOUNDED
        standing.offer(found.x, "monolith")
        standing.prove(found.bound, "monolith")
        return found.termination in {Termination.OPTIMAL, Termination.INFEASIBLE}

    def _count(self, found: Solution) -> None:
        self._spent += max(found.nodes, 1)
        self._standing.work += found.iterations + found.nodes

    def _result(self) -> BlockResult:
        standing, generation, tree = self._standing, self._generation, self._tree
        best = None if generation is None else generation.best
        if standing.bound == -np.inf:
            stop = Stop.INFEASIBLE
        elif standing.unbounded:
            stop = Stop.UNBOUNDED
        elif standing.done:
            stop = Stop.GAP
        else:
            stop = Stop.TIME if standing.late else Stop.WORK
        return BlockResult(
            x=standing.x,
            value=standing.value,
            bound=standing.bound,
            proved_by=standing.proved_by,
            stop=stop,
            prices=np.zeros(self._problem.links) if best is None else best.prices,
            block_bounds=() if best is None else best.block_bounds,
            blocks=tuple(part.name for part in self._problem.blocks),
            price_bound=np.inf if best is None else best.bound,
            leaves=() if tree is None else tuple(leaf.proof for leaf in tree.leaves),
            tree_bound=np.inf if tree is None else tree.bound,
            rounds=0 if generation is None else generation.rounds,
            work=standing.work,
            history=tuple(standing.history),
            reproducible=not standing.out_of_time(),
        )
