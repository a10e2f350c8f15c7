"""The coordinator: reconciles the agents under the linking rows, with a bound it can prove and a plan it can show.

:meth:`Coordinator.plan` reads as the algorithm's table of contents:

1. every agent formulates its block, the blocks are joined into one relaxation;
2. the relaxation is solved, and its set-ups and largest tiers give a first plan, so that a short deadline has one;
   whole rebate tiers are chosen best first, and each leaf's multipliers give a checked bound;
3. agents answer the leaf's prices with their own dual bounds, prices move inside a trust region;
4. slope scaling finds set-ups, segments make offers whole, a linear program polishes the rest;
5. where the problem is small, the monolith settles it.

Steps are counted, replies are read in the order of the agents' names, and no decision looks at a clock, so the same
scenario, seed and work limit give the same plan wherever the agents live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from actors.allowance import Allowance
from actors.bounding import Multipliers, checked_bound, multipliers, proved_bound
from actors.candidate import Candidate, Polisher
from actors.conflict import Conflict, find_conflict
from actors.formulate.links import LinkMap, clause_of
from actors.formulate.problem import Around, Surroundings, totals
from actors.protocol import AgentNetwork, AskPrice, Formulate, Formulated, Priced, Survey, Surveyed
from planner.domain.gap import relative_gap
from solvers.coordination.choice_tree import Leaf, restrict, root_leaf, split
from solvers.coordination.price_box import Cut, PriceBox
from solvers.core.backend import Backend, Model
from solvers.core.program import Floats, Ints
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.assembly import Assembly, assemble
from solvers.network.block import Block
from solvers.network.slope_scaling import SlopeScaling, in_use
from solvers.network.verify import sign_correct

PRICING_NODES = 200
"""Branch-and-bound nodes of one agent in one pricing round."""
MONOLITH_COLUMNS = 400
"""Up to this many binary columns the problem is also given to the solver as a whole."""
MONOLITH_NODES = 20_000
REPAIR_NODES = 500
"""Branch-and-bound nodes spent on choosing among set-ups that cannot all be used."""
SOLVER_TOLERANCE = 1e-7
"""What solvers may miss rows and bounds by, relative to the bounds they claim."""
CYCLE = 3
"""Slope-scaling passes from one fixed plan to the next."""
ROUNDS = 60
"""Most pricing rounds once plans have been searched."""
PATIENCE = 4
"""Cycles without a better plan, and rounds without a better bound, after which a search ends."""
FIRST_SPLITS = 12
"""Most splits into whole tiers before plans are searched."""

Observe = Callable[[str, float | None, float | None], None]


@dataclass(frozen=True, slots=True, eq=False)
class LeafBound:
    """A leaf of the search over whole choices and what is known of it."""

    leaf: Leaf
    given: Multipliers
    checked: float
    proved: float
    proved_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Reconciled:
    """What coordination found: the best complete solution, the leaves with their bounds, and why it ended."""

    assembly: Assembly
    blocks: tuple[Block, ...]
    around: Surroundings
    candidate: Candidate | None
    leaves: tuple[LeafBound, ...]
    bound_proved: float
    proved_by: Mapping[str, object]
    stopped_by: str
    steps: int
    conflict: Conflict | None = None


class Coordinator:
    """One planning run over a network of agents."""

    def __init__(
        self, network: AgentNetwork, around: Around, backend: Backend, *, allowance: Allowance, observe: Observe
    ) -> None:
        self._network, self._around, self._backend = network, around, backend
        self._allowance, self._observe = allowance, observe
        self._best: Candidate | None = None
        self._leaves: list[LeafBound] = []
        self._whole_bound = np.inf
        self._proved_by: dict[str, object] = {}
        self._models: list[Model] = []
        self._boxes: dict[tuple[tuple[int, ...], ...], PriceBox] = {}

    def plan(self, segments: Sequence[str], *, gap: float) -> Reconciled:
        """Plan until the gap, a limit or the end of ideas; ``segments`` names the segments in table order."""
        self._gap = gap
        self._join(segments)
        root = self._relax()
        if root is None:
            return self._result()
        if root.termination is Termination.INFEASIBLE:
            return self._infeasible(relaxed=True)
        self._plan_early(root)
        self._choose_tiers(root)
        if self._small() and not self._allowance.stopped_by and self._solve_whole(gap):
            return self._infeasible(relaxed=False)
        if not self._done(gap):
            self._negotiate(gap, most=1)
        if not self._done(gap):
            self._search_plan(gap)
        if not self._done(gap):
            self._negotiate(gap, most=ROUNDS)
        if self._best is None and not self._small() and not self._done(gap) and self._solve_whole(gap):
            return self._infeasible(relaxed=False)
        return self._result()

    def interrupt(self) -> None:
        """Ask, from another thread, the solve under way to stop."""
        if self._backend.capabilities.interrupt:
            for model in self._models:
                model.interrupt()

    # --- the problem -----------------------------------------------------------------------------------------------

    def _join(self, segments: Sequence[str]) -> None:
        self._observe("formulating", None, None)
        surveyed = self._network.ask({f"segment:{name}": Survey() for name in segments})
        replies = {name: reply for name, reply in surveyed.items() if isinstance(reply, Surveyed)}
        potentials = {name.removeprefix("segment:"): reply.potential for name, reply in replies.items()}
        total = totals(potentials, tuple(reply.eligible for reply in replies.values()))
        self._surroundings = self._around(total)
        formulated = self._network.ask({name: Formulate(total) for name in self._network.names})
        self._blocks = tuple(reply.block for reply in formulated.values() if isinstance(reply, Formulated))
        self._links: LinkMap = self._surroundings.links
        self._assembly = assemble(self._blocks, self._links.links)
        self._relaxation: Model = self._backend.load(self._assembly.program)
        self._models = [self._relaxation]
        floors = hard_reward_floors(self._surroundings, self._blocks, self._assembly)
        self._polisher = Polisher(self._assembly, self._backend, self._network, floors)
        self._models.append(self._polisher.model)

    def _relax(self) -> Solution | None:
        self._observe("relaxing", None, None)
        if not self._allowance.step():
            return None
        solution = self._solve_relaxation()
        if solution.termination in {Termination.LIMIT, Termination.INTERRUPTED}:
            self._allowance.interrupted()
            return None
        return solution

    def _solve_relaxation(self) -> Solution:
        return self._relaxation.solve(limits=self._limits(), relaxed=True)

    def _limits(self) -> Limits:
        return Limits(seconds=self._allowance.seconds_left())

    # --- bounds ----------------------------------------------------------------------------------------------------

    def _choose_tiers(self, root: Solution) -> None:
        """Split the worst leaf until its tiers are whole."""
        self._proved_by = {"checked": "duals of the relaxation and exact best response of every customer"}
        self._leaves = [self._check(root_leaf(self._assembly.program, self._assembly.choices, root))]
        self._report("choosing tiers")
        for _ in range(FIRST_SPLITS):
            place = self._worst()
            worst = self._leaves[place].leaf
            if worst.whole(self._assembly.choices) or not self._allowance.step():
                return
            children = self._split(worst)
            if children is None:
                return
            self._leaves[place : place + 1] = children
            self._report("choosing tiers")

    def _split(self, leaf: Leaf) -> tuple[LeafBound, ...] | None:
        children = split(leaf, self._relaxation, self._assembly.choices, self._solve_relaxation)
        if children is None:
            self._allowance.interrupted()
            return None
        return tuple(self._check(child) for child in children)

    def _worst(self) -> int:
        return max(range(len(self._leaves)), key=lambda i: self._leaves[i].proved)

    def _check(self, leaf: Leaf) -> LeafBound:
        """Compute a leaf's checked bound from its multipliers and the segments' exact responses."""
        if leaf.row_dual is None:
            raise RuntimeError("a relaxation ended without multipliers; no bound can be given")
        given = multipliers(leaf.row_dual, self._blocks, self._links.links)
        allowed = self._allowed(leaf)
        segments = [name for name in self._network.names if name.startswith("segment:")]
        replies = self._price(segments, given.links, allowed)
        responses = {name: reply.bound for name, reply in replies.items()}
        checked = checked_bound(self._blocks, self._links.links, given=given, allowed=allowed, responses=responses)
        return LeafBound(leaf, given, checked, checked)

    def _allowed(self, leaf: Leaf) -> dict[str, tuple[int, ...]]:
        return {name: options for (name, _), options in zip(self._assembly.choices, leaf.allowed, strict=True)}

    def _price(self, names: Sequence[str], prices: Floats, allowed: Mapping[str, tuple[int, ...]]) -> dict[str, Priced]:
        message = AskPrice(prices, allowed, PRICING_NODES, self._allowance.seconds_left())
        replies = self._network.ask(dict.fromkeys(names, message))
        return {name: reply for name, reply in replies.items() if isinstance(reply, Priced)}

    def _negotiate(self, gap: float, *, most: int) -> None:
        """Lower the bound of the worst leaf, at most so many times, until it stops falling.

        A leaf with fractional tiers is split; agents are asked at prices near the multipliers of a whole one.
        """
        idle = 0
        for _ in range(most):
            if idle >= PATIENCE or self._done(gap) or not self._allowance.step():
                return
            place = self._worst()
            worst = self._leaves[place]
            whole = worst.leaf.whole(self._assembly.choices)
            better = self._ask_agents(worst) if whole else self._split(worst.leaf)
            if better is None:
                return
            self._leaves[place : place + 1] = better
            idle = 0 if max(leaf.proved for leaf in better) < worst.proved else idle + 1
            self._report("negotiating prices")

    def _ask_agents(self, worst: LeafBound) -> tuple[LeafBound, ...] | None:
        """Ask all agents at one vector of prices; None where no prices promise a better bound."""
        box = self._boxes.setdefault(worst.leaf.allowed, PriceBox(self._links.links, worst.given.links))
        prices = box.centre if not np.isfinite(box.bound) else box.propose(self._backend)
        if prices is None:
            return None
        prices = sign_correct(prices, self._links.links.lower, self._links.links.upper)
        replies = self._price(self._network.names, prices, self._allowed(worst.leaf))
        bound = proved_bound(self._links.links, prices, replies)
        bound += SOLVER_TOLERANCE * max(1.0, abs(bound))
        box.observe(prices, bound, cuts(replies))
        if bound >= worst.proved:
            return (worst,)
        sources = {name: reply.proved_by for name, reply in replies.items()}
        return (LeafBound(worst.leaf, worst.given, worst.checked, bound, sources),)

    # --- plans -----------------------------------------------------------------------------------------------------

    def _plan_early(self, root: Solution) -> None:
        """Make a first plan of the relaxation as it stands."""
        if root.x is None or self._small() or not self._allowance.step():
            return
        fixed = self._fixed_plan(root.x, middle_choice_of(root.x, self._assembly.choices))
        if fixed is not None:
            self._consider(self._polisher.complete(fixed, self._limits()))

    def _small(self) -> bool:
        return int(self._assembly.program.integer.sum()) <= MONOLITH_COLUMNS

    def _search_plan(self, gap: float) -> None:
        """Alternate slope scaling and fixed plans on the leaf with the best relaxation."""
        leaf = max((b.leaf for b in self._leaves if b.leaf.x is not None), key=lambda leaf: leaf.bound)
        if leaf.x is None:
            return
        tiers = whole_choice(leaf, self._assembly.choices)
        restrict(self._relaxation, self._assembly.choices, tiers)
        scaling = SlopeScaling(self._assembly)
        try:
            self._scale_slopes(scaling, leaf.x, tiers, gap)
        finally:
            scaling.uncharge(self._relaxation)

    def _scale_slopes(self, scaling: SlopeScaling, x: Floats, tiers: Sequence[tuple[int, ...]], gap: float) -> None:
        idle, promise = 0, -np.inf
        while idle < PATIENCE and not self._done(gap) and self._allowance.step():
            fixed = self._fixed_plan(x, tiers)
            quantity = scaling.quantities(x)
            idle += 1
            if fixed is not None and fixed.objective is not None and fixed.x is not None:
                quantity = scaling.quantities(fixed.x)
                if fixed.objective > promise + 1e-5 * abs(promise) or promise == -np.inf:
                    idle = 0
                if fixed.objective > promise:
                    promise = fixed.objective
                    self._consider(self._polisher.complete(fixed, self._limits()))
            for _ in range(CYCLE):
                if not self._allowance.step():
                    return
                scaling.charge(self._relaxation, quantity)
                solution = self._solve_relaxation()
                if solution.x is None or solution.termination is not Termination.OPTIMAL:
                    self._allowance.interrupted()
                    return
                x, quantity = solution.x, scaling.quantities(solution.x)
            self._report("searching plans")

    def _fixed_plan(self, x: Floats, tiers: Sequence[tuple[int, ...]]) -> Solution | None:
        """Solve with the set-ups a solution uses; where smallest lots forbid that, with the best of them."""
        used = in_use(self._assembly, x)
        self._polisher.fix(used, tiers)
        solution = self._polisher.solve(self._limits())
        if solution.termination is Termination.INFEASIBLE:
            solution = self._polisher.choose(used, Limits(nodes=REPAIR_NODES, seconds=self._allowance.seconds_left()))
        if solution.x is None and solution.termination in {Termination.LIMIT, Termination.INTERRUPTED}:
            if self._allowance.seconds_left() is None and self._allowance.time_limit is not None:
                self._allowance.interrupted()
            return None
        return solution if solution.x is not None else None

    def _solve_whole(self, gap: float) -> bool:
        """Give the whole problem to the solver; returns whether it proved that there is no plan."""
        self._observe("solving the whole", self._value(), self.bound())
        if not self._allowance.step():
            return False
        model = self._backend.load(self._assembly.program)
        self._models.append(model)
        seconds = self._allowance.seconds_left()
        solution = model.solve(limits=Limits(nodes=MONOLITH_NODES, gap=min(gap, 1e-6), seconds=seconds))
        if solution.termination is Termination.INFEASIBLE:
            return True
        if solution.termination is Termination.INTERRUPTED or self._allowance.seconds_left() is None is not seconds:
            self._allowance.interrupted()
        # A bound holds for the rows as the solver keeps them, within its tolerance.
        self._whole_bound = solution.bound + SOLVER_TOLERANCE * max(1.0, abs(solution.bound))
        self._proved_by["whole"] = f"{self._backend.name} branch and bound on the whole problem"
        if solution.x is not None:
            tiers = whole_choice_of(solution.x, self._assembly.choices)
            self._polisher.fix(solution.x[self._assembly.setups.setup] > 0.5, tiers)
            self._consider(self._polisher.complete(solution, self._limits()))
        self._report("solving the whole")
        return False

    def _consider(self, candidate: Candidate | None) -> None:
        if candidate is not None and (self._best is None or candidate.value > self._best.value):
            self._best = candidate

    # --- the end ---------------------------------------------------------------------------------------------------

    def bound(self) -> float | None:
        """Return the best proved bound so far."""
        leaves = max((leaf.proved for leaf in self._leaves), default=np.inf)
        bound = min(leaves, self._whole_bound)
        return float(bound) if np.isfinite(bound) else None

    def _value(self) -> float | None:
        return None if self._best is None else self._best.value

    def _report(self, phase: str) -> None:
        self._observe(phase, self._value(), self.bound())

    def _done(self, gap: float) -> bool:
        value, bound = self._value(), self.bound()
        reached = value is not None and bound is not None and relative_gap(value, bound) <= gap
        return reached or self._allowance.stopped_by is not None

    def _infeasible(self, *, relaxed: bool) -> Reconciled:
        self._observe("explaining infeasibility", None, None)
        conflict = find_conflict(
            self._surroundings, self._blocks, self._assembly, backend=self._backend, relaxed=relaxed
        )
        return self._result(conflict)

    def _result(self, conflict: Conflict | None = None) -> Reconciled:
        bound = self.bound()
        stopped = self._allowance.stopped_by
        if stopped is None:
            reached = self._best is not None and bound is not None and self._done(self._gap)
            stopped = "infeasible" if conflict is not None else "gap" if reached else "exhausted"
        return Reconciled(
            assembly=self._assembly,
            blocks=self._blocks,
            around=self._surroundings,
            candidate=self._best,
            leaves=tuple(self._leaves),
            bound_proved=np.inf if bound is None else bound,
            proved_by=self._proved_by,
            stopped_by=stopped,
            steps=self._allowance.steps,
            conflict=conflict,
        )


def cuts(replies: Mapping[str, Priced]) -> tuple[Cut, ...]:
    """Return the proposals among the replies as cuts."""
    return tuple(
        Cut(name, reply.worth, reply.activity)
        for name, reply in replies.items()
        if reply.worth is not None and reply.activity is not None
    )


def whole_choice(leaf: Leaf, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the one the leaf's relaxation chose most of."""
    if leaf.x is None:
        raise ValueError("an infeasible leaf chooses nothing")
    return whole_choice_of(leaf.x, choices)


def whole_choice_of(x: Floats, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the one with the largest value."""
    return tuple((int(np.argmax(x[group])),) for _, group in choices)


def middle_choice_of(x: Floats, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the mean position of the shares, rounded down so that no tier is promised early."""
    return tuple((int(np.clip(x[group] @ np.arange(len(group)) + 1e-6, 0, len(group) - 1)),) for _, group in choices)


def hard_reward_floors(around: Surroundings, blocks: Sequence[Block], assembly: Assembly) -> Ints:
    """Return rows of the assembly in which a hard clause asks for a minimum of what offers do."""
    hard = {clause.id for clause in around.scenario.clauses if clause.penalty is None}
    labels = [(block.rows, start) for block, start in zip(blocks, assembly.row_start, strict=False)]
    labels.append((around.links.links.labels, assembly.row_start[-1]))
    rows = [
        int(start) + i
        for part, start in labels
        for i, (kind, key) in enumerate(zip(part.kind, part.key, strict=True))
        if kind in {"budget", "reward_floor"} and clause_of(key) in hard
    ]
    found = np.array(rows, dtype=np.int32)
    return found[np.isfinite(assembly.program.row_lower[found])]
