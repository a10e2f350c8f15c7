"""How much to buy where, with money back on all units from a quantity on.

Maximise ``Σ_j (value[j] - cost[j])·x[j] + Σ_r rate·Σ_{j in scope r} cost[j]·x[j] - penalties`` over ``0 ≤ x ≤ most``,
where scope ``r`` earns the rate of the highest tier its total quantity reaches. For every scope and tier the program
holds a binary and a copy of the quantities that is zero unless the tier is the chosen one: the convex hull of the
tiers' pieces, scope by scope, so that its relaxation gives little away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.core.backend import Backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats, Ints, Program
from solvers.core.termination import UNLIMITED, Limits, Solution
from solvers.incentives.draft import Draft
from solvers.incentives.rows import AmountRows

_FEASIBILITY = 1e-6  # of a threshold: what a solver may leave a chosen tier short of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rebates:
    """R scopes with T tiers each, besides tier 0 that pays nothing.

    ``member`` bool [R, J]; ``threshold`` float64 [R, T] ascending, +inf where a scope has fewer tiers; ``rate`` float64
    [R, T] in 0..1; ``open_tier`` bool [R, T+1] says which tiers may be chosen (branching closes some).
    """

    member: Bools
    threshold: Floats
    rate: Floats
    open_tier: Bools

    def __post_init__(self) -> None:
        scopes, tiers = self.threshold.shape
        if self.member.shape[0] != scopes or self.rate.shape != (scopes, tiers):
            raise InvalidProgram(f"{scopes} scopes of {tiers} tiers need as many members and rates")
        if self.open_tier.shape != (scopes, tiers + 1):
            raise InvalidProgram(f"open_tier must have shape ({scopes}, {tiers + 1}), not {self.open_tier.shape}")
        finite = np.where(np.isfinite(self.threshold), self.threshold, np.finfo(np.float64).max)
        if (np.diff(finite, axis=1) < 0).any() or not (self.threshold >= 0).all():
            raise InvalidProgram("thresholds of a scope must be at least 0 and ascend")
        if not ((self.rate >= 0) & (self.rate <= 1)).all():
            raise InvalidProgram("rebate rates must lie between 0 and 1")

    def ceiling(self) -> Floats:
        """Return the largest total per scope and tier 0..T, [R, T+1]: the next threshold where the rate falls there.

        A maximiser climbs to a better tier by itself, but has to be kept from staying in a better one it has left.
        """
        scopes = len(self.threshold)
        rate = np.concatenate([np.zeros((scopes, 1)), self.rate, np.full((scopes, 1), np.inf)], axis=1)
        following = np.concatenate([self.threshold, np.full((scopes, 1), np.inf)], axis=1)
        return np.where(rate[:, 1:] < rate[:, :-1], following, np.inf)

    def tier_reached(self, amount: Floats) -> Ints:
        """Return the highest tier whose threshold each scope's total reaches, int32 [R] (0: none)."""
        total = self.member @ amount
        tier: Ints = (self.threshold <= total[:, None]).sum(axis=1).astype(np.int32)
        return tier


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PurchaseInstance:
    """``value``, ``cost``, ``most`` float64 [J], finite, ``most`` ≥ 0; ``rows`` and ``rebates`` over the J items."""

    value: Floats
    cost: Floats
    most: Floats
    rows: AmountRows
    rebates: Rebates

    def __post_init__(self) -> None:
        items = len(self.value)
        sizes = {len(self.cost), len(self.most), self.rows.member.shape[1], self.rebates.member.shape[1]}
        if sizes != {items}:
            raise InvalidProgram(f"{items} items need costs, limits, rows and rebates over {items} items, not {sizes}")
        finite = all(np.isfinite(array).all() for array in (self.value, self.cost, self.most))
        if not finite or (self.most < 0).any():
            raise InvalidProgram("values, costs and limits must be finite; give an open limit what can be used at most")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PurchaseFormulation:
    """The program and where to find in it: ``quantity`` columns [J], ``chosen`` columns [R, T+1] of the tiers."""

    program: Program
    quantity: Ints
    chosen: Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Purchase:
    """``quantity`` [J] and chosen ``tier`` int32 [R], None without an incumbent; ``bound`` is the solver's claim."""

    quantity: Floats | None
    tier: Ints | None
    bound: float
    solution: Solution


