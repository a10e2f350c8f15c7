"""Hard cases of reward choice: ties by the thousand, impossible promises, nothing to give, numbers far apart."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.core.errors import InvalidProgram
from solvers.offers.choose import ChoiceLimits, ChoiceStatus, ChosenRewards, choose_rewards
from solvers.offers.reward_choice import DenseColumns, FactoredColumns, RewardChoice
from solvers.offers.verify import choice_bound, choice_value
from tests.solvers.offers.reward_cases import crowd, dense, instance, optimum, rows

BACKEND = HighsBackend()


def solved(problem: RewardChoice, **limits: float) -> ChosenRewards:
    """A choice that stands when recomputed, below a bound that does."""
    found = choose_rewards(problem, BACKEND, limits=ChoiceLimits(**limits))  # type: ignore[arg-type]  # by name
    assert found.status is ChoiceStatus.SOLVED
    assert found.choice is not None
    assert found.value is not None
    check = choice_value(problem, found.choice)
    assert check.feasible(), (check.worst, check.ineligible, check.misplaced)
    assert found.value == pytest.approx(check.value, rel=1e-9, abs=1e-9)
    assert check.value <= choice_bound(problem, found.price) <= found.bound * (1 + 1e-9) + 1e-9
    return found


def given_of(problem: RewardChoice, found: ChosenRewards) -> np.ndarray:
    """How many members got each offer."""
    assert found.choice is not None
    return np.bincount(found.choice[found.choice >= 0], minlength=problem.columns.offers)


@pytest.mark.parametrize("levels", [5, 10])
def test_bucketed_scores_tie_by_the_thousand(levels: int) -> None:
    """Values and costs on few levels leave large sets of members alike; the gap closes all the same."""
    found = solved(crowd(5000, 5, 21, levels=levels), gap=1e-4)
    assert found.gap <= 1e-3


def test_all_equal_values_are_shared_out_to_the_last_reward() -> None:
    """Where everybody is alike, stocks alone decide, and none of them stays unused."""
    columns = dense(np.ones((3, 1000)), np.full((3, 1000), 0.5))
    stock = [(0.0, np.eye(3)[o], -np.inf, limit) for o, limit in enumerate((100.0, 200.0, 300.0))]
    problem = instance(columns, rows(3, *stock))
    found = solved(problem)
    assert given_of(problem, found).tolist() == [100, 200, 300]
    assert found.value == pytest.approx(600.0)
    assert found.gap <= 1e-6


def test_all_equal_values_under_one_budget() -> None:
    """A budget for 250.5 rewards of one price buys 250."""
    problem = instance(dense(np.ones((2, 1000)), np.ones((2, 1000))), rows(2, (1.0, 0.0, -np.inf, 250.5)))
    found = solved(problem)
    assert found.value == pytest.approx(250.0)
    assert found.bound == pytest.approx(250.5, rel=1e-6)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        # More of an offer than there are members.
        ([(0.0, [1.0, 0.0], 2000.0, np.inf), (0.0, [0.0, 1.0], -np.inf, 50.0)], {0}),
        # A reward floor that the budget cannot pay.
        ([(1.0, 0.0, -np.inf, 10.0), (0.0, 1.0, 500.0, np.inf)], {0, 1}),
        # A smallest spending beyond what its stock allows.
        ([(0.0, [1.0, 0.0], -np.inf, 20.0), ([1.0, 0.0], 0.0, 400.0, np.inf), (1.0, 0.0, -np.inf, 5000.0)], {0, 1}),
    ],
)
def test_impossible_promises_are_proved_and_named(given: list, named: set[int]) -> None:
    """The prices handed over certify that no choice can be worth as much as every choice is worth at least."""
    chance = np.random.default_rng(23)
    value = chance.uniform(0.5, 2.0, (2, 1000))
    problem = instance(dense(value, np.full((2, 1000), 0.5)), rows(2, *given))
    found = choose_rewards(problem, BACKEND)
    assert found.status is ChoiceStatus.INFEASIBLE
    assert found.choice is found.value is None
    assert set(found.conflict.tolist()) == named
    assert found.bound == -np.inf
    assert choice_bound(problem, found.price) < 0.0


def test_promises_impossible_to_the_last_member_are_never_called_solved() -> None:
    """Minimums that only whole members rule out leave the status open, or infeasible, but give no choice."""
    problem = instance(
        dense(np.ones((1, 10)), np.ones((1, 10))), rows(1, (1.0, 0.0, 4.2, np.inf), (1.0, 0.0, -np.inf, 4.8))
    )
    assert optimum(problem) is None
    found = choose_rewards(problem, BACKEND)
    assert found.status is not ChoiceStatus.SOLVED
    assert found.choice is None


def test_zero_budgets_give_nobody_anything_that_costs() -> None:
    """With no money at all, only an offer that is free for a member is given."""
    cost = np.ones((2, 400))
    cost[1, ::4] = 0.0
    problem = instance(dense(np.ones((2, 400)), cost), rows(2, (1.0, 0.0, -np.inf, 0.0)))
    found = solved(problem)
    assert given_of(problem, found).tolist() == [0, 100]
    nothing = instance(dense(np.ones((2, 400)), cost), rows(2, (0.0, 1.0, -np.inf, 0.0)))
    assert solved(nothing).value == 0.0


def test_one_customer_and_one_offer() -> None:
    """The smallest instances have answers too."""
    assert solved(instance(dense([[2.0], [3.0]], [[1.0], [5.0]]), rows(2, (1.0, 0.0, -np.inf, 2.0)))).value == 2.0
    columns = dense([[1.0, 3.0, 2.0]], [[1.0, 1.0, 1.0]])
    assert solved(instance(columns, rows(1, (0.0, 1.0, -np.inf, 2.0)))).value == 5.0
    assert solved(instance(columns, rows(1))).value == 6.0
    assert solved(instance(dense([[-1.0]], [[0.0]]), rows(1))).value == 0.0


def test_nobody_eligible() -> None:
    """Without anybody who may have anything the best choice is none, and a floor is impossible."""
    columns = dense(np.ones((2, 50)), np.ones((2, 50)), np.zeros((2, 50), dtype=bool))
    assert solved(instance(columns, rows(2, (1.0, 0.0, -np.inf, 3.0)))).value == 0.0
    floor = choose_rewards(instance(columns, rows(2, (0.0, 1.0, 1.0, np.inf))), BACKEND)
    assert floor.status is ChoiceStatus.INFEASIBLE
    assert floor.conflict.tolist() == [0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["value", "cost"])
def test_numbers_that_are_none_are_refused_with_their_place(bad: float, name: str) -> None:
    """NaN and infinities name offer and member; so does a negative cost."""
    tables = {"value": np.ones((3, 20), np.float32), "cost": np.ones((3, 20), np.float32)}
    tables[name][1, 7] = bad
    with pytest.raises(InvalidProgram, match=rf"{name} of offer 1, member 7"):
        DenseColumns(**tables)


def test_bad_factors_prices_and_costs_are_refused() -> None:
    """Negative costs, NaN weights, unknown segments and prices that are no numbers do not get in."""
    with pytest.raises(InvalidProgram, match="cost of offer 0, member 1"):
        dense([[1.0, 1.0]], [[0.0, -1.0]])
    one = np.ones((1, 1), np.float32)
    good = {"weight": np.ones(3, np.float32), "segment": np.zeros(3, np.int16), "value_of": one, "cost_of": one}
    with pytest.raises(InvalidProgram, match="weight"):
        FactoredColumns(**{**good, "weight": np.array([1, np.nan, 1], np.float32)}, allowed=np.ones((1, 1), bool))
    with pytest.raises(InvalidProgram, match="segment"):
        FactoredColumns(**{**good, "segment": np.array([0, 1, 0], np.int16)}, allowed=np.ones((1, 1), bool))
    problem = instance(dense([[1.0]], [[1.0]]), rows(1, (1.0, 0.0, -np.inf, 1.0)))
    for start in (np.array([np.nan]), np.zeros(2)):
        with pytest.raises(InvalidProgram, match="start prices"):
            choose_rewards(problem, BACKEND, start=start)
    with pytest.raises(InvalidProgram, match="wrong sign"):
        choice_bound(problem, np.array([-1.0]))


def test_negative_values_are_given_only_where_a_floor_forces_them() -> None:
    """A floor of 60 among 40 gladly taken and 960 dear ones takes the 20 least bad."""
    value = np.concatenate([np.full(40, 1.0), -np.linspace(0.01, 9.6, 960)])[None, :]
    problem = instance(dense(value, np.ones((1, 1000))), rows(1, (0.0, 1.0, 60.0, np.inf)))
    found, best = solved(problem), optimum(problem)
    assert found.value == pytest.approx(best, rel=1e-5)
    assert given_of(problem, found).tolist() == [60]
    free = instance(problem.columns, rows(1, (0.0, 1.0, -np.inf, 900.0)))
    assert solved(free).value == pytest.approx(40.0)


def test_a_floor_can_make_a_whole_choice_worth_less_than_nothing() -> None:
    """Where every value is negative, a minimum still gets its cheapest members, and the bound is negative too."""
    chance = np.random.default_rng(29)
    problem = instance(
        dense(-chance.uniform(1, 2, (2, 500)), chance.uniform(1, 2, (2, 500))), rows(2, (1.0, 0.0, 100.0, np.inf))
    )
    found = choose_rewards(problem, BACKEND)
    best = optimum(problem)
    assert best is not None
    assert found.status is ChoiceStatus.SOLVED
    assert found.choice is not None
    check = choice_value(problem, found.choice)
    assert check.feasible()
    assert check.value <= best + 1e-6
    assert check.value == pytest.approx(best, rel=1e-3)
    assert best <= choice_bound(problem, found.price) < 0.0


def test_weights_over_six_decades() -> None:
    """A few members worth a million times the others do not spoil prices or proof."""
    chance = np.random.default_rng(31)
    weight = 10.0 ** chance.uniform(-3, 3, 4000)
    value = weight * chance.uniform(0.5, 1.5, (4, 4000))
    cost = value * chance.uniform(0.2, 0.8, (4, 4000))
    given = [
        (1.0, 0.0, -np.inf, float(cost.sum() / 16)),
        (0.0, 1.0, -np.inf, 2500.0),
        (0.0, [0, 0, 0, 1.0], 300.0, np.inf),
    ]
    found = solved(instance(dense(value, cost), rows(4, *given)), gap=1e-4)
    assert found.gap <= 1e-3


def test_rows_that_bind_nowhere_leave_everybody_the_best_offer() -> None:
    """Budgets beyond all spending have price 0, and bound and value are the unconstrained optimum."""
    base = crowd(3000, 4, 37)
    problem = instance(base.columns, rows(4, (1.0, 0.0, -np.inf, 1e9), (0.0, 1.0, 0.0, 1e9)))
    found = solved(problem)
    value, _, eligible = base.columns.gather(np.arange(3000))
    best = np.maximum(np.where(eligible, value, 0.0).max(axis=1), 0.0).sum()
    assert found.value == pytest.approx(best, rel=1e-12)
    assert not found.price.any()
    assert found.gap <= 1e-12


def test_a_checker_that_sees_what_is_wrong_with_a_choice() -> None:
    """An offer that is not allowed, one of another window and a broken row are all counted."""
    eligible = np.ones((2, 3), dtype=bool)
    eligible[0, 1] = False
    columns = dense(np.ones((2, 3)), np.ones((2, 3)), eligible)
    problem = instance(columns, rows(2, (1.0, 0.0, -np.inf, 1.5), (0.0, 1.0, 5.0, np.inf)), [0, 1])
    check = choice_value(problem, np.array([[0, 0, 1], [-1, 1, 9]], dtype=np.int8))
    assert (check.ineligible, check.misplaced) == (1, 2)
    assert check.violation.tolist() == [1.5, 2.0]
    assert check.value == 3.0
    assert not check.feasible()
    with pytest.raises(InvalidProgram, match="shape"):
        choice_value(problem, np.zeros((1, 3), dtype=np.int8))
