"""Proofs of partner budgets: whatever is changed in one is noticed, and the engine's flows are optimal ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances.partner_budgets import small_budget, weekly_budget
from solvers.core.errors import InvalidProgram
from solvers.incentives.budget import BudgetInstance
from solvers.incentives.cheapest_flow import cheapest_flow
from solvers.incentives.leaves import Leaf
from solvers.incentives.spend import BudgetAnswer, solve_budget
from solvers.incentives.tension import HARD, tension_without_rebates
from solvers.incentives.tiers import TieredTension, tiered
from solvers.incentives.verify import budget_bound, budget_value, budget_violations


@pytest.fixture(scope="module")
def proved() -> tuple[BudgetInstance, BudgetAnswer]:
    """A quarterly contract whose proof has several leaves."""
    instance = weekly_budget(1, periods=12, tiers=4, scopes=3)
    answer = solve_budget(instance)
    assert len(answer.leaves) > 1
    return instance, answer


def with_flow(leaf: Leaf, flow: np.ndarray) -> Leaf:
    """Return the leaf with another flow."""
    return replace(leaf, multipliers=replace(leaf.multipliers, flow=flow))


def test_a_leaf_left_out_or_told_twice_is_noticed(proved: tuple[BudgetInstance, BudgetAnswer]) -> None:
    """Choices of tiers that no leaf bounds make a proof incomplete."""
    instance, answer = proved
    with pytest.raises(InvalidProgram, match="choices of tiers are bounded"):
        budget_bound(instance, answer.leaves[1:])
    with pytest.raises(InvalidProgram, match="overlap"):
        budget_bound(instance, (*answer.leaves, answer.leaves[0]))


def test_a_multiplier_changed_is_noticed(proved: tuple[BudgetInstance, BudgetAnswer]) -> None:
    """A flow that is not conserved, negative, or dearer than its arcs allow proves nothing."""
    instance, answer = proved
    leaf, rest = answer.leaves[0], answer.leaves[1:]
    flow = leaf.multipliers.flow
    used = int(np.flatnonzero(flow > 0)[0])
    for change, message in ((1, "add up|outside"), (-1, "add up")):
        moved = flow.copy()
        moved[used] += change
        with pytest.raises(InvalidProgram, match=message):
            budget_bound(instance, (with_flow(leaf, moved), *rest))
    negative = flow.copy()
    negative[used] = -1
    with pytest.raises(InvalidProgram, match=r"outside 0\.\.price"):
        budget_bound(instance, (with_flow(leaf, negative), *rest))
    with pytest.raises(InvalidProgram, match=r"outside 0\.\.price"):
        budget_bound(instance, (with_flow(leaf, flow[1:]), *rest))


def test_multipliers_of_another_kind_are_refused(proved: tuple[BudgetInstance, BudgetAnswer]) -> None:
    """A price on an own budget that has no limit, or a refutation that refutes nothing, is told."""
    instance, answer = proved
    leaf, rest = answer.leaves[0], answer.leaves[1:]
    priced = replace(leaf, multipliers=replace(leaf.multipliers, own=1))
    with pytest.raises(InvalidProgram, match="priced for no row"):
        budget_bound(instance, (priced, *rest))
    empty = replace(leaf, multipliers=replace(leaf.multipliers, flow=leaf.multipliers.flow * 0, scale=0))
    with pytest.raises(InvalidProgram, match="refute nothing"):
        budget_bound(instance, (empty, *rest))


def test_a_proof_of_another_instance_is_refused(proved: tuple[BudgetInstance, BudgetAnswer]) -> None:
    """The same multipliers do not prove a bound once a price of the contract has changed."""
    instance, answer = proved
    dearer = replace(instance, cost=instance.cost + 1)
    with pytest.raises(InvalidProgram):
        budget_bound(dearer, answer.leaves)


def test_spending_changed_is_worth_less_or_breaks_a_limit(proved: tuple[BudgetInstance, BudgetAnswer]) -> None:
    """One unit more anywhere is never better, and what breaks a hard limit is named and worth nothing."""
    instance, answer = proved
    assert answer.spend is not None
    for t in range(instance.periods):
        changed = answer.spend.copy()
        changed[t] += 1.0
        assert budget_value(instance, changed) < answer.value
    beyond = answer.spend.copy()
    beyond[0] = float(instance.most[0]) + 5.0
    assert budget_value(instance, beyond) == -np.inf
    assert any("what period 0 can spend: broken by 5" in text for text in budget_violations(instance, beyond))


def test_cheapest_flows_are_complementary_to_their_potentials() -> None:
    """Flow stays at 0 where an arc is slack and at its price where it is exceeded, over many instances."""
    for seed in range(200):
        tension = tension_without_rebates(small_budget(seed))
        found = cheapest_flow(tension.arcs, tension.pull)
        arcs = tension.arcs
        beyond = found.potential[arcs.head] - found.potential[arcs.tail] - arcs.bound
        if found.unbounded:
            cycle = found.flow > 0
            assert (arcs.price[cycle] == HARD).all()
            assert int(arcs.bound[cycle].sum()) < 0
            assert (np.bincount(arcs.head[cycle], minlength=8) == np.bincount(arcs.tail[cycle], minlength=8)).all()
            continue
        assert (found.flow[beyond < 0] == 0).all()
        assert (found.flow[beyond > 0] == arcs.price[beyond > 0]).all()
        assert (beyond[arcs.price == HARD] <= 0).all()


def test_ranges_of_tiers_are_worth_at_least_each_of_their_tiers() -> None:
    """Splitting a range never raises what it is worth, down to single tiers."""
    for seed in range(60):
        tension = tiered(small_budget(seed))
        high = tension.highest
        whole = best(tension, tuple(0 for _ in high), high)
        for r, top in enumerate(high):
            for tier in range(top + 1):
                one = tuple(tier if s == r else 0 for s in range(len(high)))
                other = tuple(tier if s == r else h for s, h in enumerate(high))
                assert best(tension, one, other) <= whole


def best(tension: TieredTension, low: tuple[int, ...], high: tuple[int, ...]) -> float:
    """What a range of tiers is worth without regard to our own budget; -inf where nothing is possible."""
    problem = tension.within(low, high)
    found = cheapest_flow(problem.arcs, problem.pull)
    if found.unbounded:
        return -np.inf
    return float(problem.constant + int(problem.arcs.bound @ found.flow))