def formulate_purchase(instance: PurchaseInstance) -> PurchaseFormulation:
    """Write the mixed-integer program down."""
    draft = Draft()
    quantity = draft.add_columns(instance.value - instance.cost, instance.most)
    draft.add_amount_rows(instance.rows, quantity)
    scopes, tiers = instance.rebates.threshold.shape
    reachable = np.concatenate([np.ones((scopes, 1), dtype=np.bool_), np.isfinite(instance.rebates.threshold)], axis=1)
    chosen = draft.add_columns(0.0, (reachable & instance.rebates.open_tier).astype(float), integer=True)
    for r in range(scopes):
        one = draft.add_rows([1.0], [1.0])
        draft.put(one, chosen[r], 1.0)
        _add_scope(draft, instance, r, quantity, chosen[r])
    return PurchaseFormulation(program=draft.program(), quantity=quantity, chosen=chosen.reshape(scopes, tiers + 1))


def _add_scope(draft: Draft, instance: PurchaseInstance, r: int, quantity: Ints, chosen: Ints) -> None:
    rebates = instance.rebates
    items = np.flatnonzero(rebates.member[r])
    split = draft.add_rows(np.zeros(len(items)), 0.0)
    draft.put(split, quantity[items], -1.0)
    ceiling = rebates.ceiling()[r]
    for tier in range(rebates.threshold.shape[1] + 1):
        floor = 0.0 if tier == 0 else float(rebates.threshold[r, tier - 1])
        if not np.isfinite(floor):
            continue
        rate = 0.0 if tier == 0 else float(rebates.rate[r, tier - 1])
        part = draft.add_columns(rate * instance.cost[items], instance.most[items])
        draft.put(split, part, 1.0)
        gate = draft.add_rows(-np.inf, np.zeros(len(items)))
        draft.put(gate, part, 1.0)
        draft.put(gate, chosen[tier], -instance.most[items])
        _add_total_bound(draft, part, chosen[tier], bound=floor, at_least=True)
        if np.isfinite(ceiling[tier]):
            _add_total_bound(draft, part, chosen[tier], bound=float(ceiling[tier]), at_least=False)


def _add_total_bound(draft: Draft, part: Ints, chosen: npt.ArrayLike, *, bound: float, at_least: bool) -> None:
    row = draft.add_rows([0.0], [np.inf]) if at_least else draft.add_rows([-np.inf], [0.0])
    draft.put(row, part, 1.0)
    draft.put(row, chosen, -bound)


def solve_purchase(instance: PurchaseInstance, backend: Backend, *, limits: Limits = UNLIMITED) -> Purchase:
    """Solve with any backend that solves mixed-integer programs."""
    formulation = formulate_purchase(instance)
    return read_purchase(instance, formulation, backend.load(formulation.program).solve(limits=limits))


def read_purchase(instance: PurchaseInstance, formulation: PurchaseFormulation, solution: Solution) -> Purchase:
    """Return quantities that truly reach the tiers chosen, where a solver left them short by its tolerance."""
    if solution.x is None:
        return Purchase(quantity=None, tier=None, bound=solution.bound, solution=solution)
    quantity = np.clip(solution.x[formulation.quantity], 0.0, instance.most)
    tier = np.argmax(solution.x[formulation.chosen], axis=1).astype(np.int32)
    for r in np.flatnonzero(tier):
        threshold = float(instance.rebates.threshold[r, tier[r] - 1])
        items = np.flatnonzero(instance.rebates.member[r])
        missing = threshold - float(quantity[items].sum())
        if 0 < missing <= _FEASIBILITY * max(1.0, threshold):
            item = items[np.argmax(instance.most[items] - quantity[items])]
            lifted = quantity[item] + missing * (1 + 1e-9) + 1e-12 * threshold
            quantity[item] = min(lifted, instance.most[item])
    return Purchase(quantity=quantity, tier=tier, bound=solution.bound, solution=solution)
