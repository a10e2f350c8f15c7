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
from solvers.incentives.tension import Tension, arc_name, tension_without_rebates, worth
from solvers.incentives.tiers import Scope, scopes_of, tension_in_tiers

Tiers = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BudgetAnswer:
    """``spend`` float64 [T] per period, None where hard limits clash; ``value`` what it is worth, ``bound`` proved.

    ``tier`` is what each scope reaches; ``leaves`` prove the bound; ``conflict`` names limits that clash: none of them
    can be left out. Value and bound are exact before they are rounded to the nearest float.
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
class _Search:
    """The problem, its open and final nodes, and the best spending found."""

    instance: BudgetInstance
    base: Tension
    scopes: tuple[Scope, ...]
    own_budget: int | None
    open: list[tuple[Fraction, int, Leaf, Relaxed]] = field(default_factory=list)
    final: list[Leaf] = field(default_factory=list)
    best: tuple[Fraction, list[int], int] | None = None
    nodes: int = 0

    def add(self, low: Tiers, high: Tiers) -> None:
        """Bound a node, and keep it open if it can hold something better."""
        tension = tension_in_tiers(self.base, self.scopes, low, high)
        found = relax(tension, self.own_budget)
        leaf = Leaf(low=low, high=high, multipliers=found.multipliers)
        self.nodes += 1
        if found.potential is None:
            self.final.append(leaf)
            return
        value = Fraction(self._worth(found.potential, found.parts), found.parts)
        if self.best is None or value > self.best[0]:
            self.best = value, found.potential, found.parts
        bound = bound_of(tension, leaf, self.own_budget)
        if bound is None:
            raise AssertionError("a node with a spending of its own cannot be refuted")
        heapq.heappush(self.open, (-bound, self.nodes, leaf, found))

    def split(self, leaf: Leaf, found: Relaxed) -> None:
        """Split a node at the scope whose relaxation claims most, below and from its next threshold on."""
        r, tier = self._widest(leaf, found)
        self.add(leaf.low, _with(leaf.high, r, tier))
        self.add(_with(leaf.low, r, tier + 1), leaf.high)

    def _worth(self, potential: list[int], parts: int) -> int:
        back = 0
        for scope in self.scopes:
            tier = scope.tier_reached(potential[scope.last + 1] - potential[scope.first], parts)
            back += scope.rate[tier] * _cost(scope, potential)
        return worth(self.base, potential, parts) + back

    def _widest(self, leaf: Leaf, found: Relaxed) -> tuple[int, int]:
        if found.potential is None:
            raise AssertionError("a refuted node is never split")
        widest, chosen = -1, (0, 0)
        for r, scope in enumerate(self.scopes):
            if leaf.low[r] == leaf.high[r]:
                continue
            reached = scope.tier_reached(found.potential[scope.last + 1] - found.potential[scope.first], found.parts)
            tier = min(max(reached, leaf.low[r]), leaf.high[r] - 1)
            claim = (scope.rate[leaf.high[r]] - scope.rate[tier]) * _cost(scope, found.potential)
            if claim > widest:
                widest, chosen = claim, (r, tier)
        return chosen


def solve_budget(instance: BudgetInstance, *, limits: Limits = UNLIMITED) -> BudgetAnswer:
    """Solve exactly, or until ``limits.nodes`` nodes are bounded; no other limit counts. Never fails on valid data."""
    scopes = scopes_of(instance)
    search = _Search(instance, tension_without_rebates(instance), scopes, own_limit(instance))
    search.add(tuple(0 for _ in scopes), tuple(scope.highest for scope in scopes))
    cap = math.inf if limits.nodes is None else limits.nodes
    while search.open and search.best is not None and -search.open[0][0] > search.best[0]:
        _, _, leaf, found = heapq.heappop(search.open)
        if search.nodes >= cap or leaf.low == leaf.high:
            search.final.append(leaf)  # a single choice of tiers is as good as its numbers are exact
            if search.nodes >= cap:
                break
            continue
        search.split(leaf, found)
    return _answer(search)


def _answer(search: _Search) -> BudgetAnswer:
    leaves = (*search.final, *(entry[2] for entry in sorted(search.open, key=lambda entry: entry[1])))
    if search.best is None:
        return BudgetAnswer(
            termination=Termination.INFEASIBLE,
            spend=None,
            value=-math.inf,
            bound=-math.inf,
            tier=(),
            leaves=leaves,
            conflict=_conflict(search),
            nodes=search.nodes,
        )
    value, potential, parts = search.best
    bounds = [_bound(search, leaf) for leaf in leaves]
    bound = max([value, *(each for each in bounds if each is not None)])
    spend = np.array([(end - start) / parts for start, end in itertools.pairwise(potential)])
    reached = (scope.tier_reached(potential[scope.last + 1] - potential[scope.first], parts) for scope in search.scopes)
    return BudgetAnswer(
        termination=Termination.OPTIMAL if bound == value else Termination.LIMIT,
        spend=spend,
        value=float(value / BASIS),
        bound=float(bound / BASIS),
        tier=tuple(reached),
        leaves=leaves,
        conflict=(),
        nodes=search.nodes,
    )


def _bound(search: _Search, leaf: Leaf) -> Fraction | None:
    return bound_of(tension_in_tiers(search.base, search.scopes, leaf.low, leaf.high), leaf, search.own_budget)


def _conflict(search: _Search) -> tuple[str, ...]:
    """Name the hard limits that the root's refutation rests on."""
    multipliers, arcs = search.final[0].multipliers, search.base.arcs
    used = [a for a in np.flatnonzero(multipliers.flow[: len(arcs.tail)]).tolist() if arcs.bound[a] != 0]
    names = [arc_name(search.instance, int(arcs.source[a]), int(arcs.index[a])) for a in used]
    return (*dict.fromkeys(names), *(("our own budget",) if multipliers.own else ()))


def _cost(scope: Scope, potential: list[int]) -> int:
    steps = zip(scope.cost.tolist(), potential[scope.first :], potential[scope.first + 1 :], strict=False)
    return sum(cost * (end - start) for cost, start, end in steps)


def _with(tiers: Tiers, r: int, tier: int) -> Tiers:
    return (*tiers[:r], tier, *tiers[r + 1 :])
