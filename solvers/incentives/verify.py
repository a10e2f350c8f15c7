"""Worth of given decisions, and bounds on the best ones, recomputed without a solver.

Bounds are exact rational numbers turned into the next float above; they are the optimum itself where the rows are
nested (a window in a horizon), and an upper bound where some had to be left out.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from operator import mul

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats
from solvers.incentives.budget import BASIS, BudgetInstance
from solvers.incentives.laminar import best_gain, nested_rows
from solvers.incentives.leaves import Leaf, bound_of, own_limit, uncovered
from solvers.incentives.purchase import PurchaseInstance
from solvers.incentives.release import ReleaseInstance
from solvers.incentives.rows import AmountRows
from solvers.incentives.tension import basis_points
from solvers.incentives.tiers import tiered

_ROUNDING = 1e-8  # of the amounts: what a solver may violate a hard row by
_SHORT = 1e-6  # what a solver may leave a tier's threshold short of


def release_value(instance: ReleaseInstance, amount: Floats) -> float:
    """Return the worth of amounts per window; -inf if a hard row is violated beyond rounding."""
    return float(instance.price @ amount) - _penalties(instance.rows, amount)


def release_bound(instance: ReleaseInstance) -> float:
    """Return an upper bound on the worth of any release; -inf if the hard rows cannot hold."""
    return _above(best_gain(_exact(instance.price), _exact(instance.most), _nested(instance.rows)))


def purchase_value(instance: PurchaseInstance, quantity: Floats) -> float:
    """Return the worth of quantities at the tiers they reach; -inf if a hard row is violated beyond rounding."""
    tier = instance.rebates.tier_reached(quantity)
    back = 0.0
    for r in np.flatnonzero(tier):
        bought = instance.rebates.member[r] * instance.cost * quantity
        back += float(instance.rebates.rate[r, tier[r] - 1]) * float(bought.sum())
    return float((instance.value - instance.cost) @ quantity) + back - _penalties(instance.rows, quantity)


def purchase_bound(instance: PurchaseInstance) -> float:
    """Return an upper bound on the worth of any purchase within the open tiers; -inf if none is possible.

    Every combination of tiers is tried, a tier being a hard row on its scope's total. Scopes that share no amount or
    row with others are tried by themselves, so the work grows with the largest group only.
    """
    total = Fraction(0)
    for items in _groups(instance):
        best = _group_bound(instance, items)
        if best is None:
            return -math.inf
        total += best
    return _above(total)


def _groups(instance: PurchaseInstance) -> list[list[int]]:
    """Split the items into groups that no row and no scope connects; rows without items stand with the first."""
    group = np.arange(len(instance.value))
    for member in itertools.chain(instance.rows.member, instance.rebates.member):
        touched = np.unique(group[member])
        if len(touched):
            group[np.isin(group, touched)] = touched[0]
    groups = [np.flatnonzero(group == g).tolist() for g in np.unique(group)]
    return groups or [[]]


def _group_bound(instance: PurchaseInstance, items: list[int]) -> Fraction | None:
    rebates, first = instance.rebates, not items or items[0] == 0
    inside = _touching(rebates.member, items, first=first)
    rows = _touching(instance.rows.member, items, first=first)
    value, cost, most = (_exact(array[items]) for array in (instance.value, instance.cost, instance.most))
    best: Fraction | None = None
    for tiers in itertools.product(*(np.flatnonzero(rebates.open_tier[r]).tolist() for r in inside)):
        rate = [Fraction(0)] * len(items)
        for r, tier in zip(inside, tiers, strict=True):
            for place in np.flatnonzero(rebates.member[r, items]) if tier else ():
                rate[place] += Fraction(float(rebates.rate[r, tier - 1]))
        gain = [v - c * (1 - back) for v, c, back in zip(value, cost, rate, strict=True)]
        found = best_gain(
            gain, most, _nested(_with_tiers(instance, items, rows, dict(zip(inside, tiers, strict=True))))
        )
        if found is not None and (best is None or found > best):
            best = found
    return best


def _touching(member: Bools, items: list[int], *, first: bool) -> list[int]:
    """Return the rows with one of the items, and for the ``first`` group those without any item at all."""
    touched = member[:, items].any(axis=1)
    return np.flatnonzero(touched | ~member.any(axis=1) if first else touched).tolist()


def _with_tiers(instance: PurchaseInstance, items: list[int], rows: list[int], tiers: dict[int, int]) -> AmountRows:
    """Return the rows of these items, and one hard row per scope for the tier it is in."""
    rebates, scopes, ceiling = instance.rebates, list(tiers), instance.rebates.ceiling()
    floor = [0.0 if tier == 0 else float(rebates.threshold[r, tier - 1]) for r, tier in tiers.items()]
    member = np.concatenate([instance.rows.member[rows], rebates.member[scopes]])[:, items]
    return AmountRows(
        member=member,
        lower=np.concatenate([instance.rows.lower[rows], floor]),
        upper=np.concatenate([instance.rows.upper[rows], [ceiling[r, tier] for r, tier in tiers.items()]]),
        penalty=np.concatenate([instance.rows.penalty[rows], np.full(len(scopes), np.inf)]),
    )


def _nested(rows: AmountRows) -> AmountRows:
    keep = sorted(set(nested_rows(rows.member)) | set(np.flatnonzero(~rows.member.any(axis=1)).tolist()))
    return AmountRows(
        member=rows.member[keep], lower=rows.lower[keep], upper=rows.upper[keep], penalty=rows.penalty[keep]
    )


def _penalties(rows: AmountRows, amount: Floats) -> float:
    violation = rows.violation(amount)
    hard = np.isinf(rows.penalty)
    if (violation[hard] > _ROUNDING * max(1.0, float(amount.sum()))).any():
        return math.inf
    return float(rows.penalty[~hard] @ violation[~hard])


def _exact(array: Floats) -> list[Fraction]:
    return [Fraction(float(number)) for number in array]


def _above(number: Fraction | None) -> float:
    if number is None:
        return -math.inf
    nearest = float(number)
    return nearest if Fraction(nearest) >= number else math.nextafter(nearest, math.inf)


def budget_value(instance: BudgetInstance, spend: Floats) -> float:
    """Return what spending per period is worth, exact until rounded; -inf if it breaks a hard limit beyond rounding.

    A tier counts as reached if its threshold is missed by a solver's tolerance only.
    """
    if budget_violations(instance, spend):
        return -math.inf
    exact, cost = _exact(np.clip(spend, 0.0, instance.most)), _exact(instance.cost)
    match = [min(x, Fraction(most)) if most < math.inf else x for x, most in zip(exact, instance.matched, strict=True)]
    share = [Fraction(int(points), BASIS) for points in basis_points(instance.share)]
    value = sum((_worth(instance, t, x) for t, x in enumerate(exact)), Fraction(0))
    value -= sum(c * (x - s * m) for c, x, s, m in zip(cost, exact, share, match, strict=True))
    for rebate in instance.rebates:
        span = slice(rebate.first, rebate.last + 1)
        tier = rebate.tier_reached(float(spend[span].sum()) * (1 + _SHORT) + _SHORT)
        if tier:
            rate = Fraction(int(basis_points(rebate.rate)[tier - 1]), BASIS)
            value += rate * sum(map(mul, cost[span], exact[span]))
    soft = np.isfinite(instance.rows.penalty)
    paid = zip(_exact(instance.rows.penalty[soft]), _exact(instance.rows.violation(spend)[soft]), strict=True)
    return float(value - sum(penalty * violation for penalty, violation in paid))


def _worth(instance: BudgetInstance, t: int, spend: Fraction) -> Fraction:
    """Return the worth of what a period spends, the best piece first."""
    total = Fraction(0)
    for worth, size in zip(instance.worth[t].tolist(), instance.size[t].tolist(), strict=True):
        taken = min(spend, Fraction(size))
        total += Fraction(worth) * taken
        spend -= taken
    return total


def budget_violations(instance: BudgetInstance, spend: Floats) -> tuple[str, ...]:
    """Name the hard limits that spending per period breaks beyond rounding, and by how much."""
    allowed = _ROUNDING * max(1.0, float(np.abs(spend).sum()))
    found = [
        (f"what period {t} can spend", max(float(spend[t] - instance.most[t]), -float(spend[t])))
        for t in range(instance.periods)
    ]
    left = 0.0
    for t in range(instance.periods):
        left += float(instance.release[t]) - float(spend[t])
        found.append((f"fund of period {t}", -left))
        left = min(max(left, 0.0), float(instance.carry[t]))
    hard = np.isinf(instance.rows.penalty)
    excess = np.where(hard, instance.rows.violation(spend), 0.0)
    found += zip(instance.rows.name, excess.tolist(), strict=True)
    match = np.minimum(spend, instance.matched)
    found.append(("our own budget", float(instance.cost @ (spend - instance.share * match)) - instance.own_budget))
    largest = max(1.0, float(instance.cost.max()))
    return tuple(
        f"{name}: broken by {by:g}" for name, by in found if by > allowed * (largest if "own" in name else 1.0)
    )


def budget_bound(instance: BudgetInstance, leaves: tuple[Leaf, ...]) -> float:
    """Return the bound on any spending that the leaves prove, rounded up; -inf if they refute all spending.

    Raises InvalidProgram where they prove nothing: choices of tiers left out, or multipliers that do not add up.
    """
    tension = tiered(instance)
    gap = uncovered(leaves, tension.highest)
    if gap is not None:
        raise InvalidProgram(f"the proof is incomplete: {gap}")
    own = own_limit(instance)
    bounds = (bound_of(tension.within(leaf.low, leaf.high), leaf, own) for leaf in leaves)
    proved = [bound / BASIS for bound in bounds if bound is not None]
    return _above(max(proved, default=None))
