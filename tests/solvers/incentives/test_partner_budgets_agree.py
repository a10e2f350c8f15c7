"""Three independent solvers of partner budgets agree on 500 random instances, and on which of them are impossible."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances.partner_budgets import PARTS, small_budget, weekly_budget
from solvers.backends.registry import backend
from solvers.core.termination import Limits, Termination
from solvers.incentives.budget import BudgetInstance
from solvers.incentives.budget_program import solve_budget_with
from solvers.incentives.spans import SpanRows
from solvers.incentives.spend import BudgetAnswer, solve_budget
from solvers.incentives.verify import budget_bound, budget_value

INF = np.inf
COUNT = 500


@pytest.fixture(scope="module")
def answers() -> list[tuple[BudgetInstance, BudgetAnswer]]:
    """The exact answers to the random instances."""
    instances = [small_budget(seed) for seed in range(COUNT)]
    return [(instance, solve_budget(instance)) for instance in instances]


def only_rows(rows: SpanRows, keep: list[int]) -> SpanRows:
    """Return some of the rows."""
    return SpanRows(
        name=tuple(rows.name[k] for k in keep),
        first=rows.first[keep],
        last=rows.last[keep],
        lower=rows.lower[keep],
        upper=rows.upper[keep],
        penalty=rows.penalty[keep],
    )


def without(instance: BudgetInstance, feature: str) -> BudgetInstance:
    """Return the instance with one of its features taken away."""
    open_end = np.full(instance.periods, INF)
    if feature in {"floor", "pacing", "commitment"}:
        keep = [k for k, name in enumerate(instance.rows.name) if not name.startswith(feature)]
        return replace(instance, rows=only_rows(instance.rows, keep))
    changed: dict[str, dict[str, object]] = {
        "release": {"release": open_end},
        "carry-over limit": {"carry": open_end},
        "matching": {"share": np.zeros(instance.periods)},
        "matching limit": {"matched": open_end},
        "own budget": {"own_budget": INF},
        "rebates": {"rebates": ()},
    }
    return replace(instance, **changed[feature])  # type: ignore[arg-type]  # field names and types belong together above


def test_every_answer_is_optimal_or_impossible_with_a_proof(answers: list[tuple[BudgetInstance, BudgetAnswer]]) -> None:
    """Value and bound, recomputed from the data, meet in every instance, or the proof refutes all spending."""
    for instance, answer in answers:
        bound = budget_bound(instance, answer.leaves)
        if answer.spend is None:
            assert answer.termination is Termination.INFEASIBLE
            assert bound == -INF
            assert answer.conflict
        else:
            assert answer.termination is Termination.OPTIMAL
            assert budget_value(instance, answer.spend) == pytest.approx(answer.value, rel=1e-9, abs=1e-9)
            assert answer.value == pytest.approx(bound, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("name", "tolerance"), [("highs", 1e-6), ("cpsat", 1e-9)])
def test_mixed_integer_solvers_agree_with_the_exact_one(
    answers: list[tuple[BudgetInstance, BudgetAnswer]], name: str, tolerance: float
) -> None:
    """HiGHS, and CP-SAT in whole parts of a unit, find the same value, or no spending where there is none."""
    solver, apart = backend(name), []
    for seed, (instance, answer) in enumerate(answers):
        parts = None if name == "highs" else 1 if np.isinf(instance.own_budget) else PARTS
        found = solve_budget_with(instance, solver, parts=parts)
        if found.spend is None:
            assert found.solution.termination is Termination.INFEASIBLE
        if found.value != pytest.approx(answer.value, rel=tolerance, abs=tolerance):
            apart.append((seed, answer.value, found.value))
    assert not apart


def test_every_feature_decides_some_of_the_instances(answers: list[tuple[BudgetInstance, BudgetAnswer]]) -> None:
    """Taking a feature away changes the value of many instances, so agreeing on them says something about it."""
    features = (
        "floor",
        "pacing",
        "commitment",
        "release",
        "carry-over limit",
        "matching",
        "matching limit",
        "own budget",
        "rebates",
    )
    decides = Counter(
        feature
        for instance, answer in answers[::2]
        for feature in features
        if solve_budget(without(instance, feature)).value != answer.value
    )
    impossible = sum(answer.spend is None for _, answer in answers)
    assert 25 <= impossible <= COUNT // 2
    assert all(decides[feature] >= 15 for feature in features), decides


def test_limits_that_clash_are_named_and_enough(answers: list[tuple[BudgetInstance, BudgetAnswer]]) -> None:
    """What a conflict names is impossible by itself, and possible again without any one of the rows it names."""
    seen = 0
    for instance, answer in answers:
        if answer.spend is not None:
            continue
        named = [
            k for k, name in enumerate(instance.rows.name) if any(c.startswith(f"{name} (") for c in answer.conflict)
        ]
        kept = replace(instance, rows=only_rows(instance.rows, named))
        if not any(name.startswith("fund") for name in answer.conflict):
            kept = without(kept, "release")
        if "our own budget" not in answer.conflict:
            kept = without(kept, "own budget")
        assert solve_budget(kept).spend is None
        if "our own budget" in answer.conflict:
            continue
        seen += 1
        for k in range(len(named)):
            fewer = only_rows(kept.rows, [other for other in range(len(named)) if other != k])
            assert set(solve_budget(replace(kept, rows=fewer)).conflict) != set(answer.conflict)
    assert seen >= 20


def test_a_year_of_weeks_and_twenty_tiers_is_solved_to_proof() -> None:
    """52 periods with 20 tiers over the year, and over each quarter, are optimal with a proof that holds."""
    for scopes in (1, 4):
        instance = weekly_budget(3, periods=52, tiers=20, scopes=scopes)
        answer = solve_budget(instance)
        assert answer.termination is Termination.OPTIMAL
        assert answer.spend is not None
        assert budget_value(instance, answer.spend) == pytest.approx(answer.value, rel=1e-12)
        assert budget_bound(instance, answer.leaves) == pytest.approx(answer.value, rel=1e-12)


def test_a_node_limit_leaves_a_spending_and_a_bound_that_holds() -> None:
    """Stopped early, the answer says so, and its leaves still prove its bound."""
    instance = weekly_budget(0, periods=52, tiers=20, scopes=4)
    short, whole = solve_budget(instance, limits=Limits(nodes=3)), solve_budget(instance)
    assert short.termination is Termination.LIMIT
    assert short.spend is not None
    assert short.value <= whole.value <= short.bound
    assert budget_bound(instance, short.leaves) == pytest.approx(short.bound, rel=1e-12)
