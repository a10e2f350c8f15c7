"""The compiled passes over the members of a reward choice against plain numpy, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.offers import choice_reference
from solvers.offers.choice_kernels import BLOCK
from solvers.offers.choice_shard import CORE, Totals
from solvers.offers.reward_choice import Columns, RewardChoice
from solvers.offers.smoothed_dual import Units
from tests.solvers.offers.reward_cases import crowd, dense, factored, instance, materialised, rows, shard

MONEY, SCORES = 2.0**30, 2.0**31
SIZES = (1, 7, 8, 63, 1000, BLOCK - 1, BLOCK, BLOCK + 13, 2 * BLOCK + 65)


def columns_of(kind: str, members: int, offers: int) -> Columns:
    """Columns of every kind the kernels have a branch for."""
    if kind.startswith("factored"):
        return factored(members, offers, members, bits=kind.endswith("bits"))
    some = crowd(members, offers, members, levels=5 if "ties" in kind else 0).columns
    return some if kind.endswith("bits") else dense(some.value, some.cost)  # type: ignore[union-attr]  # dense


def problem_of(columns: Columns, windows: int) -> RewardChoice:
    """An instance without rows."""
    offers = columns.offers
    return instance(columns, rows(offers), np.sort(np.arange(offers) % windows))


def prices(offers: int) -> tuple[np.ndarray, np.ndarray]:
    """Prices of both signs, as rows with smallest totals have them."""
    chance = np.random.default_rng(offers)
    return chance.uniform(-0.2, 0.9, offers), chance.uniform(-0.1, 0.3, offers)


def told(totals: Totals) -> list[np.ndarray]:
    return [totals.count, totals.spend, totals.worth]


@pytest.mark.parametrize("kind", ["dense", "dense bits", "dense ties bits", "factored", "factored bits"])
@pytest.mark.parametrize(("offers", "windows"), [(1, 1), (4, 1), (10, 3)])
def test_both_passes_equal_the_reference_bit_for_bit(kind: str, offers: int, windows: int) -> None:
    """Choice, near ties and integer sums are the same for members that fill blocks, bytes and lanes or do not."""
    lam, mu = prices(offers)
    for members in SIZES:
        columns = columns_of(kind, members, offers)
        problem, width = problem_of(columns, windows), 0.15
        held = shard(problem)
        totals = held.take_core(lam, mu, width, MONEY, members * windows)
        expected = choice_reference.collect(columns, problem.window_start, (lam, mu), width=width, unit=MONEY)
        np.testing.assert_array_equal(held.items[CORE].item, np.sort(expected.near))
        assert totals.near == len(expected.near)
        np.testing.assert_array_equal(told(totals), [expected.count, expected.spend, expected.worth])

        totals = held.certify(lam, mu, width, Units(worth=SCORES, use=MONEY, curve=1.0), members)
        units = (MONEY, SCORES)
        expected = choice_reference.certify(columns, problem.window_start, (lam, mu), width=width, units=units)
        np.testing.assert_array_equal(held.choice, expected.choice)
        np.testing.assert_array_equal(held.items[CORE].item, np.sort(expected.near))
        np.testing.assert_array_equal(told(totals), [expected.count, expected.spend, expected.worth])
        assert (totals.near, totals.scores) == (len(expected.near), expected.scores)


def test_near_ties_beyond_their_room_are_counted_and_found_in_a_second_look() -> None:
    """A pass that expected fewer near ties lists all of them, or none where there are more than wanted."""
    problem = problem_of(columns_of("dense bits", 3 * BLOCK, 4), 1)
    lam, mu = prices(4)
    held = shard(problem)
    everybody = held.take_core(lam, mu, np.inf, MONEY, 10**9)
    expected = choice_reference.collect(problem.columns, problem.window_start, (lam, mu), width=np.inf, unit=MONEY)
    assert everybody.near == len(expected.near) > 2 * BLOCK
    np.testing.assert_array_equal(held.items[CORE].item, np.sort(expected.near))
    held.take_core(lam, mu, np.inf, MONEY, 10)
    assert held.items[CORE].count == 0


def test_passes_over_factored_and_materialised_columns_agree() -> None:
    """Multiplying out beforehand or in the pass gives the same float32 numbers."""
    columns = factored(2 * BLOCK + 5, 6, 3)
    (lam, mu), units = prices(6), Units(worth=SCORES, use=MONEY, curve=1.0)
    found = []
    for each in (columns, materialised(columns)):
        held = shard(problem_of(each, 2))
        found.append((held.certify(lam, mu, 0.1, units, 100), held.choice))
    np.testing.assert_array_equal(told(found[0][0]), told(found[1][0]))
    np.testing.assert_array_equal(found[0][1], found[1][1])
    assert found[0][0].scores == found[1][0].scores
