"""The search for the tightest bound: whole rebate tiers best first, then prices that the agents answer.

The leaves of the search partition all combinations of whole choices. The bound of the whole is that of the worst leaf,
so only the worst leaf is ever worked on: it is split while its tiers are fractional, and priced once they are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from actors.allowance import Allowance
from actors.bounding import Multipliers, answered, checked_bound, multipliers, proved_bound
from actors.joint_problem import JointProblem
from actors.price_answers import MOST_PRICES, PriceAnswers
from actors.protocol import AgentNetwork, AskPrice, Priced, Reply
from actors.sparing import Aiming, in_groups, nothing_aimed_at, plants_of, weak_bounds
from planner.domain.plan_form import canonical_number
from solvers.coordination.choice_tree import Leaf, restrict, root_leaf, split
from solvers.coordination.price_box import Cut, PriceBox
from solvers.core.backend import Backend, Model, Restartable
from solvers.core.program import Floats
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.verify import sign_correct

PRICING_NODES = 50
"""Branch-and-bound nodes of one agent in one pricing round."""
PATIENCE = 3
"""Rounds in a row without a better bound after which the search ends."""
STEPS = 200
"""Most steps of one call, those included that cost no round."""
SOLVER_TOLERANCE = 1e-7
"""What solvers may miss rows and bounds by, relative to the bounds they claim."""
HOPE = 1.25
"""Agents are asked at the prices of an earlier plan if so many times what they gained there would be enough."""
WEAK = "multipliers of the relaxation"
"""Whose word a plant's part of a bound is where the plant was not asked."""


@dataclass(frozen=True, slots=True, eq=False)
class EarlierLeaf:
    """A leaf of an earlier plan with its multipliers; asking agents ``gained`` so much over its checked bound."""

    allowed: tuple[tuple[int, ...], ...]
    given: Multipliers
    gained: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LeafBound:
    """A leaf and what is known of it; ``proved`` is −inf where the solver found it infeasible."""

    leaf: Leaf
    given: Multipliers
    checked: float
    proved: float
    proved_by: Mapping[str, str] = field(default_factory=dict)


