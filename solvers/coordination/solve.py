"""Solve a block problem: prices for the bound, mixes and neighbourhoods for the plan, the monolith where it is better.

Engines take turns by work, never by the clock. Where blocks are few and none has a structure of its own, the whole goes
to a solver first: decomposition has nothing to gain there. Else the linear relaxation seeds prices, rounds of column
generation bring the bound down and the master's mixes up, neighbourhoods improve the plan, columns that nothing better
can have otherwise are fixed, and whatever gap is left goes to the solver of the whole with the best plan as its start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.block_result import BlockLimits, BlockResult, Progress, Stop
from solvers.coordination.column_generation import ColumnGeneration
from solvers.coordination.components import split_components
from solvers.coordination.core_problem import core_of
from solvers.coordination.knapsack import KnapsackOracle, is_knapsack
from solvers.coordination.neighbourhood import disputed, draw_blocks, losses, of_blocks, undecided
from solvers.coordination.oracle import Oracle, Pricing, SerialPricing, oracle_of
from solvers.coordination.restricted_master import RestrictedMaster
from solvers.coordination.standing import Standing, value_step
from solvers.coordination.whole_model import WholeModel
from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats
from solvers.core.termination import Solution, Termination

FEW_BLOCKS = 8
"""With at most so many blocks of no known structure the whole is given to a solver first."""

FIRST_NODES = 500
"""Nodes of the first try of the whole where blocks are many; each further try has four times as many."""

MIX_NODES = 300
SUB_NODES = 200
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
    inner = problem if engines.pricing is not None else split_components(problem)
    search = _Search(inner, backend, limits or BlockLimits(), engines, seed=seed, progress=progress)
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
        self._problem, self._backend, self._limits, self._engines = problem, backend, limits, engines
        self._rng = np.random.default_rng(seed)
        self._whole = WholeModel(problem, backend)
        monolith = engines.monolith or backend
        self._monolith = self._whole if monolith is backend else WholeModel(problem, monolith)
        self._standing = Standing(problem, limits, progress, value_step(self._whole.program))
        self._oracles: tuple[Oracle, ...] = ()
        self._generation: ColumnGeneration | None = None
        self._spent = 0

    def run(self) -> BlockResult:
        standing = self._standing
        if self._engines.whole and self._few():
            self._try_whole(self._limits.nodes)
        if not standing.over:
            self._relax()
        if not standing.over and self._engines.prices:
            self._price()
        nodes = FIRST_NODES
        while not standing.over:
            before = (standing.value, standing.bound)
            if self._engines.neighbourhoods:
                self._search_near()
            self._try_core(nodes)
            if self._engines.whole and self._spent < self._limits.nodes:
                self._try_whole(min(nodes, self._limits.nodes - self._spent))
            elif before == (standing.value, standing.bound):
                break
            nodes *= 4
        return self._result()

    def _few(self) -> bool:
        known = any(is_knapsack(part) for part in self._problem.blocks)
        return len(self._problem.blocks) <= FEW_BLOCKS and not known

    def _relax(self) -> None:
        standing = self._standing
        found = self._whole.relaxed(limits=standing.allow())
        standing.work += found.iterations
        links = self._problem.links
        prices = np.zeros(links) if found.row_dual is None else found.row_dual[len(found.row_dual) - links :]
        if found.termination in {Termination.OPTIMAL, Termination.INFEASIBLE}:
            standing.prove(found.bound, "relaxation")
        if found.x is not None:
            standing.offer(found.x, "relaxation")
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
        """Ask the blocks until the gap is closed, the prices are the best there are, or they move no more."""
        standing, generation = self._standing, self._generation
        bounds: list[float] = []
        while generation is not None and not standing.over and generation.rounds < self._limits.rounds:
            tolerance = 0.05 * max(standing.target, 1e-9)
            share = 0.25 * standing.target / len(self._problem.blocks)
            limits = standing.allow(nodes=self._limits.block_nodes, absolute_gap=max(share, 1e-9))
            work = generation.work
            if not generation.step(tolerance=tolerance, limits=limits, master_limits=standing.allow()):
                break
            standing.work += generation.work - work
            if generation.best is not None:
                standing.prove(generation.best.bound, "prices")
            bounds.append(standing.bound)
            if generation.rounds & (generation.rounds - 1) == 0:
                self._mix()
            if len(bounds) > STALLED:
                left = max(standing.bound - standing.value, standing.target)
                if bounds[-1 - STALLED] - standing.bound < 0.02 * left:
                    break
        self._mix()

    def _mix(self) -> None:
        """Make plans of the proposals: the best whole mix, and what a solver makes of the undecided columns."""
        standing, generation = self._standing, self._generation
        if generation is None or standing.over:
            return
        penalty = 10.0 * float(np.abs(generation.centre).max(initial=0.0)) + 1.0
        whole = generation.master.whole(limits=standing.allow(nodes=MIX_NODES, gap=self._limits.gap), penalty=penalty)
        if whole is not None and not standing.offer(whole.x, "mix"):
            free = of_blocks(self._problem, np.zeros(0, dtype=np.int32))
            self._near(whole.x, free, "mix")
        if generation.mix is not None and not standing.over:
            self._near(generation.mix.x, undecided(generation.mix.x), "undecided")

    def _near(self, x: Floats, free: Bools, engine: str) -> Solution:
        standing = self._standing
        limits = standing.allow(nodes=SUB_NODES, absolute_gap=max(0.2 * standing.target, 1e-9))
        found = self._whole.near(x, free, limits=limits, start=standing.x)
        standing.work += found.iterations + found.nodes
        standing.offer(found.x, engine)
        return found

    def _search_near(self) -> None:
        """Search neighbourhoods of the plan; more blocks after one that was decided, fewer after one that was not."""
        standing, generation, blocks = self._standing, self._generation, len(self._problem.blocks)
        if standing.x is None or generation is None or generation.best is None:
            return
        size, failures = max(2, blocks // 8), 0
        for turn in range(self._limits.passes):
            if standing.over or failures >= 8:
                return
            if turn % 8 == 0 and generation.mix is not None:
                free = disputed(generation.mix.x, standing.x)
            else:
                lost = losses(self._problem, generation.best, standing.x)
                free = of_blocks(self._problem, draw_blocks(lost, size, self._rng))
            value = standing.value
            found = self._near(standing.x, free, "neighbourhood")
            failures = 0 if standing.value > value else failures + 1
            if found.termination is Termination.OPTIMAL:
                size = min(blocks, size + max(1, size // 4))
            else:
                size = max(2, size - max(1, size // 4))

    def _try_core(self, nodes: int) -> None:
        """Fix what nothing better can have otherwise, and let a solver decide the rest."""
        standing, generation = self._standing, self._generation
        known = generation is not None and any(isinstance(oracle, KnapsackOracle) for oracle in self._oracles)
        if standing.over or not known or standing.x is None or generation is None or generation.best is None:
            return
        beyond = standing.value + max(0.9 * standing.step, 0.9 * standing.target, 1e-9 * abs(standing.value))
        core = core_of(self._problem, self._oracles, generation.best, beyond)
        limits = standing.allow(nodes=nodes)
        found = self._monolith.within(core.lower, core.upper, limits=limits, start=standing.x)
        self._count(found)
        standing.offer(found.x, "core")
        standing.prove(max(found.bound, beyond, standing.value), "core")

    def _try_whole(self, nodes: int) -> None:
        standing = self._standing
        if standing.over:
            return
        program = self._whole.program
        limits = standing.allow(nodes=nodes, gap=0.5 * self._limits.gap)
        found = self._monolith.within(program.lower, program.upper, limits=limits, start=standing.x)
        self._count(found)
        standing.offer(found.x, "monolith")
        standing.prove(found.bound, "monolith")

    def _count(self, found: Solution) -> None:
        self._spent += max(found.nodes, 1)
        self._standing.work += found.iterations + found.nodes

    def _result(self) -> BlockResult:
        standing, generation = self._standing, self._generation
        best = None if generation is None else generation.best
        if standing.bound == -np.inf:
            stop = Stop.INFEASIBLE
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
            rounds=0 if generation is None else generation.rounds,
            work=standing.work,
            history=tuple(standing.history),
            reproducible=not standing.late,
        )
