"""Reward choice against the exact optimum, and the same whatever the layout, the shards, the threads and the day."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.offers.choose import ChoiceLimits, ChoiceStatus, ChosenRewards, choose_rewards
from solvers.offers.reward_choice import ChoiceRows, RewardChoice
from solvers.offers.verify import choice_bound, choice_value
from tests.solvers.offers.reward_cases import (
    crowd,
    dense,
    factored,
    instance,
    materialised,
    optimum,
    rows,
)

BACKEND = HighsBackend()
THOROUGH = ChoiceLimits(gap=1e-5, nodes=20, ties=100, rounds=2)


def stands(problem: RewardChoice, found: ChosenRewards, *, tolerance: float = 1e-9) -> None:
    """What the answer claims is what its choice and its prices are worth, recomputed."""
    assert found.choice is not None
    assert found.value is not None
    check = choice_value(problem, found.choice)
    assert check.feasible(), (check.worst, check.ineligible, check.misplaced)
    assert found.value == pytest.approx(check.value, rel=tolerance, abs=tolerance)
    proved = choice_bound(problem, found.price)
    assert check.value <= proved
    assert found.bound >= proved - tolerance * abs(proved)
    assert (problem.rows.upper[found.price > 0] < np.inf).all()
    assert (problem.rows.lower[found.price < 0] > -np.inf).all()


def same(left: ChosenRewards, right: ChosenRewards) -> None:
    """Two answers are the same to the last bit."""
    assert left.choice is not None
    assert right.choice is not None
    assert left.choice.tobytes() == right.choice.tobytes()
    assert left.price.tobytes() == right.price.tobytes()
    assert (left.bound, left.value, left.passes, left.status) == (right.bound, right.value, right.passes, right.status)


@pytest.mark.parametrize("windows", [1, 2, 3])
@pytest.mark.parametrize("levels", [0, 5])
@pytest.mark.parametrize("seed", range(10))
def test_value_and_bound_enclose_the_exact_optimum(seed: int, levels: int, windows: int) -> None:
    """On small instances, branch and bound on the whole lies between our choice and our bound, and near to both."""
    problem = crowd(24 + 2 * seed, 3 + seed % 3, seed, levels=levels, windows=windows)
    found, best = choose_rewards(problem, BACKEND, limits=THOROUGH), optimum(problem)
    assert found.status is ChoiceStatus.SOLVED
    assert best is not None
    stands(problem, found)
    assert found.value is not None
    assert found.value <= best + 1e-6 * abs(best)
    assert choice_bound(problem, found.price) >= best * (1 - 1e-9)
    assert found.value >= 0.97 * best
    assert found.gap <= 0.1


def test_a_bound_has_no_room_to_spare_where_prices_are_right() -> None:
    """With a thousand members the proof lies within 0.01 % of the choice, its recomputation at the reported bound."""
    problem = crowd(1000, 6, 1)
    found = choose_rewards(problem, BACKEND, limits=ChoiceLimits(gap=1e-4))
    stands(problem, found)
    assert found.gap <= 1e-4
    assert found.bound == pytest.approx(choice_bound(problem, found.price), rel=1e-10)


@pytest.mark.parametrize("bits", [True, False])
def test_factored_columns_are_solved_as_if_multiplied_out(bits: bool) -> None:  # noqa: FBT001  # a case, not an option
    """Segments times weights give the bytes that their products give."""
    columns = factored(3000, 6, 5, bits=bits)
    rules = rows(6, (1.0, 0.0, -np.inf, 900.0), (0.0, 1.0, 1000.0, 2200.0), (0.0, np.eye(6)[2], -np.inf, 200.0))
    left, right = (
        choose_rewards(instance(each, rules, [0, 0, 0, 1, 1, 1]), BACKEND, limits=ChoiceLimits(gap=1e-5))
        for each in (columns, materialised(columns))
    )
    stands(instance(columns, rules, [0, 0, 0, 1, 1, 1]), left)
    assert left.choice is not None
    assert right.choice is not None
    assert left.choice.tobytes() == right.choice.tobytes()
    assert left.price.tobytes() == right.price.tobytes()
    assert left.value == right.value
    # The allowance for rounding rests on the largest number, which factors tell less sharply.
    assert left.bound == pytest.approx(right.bound, rel=1e-11)


def test_shards_and_threads_change_no_byte() -> None:
    """Members in one, two, three or seven parts, on one thread or two, get the same offers at the same prices."""
    problem = crowd(6 * 32768 + 77, 4, 8)
    limits = {threads: ChoiceLimits(gap=1e-5, threads=threads) for threads in (1, 2)}
    whole = choose_rewards(problem, BACKEND, limits=limits[1])
    stands(problem, whole)
    assert whole.gap <= 1e-5
    for shards, threads in ((2, 1), (3, 2), (7, 1), (1, 2)):
        same(whole, choose_rewards(problem, BACKEND, limits=limits[threads], shards=shards))


def test_prices_of_an_earlier_solve_shorten_the_next_one_after_a_budget_change() -> None:
    """At 200,000 members, a budget cut by a thirtieth takes at most three passes from old prices."""
    problem = crowd(200_000, 5, 9)
    first = choose_rewards(problem, BACKEND, limits=ChoiceLimits(gap=1e-5))
    upper = problem.rows.upper.copy()
    upper[7] *= 0.97
    cut = RewardChoice(
        columns=problem.columns,
        rows=ChoiceRows(spend=problem.rows.spend, count=problem.rows.count, lower=problem.rows.lower, upper=upper),
        window=problem.window,
    )
    warm = choose_rewards(cut, BACKEND, limits=ChoiceLimits(gap=1e-5), start=first.price)
    stands(cut, warm)
    assert warm.gap <= 1e-5
    assert warm.passes <= 3


def test_the_same_instance_gives_the_same_bytes_again() -> None:
    """Nothing depends on the clock, the load or on what was solved before."""
    limits = ChoiceLimits(gap=1e-5, nodes=10, rounds=2)
    first = choose_rewards(crowd(2000, 5, 11, levels=6, windows=2), BACKEND, limits=limits)
    choose_rewards(crowd(500, 3, 1), BACKEND, limits=limits)
    same(first, choose_rewards(crowd(2000, 5, 11, levels=6, windows=2), BACKEND, limits=limits))


def test_rows_may_mix_money_and_members_and_ask_for_exact_numbers() -> None:
    """A row of money per member and a fixed fee, and one that wants exactly 40 of an offer, both hold."""
    base = crowd(300, 4, 13)
    fee = (np.array([1.0, 1.0, 0.5, 0.0]), np.array([0.2, 0.2, 0.2, 0.0]), -np.inf, 80.0)
    problem = instance(base.columns, rows(4, fee, (0.0, np.eye(4)[3], 40.0, 40.0), (0.0, 1.0, 120.0, 150.0)))
    found, best = choose_rewards(problem, BACKEND, limits=THOROUGH), optimum(problem)
    stands(problem, found)
    assert best is not None
    assert found.value is not None
    assert 0.995 * best <= found.value <= best * (1 + 1e-6)
    check = choice_value(problem, found.choice) if found.choice is not None else None
    assert check is not None
    assert check.use[1] == 40.0


def test_two_hundred_rows_over_few_offers_each() -> None:
    """K = 200: rows that name two or three of forty offers, some with smallest totals."""
    chance, offers, members = np.random.default_rng(17), 40, 4000
    value = chance.lognormal(0, 0.5, members) * chance.uniform(0.5, 2.0, (offers, members))
    columns = dense(value, value * chance.uniform(0.3, 0.7, (offers, members)))
    share = members / offers
    given = []
    for k in range(200):
        named = np.zeros(offers)
        named[chance.choice(offers, 3, replace=False)] = 1.0
        if k % 10 == 9:
            given.append((0.0, named, np.floor(1.2 * share), np.inf))
        elif k % 2:
            given.append((named, 0.0, -np.inf, 3.6 * share))
        else:
            given.append((0.0, named, -np.inf, np.floor(3.5 * share)))
    problem = instance(columns, rows(offers, *given))
    found = choose_rewards(problem, BACKEND, limits=ChoiceLimits(gap=1e-3, nodes=50, rounds=3))
    assert found.status is ChoiceStatus.SOLVED
    stands(problem, found)
    assert found.gap <= 5e-3
