"""Proofs of budgets: multipliers per range of tiers, and the bound they give, recomputed in exact arithmetic."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.incentives.budget import BASIS, BudgetInstance
from solvers.incentives.tension import Tension, Wholes, priced


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Multipliers:
    """A flow of ``scale`` times the problem less ``own`` times our own money; it bounds, or with scale 0 refutes."""

    flow: Wholes
    own: int
    scale: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Leaf:
    """All spending with scope ``r`` in tiers ``low[r]..high[r]``, and what bounds or refutes it."""

    low: tuple[int, ...]
    high: tuple[int, ...]
    multipliers: Multipliers


def own_limit(instance: BudgetInstance) -> int | None:
    """Return our own budget in 1/BASIS, None where it has no limit."""
    return None if math.isinf(instance.own_budget) else BASIS * int(instance.own_budget)


def bound_of(tension: Tension, leaf: Leaf, own_budget: int | None) -> Fraction | None:
    """Return what no spending of a leaf is worth more than, in 1/BASIS, None where there is none at all.

    Raises InvalidProgram where the multipliers prove nothing: a flow outside its prices or not conserved.
    """
    proof = leaf.multipliers
    if proof.own < 0 or proof.scale < 0 or (proof.own > 0 and own_budget is None):
        raise InvalidProgram(f"tiers {leaf.low}..{leaf.high}: multipliers must not be negative, nor priced for no row")
    problem = priced(tension, multiplier=proof.own, scale=proof.scale)
    arcs, flow = problem.arcs, proof.flow
    if len(flow) != len(arcs.tail) or (flow < 0).any() or (flow > arcs.price).any():
        raise InvalidProgram(f"tiers {leaf.low}..{leaf.high}: a multiplier lies outside 0..price")
    net = np.zeros(len(problem.slope) + 1, dtype=np.int64)
    np.add.at(net, arcs.head, flow)
    np.subtract.at(net, arcs.tail, flow)
    if (net != problem.pull).any():
        raise InvalidProgram(f"tiers {leaf.low}..{leaf.high}: the multipliers do not add up to the objective")
    used = np.flatnonzero(flow)
    total = sum(map(mul, arcs.bound[used].tolist(), flow[used].tolist())) + proof.own * (own_budget or 0)
    if proof.scale > 0:
        return Fraction(total, proof.scale) + tension.constant
    if total >= 0:
        raise InvalidProgram(f"tiers {leaf.low}..{leaf.high}: the multipliers refute nothing")
    return None


def uncovered(leaves: Sequence[Leaf], highest: tuple[int, ...]) -> str | None:
    """Say which choices of tiers the leaves leave out or hold twice; None if they hold each exactly once."""
    for one, other in itertools.combinations(leaves, 2):
        if all(max(a, c) <= min(b, d) for a, b, c, d in zip(one.low, one.high, other.low, other.high, strict=True)):
            return f"tiers {one.low}..{one.high} and {other.low}..{other.high} overlap"
    inside = all(
        0 <= low <= high <= top for leaf in leaves for low, high, top in zip(leaf.low, leaf.high, highest, strict=True)
    )
    held = sum(math.prod(b - a + 1 for a, b in zip(leaf.low, leaf.high, strict=True)) for leaf in leaves)
    wanted = math.prod(top + 1 for top in highest)
    return None if inside and held == wanted else f"{held} of {wanted} choices of tiers are bounded"
