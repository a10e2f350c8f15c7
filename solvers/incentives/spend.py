"""The exact answer to a partner's budget problem: branch and bound over ranges of rebate tiers, in whole numbers.

A node keeps every scope in a range of tiers and bounds it by one cheapest flow (`tiers`, `relaxation`). The best open
node is split where its relaxation claims most money back that the tiers truly reached do not pay: below the next
threshold, and from it on. Every node's spending is a plan of its own, so the best of them is the incumbent. The answer
carries the multipliers of all final nodes; `verify.budget_bound` recomputes the bound from them and the data.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits, Termination
from solvers.incentives.budget import BASIS, BudgetInstance
from solvers.incentives.leaves import Leaf, bound_of, own_limit
from solvers.incentives.relaxation import Relaxed, relax
from solvers.incentives.tension import Source, arc_name, worth
from solvers.incentives.tiers import Scope, Stage, TieredTension, Tiers, tiered


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BudgetAnswer:
    """``spend`` float64 [T] per period, None where hard limits clash; ``value`` what it is worth, ``bound`` proved.

    ``tier`` is what each scope reaches; ``leaves`` prove the bound; ``conflict`` names limits that clash, of which none
    can be left out unless our own budget is among them. Value and bound are exact until rounded to the nearest float.
    """

    termination: Termination
    spend: Floats | None
    value: float
    bound: float
    tier: Tiers
    leaves: tuple[Leaf, ...]
    conflict: tuple[str, ...]
    nodes: int


@dataclass(slots=True)
class _Node:
    """A range of tiers per scope that may hold something better, what bounds it and the spending that does."""

    bound: Fraction
    leaf: Leaf
    found: Relaxed


@dataclass(slots=True)
class _Search:
    """The problem, its open and final nodes, and the best spending found."""

    tension: TieredTension
    own_budget: int | None
    open: list[tuple[Fraction, int, _Node]] = field(default_factory=list)
    final: list[Leaf] = field(default_factory=list)
    best: tuple[Fraction, list[int], int] | None = None
    exact_to: Fraction | None = None  # bound of nodes of one choice of tiers whose numbers are too large to close
    nodes: int = 0

    @property
    def bound(self) -> Fraction | None:
        """What no open node exceeds."""
        return -self.open[0][0] if self.open else None

    def add(self, low: Tiers, high: Tiers) -> None:
        """Bound a node, and keep it open unless hard limits refute it."""
        tension = self.tension.within(low, high)
        found = relax(tension, self.own_budget)
        leaf = Leaf(low=low, high=high, multipliers=found.multipliers)
        self.nodes += 1
        bound = bound_of(tension, leaf, self.own_budget)
        if found.potential is None or bound is None:
            self.final.append(leaf)
            return
        value = Fraction(self._worth(found.potential, found.parts), found.parts)
        if self.best is None or value > self.best[0]:
            self.best = value, found.potential, found.parts
        heapq.heappush(self.open, (-bound, self.nodes, _Node(bound, leaf, found)))

    def split(self, node: _Node) -> None:
        """Split a node at the scope whose relaxation claims most, below and from its next threshold on."""
        leaf = node.leaf
        r, tier = self._widest(leaf, node.found)
        self.add(leaf.low, _with(leaf.high, r, tier))
        self.add(_with(leaf.low, r, tier + 1), leaf.high)

    def _worth(self, potential: list[int], parts: int) -> int:
        back = 0
        for scope in self.tension.scopes:
            tier = scope.tier_reached(potential[scope.last + 1] - potential[scope.first], parts)
            back += scope.rate[tier] * _cost(scope, potential)
        return worth(self.tension.plain, potential, parts) + back

    def _widest(self, leaf: Leaf, found: Relaxed) -> tuple[int, int]:
        """Return the scope and the tier to split after; one of several tiers is open somewhere."""
        potential, parts = found.potential or [], found.parts
        widest, chosen = None, (0, 0)
        for r, scope in enumerate(self.tension.scopes):
            low, high = leaf.low[r], leaf.high[r]
            if low == high:
                continue
            reached = scope.tier_reached(potential[scope.last + 1] - potential[scope.first], parts)
            exact = self.tension.stage(r, min(max(reached, low), high), min(max(reached, low), high))
            claim = _staged(self.tension.stage(r, low, high), scope, found) - _staged(exact, scope, found)
            if widest is None or claim > widest:
                widest, chosen = claim, (r, min(max(reached, low), high - 1))
        return chosen


def solve_budget(instance: BudgetInstance, *, limits: Limits = UNLIMITED) -> BudgetAnswer:
    """Solve exactly, or until ``limits.nodes`` nodes are bounded; no other limit counts.

    Raises InvalidProgram where worth, costs and penalties are too large for sums of them to stay exact in 64 bits.
    """
    search = _Search(tiered(instance), own_limit(instance))
    search.add(tuple(0 for _ in instance.rebates), search.tension.highest)
    allowed = math.inf if limits.nodes is None else limits.nodes
    while search.bound is not None and search.best is not None and search.bound > search.best[0]:
        if search.nodes >= allowed:
            break
        node = heapq.heappop(search.open)[2]
        if node.leaf.low == node.leaf.high:
            search.final.append(node.leaf)
            search.exact_to = max(search.exact_to or node.bound, node.bound)
        else:
            search.split(node)
    return _answer(instance, search)


def _answer(instance: BudgetInstance, search: _Search) -> BudgetAnswer:
    leaves = (*search.final, *(node.leaf for _, _, node in sorted(search.open, key=lambda entry: entry[1])))
    if search.best is None:
        return BudgetAnswer(
            termination=Termination.INFEASIBLE,
            spend=None,
            value=-math.inf,
            bound=-math.inf,
            tier=(),
            leaves=leaves,
            conflict=_conflict(instance, search),
            nodes=search.nodes,
        )
    value, potential, parts = search.best
    bound = max(each for each in (value, search.bound, search.exact_to) if each is not None)
    totals = ((potential[scope.last + 1] - potential[scope.first], scope) for scope in search.tension.scopes)
    return BudgetAnswer(
        termination=Termination.OPTIMAL if bound == value else Termination.LIMIT,
        spend=np.array([(end - start) / parts for start, end in itertools.pairwise(potential)]),
        value=float(value / BASIS),
        bound=float(bound / BASIS),
        tier=tuple(scope.tier_reached(total, parts) for total, scope in totals),
        leaves=leaves,
        conflict=(),
        nodes=search.nodes,
    )


def _conflict(instance: BudgetInstance, search: _Search) -> tuple[str, ...]:
    """Name the hard limits that the root's refutation rests on."""
    multipliers, arcs = search.final[0].multipliers, search.tension.plain.arcs
    used = np.flatnonzero((multipliers.flow[: len(arcs.tail)] > 0) & (arcs.source != Source.LEAST))
    names = [arc_name(instance, int(arcs.source[a]), int(arcs.index[a])) for a in used]
    return (*dict.fromkeys(names), *(("our own budget",) if multipliers.own else ()))


def _staged(stage: Stage, scope: Scope, found: Relaxed) -> int:
    """Return ``parts`` times what a scope is worth in a range of tiers, for the spending found."""
    potential, parts = found.potential or [], found.parts
    total = potential[scope.last + 1] - potential[scope.first]
    falls = zip(stage.arcs.bound.tolist(), stage.arcs.price.tolist(), stage.arcs.source.tolist(), strict=True)
    fallen: int = sum(fall * max(0, total - parts * at) for at, fall, source in falls if source == Source.TIER_PIECE)
    steps = zip(stage.slope.tolist(), potential[scope.first :], potential[scope.first + 1 :], strict=False)
    straight: int = sum(slope * (end - start) for slope, start, end in steps)
    return parts * stage.level + straight - fallen


def _cost(scope: Scope, potential: list[int]) -> int:
    steps = zip(scope.cost.tolist(), potential[scope.first :], potential[scope.first + 1 :], strict=False)
    return sum(cost * (end - start) for cost, start, end in steps)


def _with(tiers: Tiers, r: int, tier: int) -> Tiers:
    return (*tiers[:r], tier, *tiers[r + 1 :])