class BoundSearch:
    """The leaves of one planning run; with an aim, agents are asked no more than it takes."""

    def __init__(
        self,
        problem: JointProblem,
        network: AgentNetwork,
        relaxation: Model,
        *,
        backend: Backend,
        allowance: Allowance,
        aiming: Aiming = nothing_aimed_at,
    ) -> None:
        self._problem, self._network, self._relaxation = problem, network, relaxation
        self._backend, self._allowance, self._aiming = backend, allowance, aiming
        self._plants = plants_of(problem.blocks)
        self._choices = problem.assembly.choices
        self._boxes: dict[tuple[tuple[int, ...], ...], PriceBox] = {}
        self._unasked: dict[tuple[tuple[int, ...], ...], tuple[Floats, float]] = {}
        self._rounds = 0
        self._priced: list[tuple[Floats, set[tuple[tuple[int, ...], ...]]]] = []
        self._answers = PriceAnswers(problem.blocks, network)
        self._relaxed = False
        self._asked_at_home: set[tuple[tuple[int, ...], ...]] = set()
        self._carried: list[LeafBound] = []
        self.leaves: list[LeafBound] = []
        self._gained = 0.0

    def begin(self, root: Solution) -> None:
        """Start with one leaf, the relaxation with every choice open; what was proved before this stays proved."""
        self._carried = self.tightest
        self._boxes = {}
        self._asked_at_home.clear()
        self.leaves = [self._check(root_leaf(self._problem.assembly.program, self._choices, root))]

    def take_up(self, leaves: Sequence[EarlierLeaf]) -> None:
        """Start with the leaves of an earlier plan, bounded anew by its multipliers: no relaxation is solved."""
        bounded = [self._bounded(Leaf(known.allowed, np.inf, None, None), known.given) for known in leaves]
        self.leaves = [replace(leaf, proved=leaf.checked) for leaf in bounded]
        self._gained = max((known.gained for known in leaves), default=0.0)
        self._unasked = {
            known.allowed: (known.given.negotiated, known.gained)
            for known in leaves
            if known.given.negotiated is not None
        }

    @property
    def bound(self) -> float:
        """The proved bound of the whole: that of the worst leaf, +inf before the search began."""
        return worst_bound(self.tightest)

    @property
    def tightest(self) -> list[LeafBound]:
        """The leaves that prove it: those of the present search, or those of one before, which cover the same."""
        return min(self.leaves, self._carried, key=worst_bound)

    @property
    def worst(self) -> LeafBound:
        """The leaf with the largest proved bound, the first of equals."""
        return max(self.leaves, key=lambda leaf: leaf.proved)

    @property
    def most_promising(self) -> Floats | None:
        """The solution of the leaf whose relaxation is worth most, whatever prices proved; None without one."""
        found = [bound.leaf for bound in self.leaves if bound.leaf.x is not None]
        return max(found, key=lambda leaf: leaf.bound).x if found else None

    def choose_tiers(self, report: Callable[[], None], *, most: int) -> None:
        """Split the worst leaf, at most so many times, until its tiers are whole."""
        for _ in range(most):
            report()
            if self.bound == -np.inf or self.worst.leaf.whole(self._choices) or not self._allowance.step():
                return
            children = self._split(self.worst)
            if children is None:
                return
            self._replace(self.worst, children)

    def tighten(
        self,
        report: Callable[[], None],
        done: Callable[[], bool],
        *,
        rounds: int,
        relax: bool = True,
        hopeful: bool = False,
    ) -> None:
        """Lower the bound of the worst leaf until `PATIENCE` rounds of new prices in a row did not.

        At most so many ``rounds`` ask all agents at new prices, with ``hopeful`` only where what they gained of an
        earlier plan would be enough. Else only what costs less is done: prices at which other leaves were asked and,
        with ``relax``, relaxations.
        """
        idle, first = 0, self._rounds
        for _ in range(STEPS):
            if idle >= PATIENCE or self.bound == -np.inf or done() or not self._allowance.step():
                return
            worst, before = self.worst, self._rounds
            may_ask = self._rounds - first < rounds and (not hopeful or self._hopeful(worst, self._gained))
            better = self._better(worst, relax=relax, may_ask=may_ask)
            if better is None:
                return
            self._replace(worst, better)
            # What was proved before this search may be better: whether rounds gain shows at the present leaves.
            idle = 0 if worst_bound(self.leaves) < worst.proved else idle + self._rounds - before
            report()

    def _better(self, worst: LeafBound, *, relax: bool, may_ask: bool) -> Sequence[LeafBound] | None:
        """Return what is to stand in place of the worst leaf, None where there is nothing more to do about it."""
        prices, gained = self._unasked.pop(worst.leaf.allowed, (None, 0.0))
        if prices is not None and self._hopeful(worst, gained):
            return (self._asked_at(prices, worst),)
        for known, leaves in self._priced[::-1]:
            if worst.leaf.allowed not in leaves:
                return (self._asked_at(known, worst),)
        if not relax:
            return None
        if worst.leaf.x is None:
            return self._relax(worst)
        if not worst.leaf.whole(self._choices):
            return self._split(worst)
        return self._ask_agents(worst) if may_ask else None

    def _hopeful(self, leaf: LeafBound, gained: float) -> bool:
        """Tell whether agents may prove enough about a leaf where they gained so much of an earlier one."""
        aim = self._aiming()
        return aim is None or leaf.checked - HOPE * gained <= aim.enough

    def relax_whole(self) -> Solution:
        """Solve the relaxation with every choice open, also after leaves of an earlier plan restricted them."""
        if self._relaxed:
            upper = self._problem.assembly.program.upper
            restrict(
                self._relaxation,
                self._choices,
                [tuple(np.flatnonzero(upper[group] > 0).tolist()) for _, group in self._choices],
            )
        self._begin_near()
        return self._solve_relaxation()

    def _begin_near(self) -> None:
        """Let the relaxation begin where the multipliers of an earlier plan suggest, if there are any."""
        if self.leaves and not self._relaxed and isinstance(self._relaxation, Restartable):
            self._relaxation.begin_near(self._row_dual(self.worst.given))
        self._relaxed = True

    def _relax(self, known: LeafBound) -> tuple[LeafBound, ...] | None:
        """Solve the relaxation of a leaf of an earlier plan, whose multipliers gain no more."""
        restrict(self._relaxation, self._choices, known.leaf.allowed)
        self._begin_near()
        solution = self._solve_relaxation()
        if solution.termination is Termination.INFEASIBLE:
            return (replace(known, proved=-np.inf),)
        if solution.x is None or solution.objective is None:
            self._allowance.interrupted()
            return None
        # Its prices are a new place to ask from.
        self._boxes.pop(known.leaf.allowed, None)
        self._asked_at_home.discard(known.leaf.allowed)
        leaf = Leaf(known.leaf.allowed, solution.objective, solution.x, solution.row_dual)
        return (self._below(known, self._check(leaf)),)

    def _row_dual(self, given: Multipliers) -> Floats:
        """Return multipliers of all rows of the relaxation, 0 for those of segments."""
        blocks = self._problem.blocks
        own = [given.rows.get(block.name, np.zeros(block.program.rows.rows)) for block in blocks]
        return np.concatenate([*own, given.links])

    def _replace(self, leaf: LeafBound, better: Sequence[LeafBound]) -> None:
        place = self.leaves.index(leaf)
        self.leaves[place : place + 1] = better

    def _split(self, parent: LeafBound) -> tuple[LeafBound, ...] | None:
        children = split(parent.leaf, self._relaxation, self._choices, self._solve_relaxation)
        if children is None:
            self._allowance.interrupted()
            return None
        return tuple(self._below(parent, self._check(child)) for child in children)

    def _below(self, parent: LeafBound, child: LeafBound) -> LeafBound:
        """Return the child with no worse bounds than its parent, whose multipliers hold for it too."""
        if child.checked > parent.checked:
            child = self._bounded(child.leaf, parent.given)
        if child.proved <= parent.proved:
            return child
        return replace(child, proved=parent.proved, proved_by=parent.proved_by)

    def _solve_relaxation(self) -> Solution:
        return self._relaxation.solve(limits=Limits(seconds=self._allowance.seconds_left()), relaxed=True)

    def _check(self, leaf: Leaf) -> LeafBound:
        """Compute a leaf's checked bound from its multipliers and the segments' exact responses."""
        if leaf.row_dual is None:
            raise RuntimeError("a relaxation ended without multipliers; no bound can be given")
        return self._bounded(leaf, multipliers(leaf.row_dual, self._problem.blocks, self._problem.links))

    def _bounded(self, leaf: Leaf, given: Multipliers) -> LeafBound:
        blocks, links, allowed = self._problem.blocks, self._problem.links, self._allowed(leaf)
        segments = [name for name in self._network.names if name.startswith("segment:")]
        asked = self._answers.questions(segments, self._question(given.links, allowed))
        responses = answered(asked, self._answers.ask(asked))
        checked = checked_bound(blocks, links, given=given, allowed=allowed, responses=responses)
        return LeafBound(leaf, given, checked, checked if leaf.x is not None else -np.inf)

    def _ask_agents(self, worst: LeafBound) -> tuple[LeafBound, ...] | None:
        """Ask all agents at one vector of prices; None where no prices promise a better bound.

        A leaf is first asked at the prices of its own relaxation. Those of an earlier plan may have been better than
        nothing, and yet too far away for a box around them to reach the best ones.
        """
        links, leaf = self._problem.links, worst.leaf.allowed
        box = self._boxes.setdefault(leaf, PriceBox(links, worst.given.links))
        if leaf in self._asked_at_home:
            prices = box.propose(self._backend)
        else:
            self._asked_at_home.add(leaf)
            prices = worst.given.links
        if prices is None:
            return None
        self._rounds += 1
        # Rounded as they are written, so that whoever goes on from the plan can ask at the very same prices.
        prices = sign_correct(canonical_number(prices), links.lower, links.upper)
        return (self._asked_at(prices, worst),)

    def _asked_at(self, prices: Floats, worst: LeafBound) -> LeafBound:
        """Ask about a leaf at these prices; the same leaf object where that proves nothing better."""
        links, names = self._problem.links, self._network.names
        asked = self._answers.questions(names, self._question(prices, self._allowed(worst.leaf)))
        replies, weak = self._answers_to(asked, prices, worst)
        bound = self._with_tolerance(proved_bound(links, prices, asked, replies, weak))
        self._note(prices, worst.leaf)
        if bound < worst.proved:
            self._boxes.setdefault(worst.leaf.allowed, PriceBox(links, prices))
        box = self._boxes.get(worst.leaf.allowed)
        if box is not None:
            box.observe(prices, bound, cuts(replies))
        if bound >= worst.proved:
            return worst
        answers = {name: reply.proved_by for name, reply in replies.items() if isinstance(reply, Priced)}
        sources = {name: answers.get(name, WEAK) for name in asked if name in answers or name in weak}
        return LeafBound(worst.leaf, replace(worst.given, negotiated=prices), worst.checked, bound, sources)

    def _answers_to(
        self, asked: Mapping[str, AskPrice], prices: Floats, worst: LeafBound
    ) -> tuple[dict[str, Reply], dict[str, float]]:
        """Ask about a leaf; returns replies, and weak bounds of the plants where some plan says how much is enough."""
        aim = self._aiming()
        if aim is None:
            return self._answers.ask(asked), {}
        weak = weak_bounds(self._plants, worst.given, prices, self._allowed(worst.leaf))
        assembly = self._problem.assembly
        parts = {
            block.name: aim.plan[assembly.columns_of(b)]
            for b, block in enumerate(self._problem.blocks)
            if block.name in weak
        }
        replies = self._answers.ask({name: question for name, question in asked.items() if name not in weak})
        for group in in_groups(self._plants, parts, prices, weak):
            bound = proved_bound(self._problem.links, prices, asked, replies, weak)
            if self._with_tolerance(bound) <= aim.enough:
                break
            replies |= self._answers.ask({name: asked[name] for name in group})
        return replies, weak

    @staticmethod
    def _with_tolerance(bound: float) -> float:
        return bound + SOLVER_TOLERANCE * max(1.0, abs(bound))

    def _note(self, prices: Floats, leaf: Leaf) -> None:
        """Remember at which prices a leaf was asked: they cost the other leaves little."""
        for known, leaves in self._priced:
            if np.array_equal(known, prices):
                leaves.add(leaf.allowed)
                return
        self._priced = [*self._priced[1 - MOST_PRICES :], (prices, {leaf.allowed})]

    def _allowed(self, leaf: Leaf) -> dict[str, tuple[int, ...]]:
        return {name: options for (name, _), options in zip(self._choices, leaf.allowed, strict=True)}

    def _question(self, prices: Floats, allowed: Mapping[str, tuple[int, ...]]) -> AskPrice:
        return AskPrice(prices, allowed, PRICING_NODES, self._allowance.seconds_left())


def worst_bound(leaves: Sequence[LeafBound]) -> float:
    """Return the proved bound of a cover of all choices: that of its worst leaf, +inf for none."""
    return max((leaf.proved for leaf in leaves), default=np.inf)


def cuts(replies: Mapping[str, Reply]) -> tuple[Cut, ...]:
    """Return the proposals among the replies as cuts."""
    return tuple(
        Cut(name, reply.worth, reply.activity)
        for name, reply in replies.items()
        if isinstance(reply, Priced) and reply.worth is not None and reply.activity is not None
    )
