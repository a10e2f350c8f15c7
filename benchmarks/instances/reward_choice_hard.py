"""Seeded reward choices of the awkward kind: nothing to tell members apart, nothing to spend, nothing that can be met.

Every kind is a function of the number of members and a generator; `HARD` names them. Sizes are small enough for a
mixed-integer program of the whole, which is what the answers are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from solvers.core.program import Floats
from solvers.offers.reward_choice import ChoiceRows, DenseColumns, RewardChoice, one_window
from solvers.offers.verify import choice_value

IMPOSSIBLE, NOT_A_NUMBER, ONE_MEMBER = "infeasible minimum", "not a number", "one customer"
Row = tuple[npt.ArrayLike, npt.ArrayLike, float, float]
"""Coefficients of money and of counts (a number stands for every offer), lower and upper bound."""
Make = Callable[[int, np.random.Generator], RewardChoice]


def hard_instance(kind: str, members: int, seed: int) -> RewardChoice:
    """Return the instance of a kind.

    Raises
    ------
    solvers.core.errors.InvalidProgram
        For the kind `NOT_A_NUMBER`, naming offer and member.
    """
    return HARD[kind](members, np.random.default_rng(seed))


def best_of_one(instance: RewardChoice) -> float:
    """Return what an instance of one member in one window is worth at best, by trying every offer and none."""
    tried = (choice_value(instance, np.full((1, 1), o, dtype=np.int8)) for o in range(-1, instance.columns.offers))
    return max(found.value for found in tried if found.feasible())


def _instance(value: npt.ArrayLike, cost: npt.ArrayLike, *given: Row) -> RewardChoice:
    worth, money = (np.ascontiguousarray(table, dtype=np.float32) for table in (value, cost))
    offers = len(worth)
    spend, count = (np.array([np.broadcast_to(row[k], offers) for row in given], dtype=np.float64) for k in (0, 1))
    rows = ChoiceRows(
        spend=spend.reshape(-1, offers),
        count=count.reshape(-1, offers),
        lower=np.array([row[2] for row in given]),
        upper=np.array([row[3] for row in given]),
    )
    return RewardChoice(columns=DenseColumns(value=worth, cost=money), rows=rows, window=one_window(offers))


def _money(offers: int, members: int, chance: np.random.Generator) -> tuple[Floats, Floats]:
    value = chance.lognormal(0.0, 0.6, members) * chance.uniform(0.3, 2.0, (offers, members))
    return value, value * chance.uniform(0.2, 0.8, (offers, members))


def _all_equal(members: int, chance: np.random.Generator) -> RewardChoice:
    del chance
    stocks: list[Row] = [(0.0, np.eye(3)[o], -np.inf, float(members // 10 * (o + 1))) for o in range(3)]
    return _instance(np.ones((3, members)), np.full((3, members), 0.5), *stocks, (1.0, 0.0, -np.inf, members / 4))


def _impossible(members: int, chance: np.random.Generator) -> RewardChoice:
    """Ask for a reward for half of the members, out of a budget for a tenth of them, costs are 0.5 at least."""
    value = chance.uniform(0.5, 2.0, (2, members))
    cost = chance.uniform(0.5, 1.0, (2, members))
    return _instance(value, cost, (1.0, 0.0, -np.inf, 0.05 * members), (0.0, 1.0, 0.5 * members, np.inf))


def _no_budget(members: int, chance: np.random.Generator) -> RewardChoice:
    """Leave only what is free for a member: the second offer for every fourth."""
    value, cost = _money(2, members, chance)
    cost[1, ::4] = 0.0
    return _instance(value, cost, (1.0, 0.0, -np.inf, 0.0), (0.0, 1.0, -np.inf, float(members)))


def _one_member(members: int, chance: np.random.Generator) -> RewardChoice:
    del members
    value, cost = _money(10, 1, chance)
    return _instance(value, cost, (1.0, 0.0, -np.inf, float(np.median(cost))), (0.0, 1.0, 1.0, 1.0))


def _one_offer(members: int, chance: np.random.Generator) -> RewardChoice:
    value, cost = _money(1, members, chance)
    return _instance(value, cost, (1.0, 0.0, -np.inf, 0.3 * float(cost.sum())), (0.0, 1.0, 0.1 * members, np.inf))


def _not_a_number(members: int, chance: np.random.Generator) -> RewardChoice:
    value, cost = _money(3, members, chance)
    value[1, members // 2] = np.nan
    return _instance(value, cost, (1.0, 0.0, -np.inf, 0.3 * float(cost.sum())))


def _negative_values(members: int, chance: np.random.Generator) -> RewardChoice:
    """Promise rewards to a third of the members where hardly one of them is worth giving."""
    value = chance.normal(-1.0, 0.6, (3, members))
    cost = chance.uniform(0.2, 1.0, (3, members))
    floor = float(members // 3)
    return _instance(value, cost, (0.0, 1.0, floor, np.inf), (1.0, 0.0, -np.inf, 0.6 * floor))


def _six_decades(members: int, chance: np.random.Generator) -> RewardChoice:
    weight = 10.0 ** chance.uniform(-3.0, 3.0, members)
    value = weight * chance.uniform(0.5, 1.5, (4, members))
    cost = value * chance.uniform(0.2, 0.8, (4, members))
    floor: Row = (0.0, np.eye(4)[3], float(members // 20), np.inf)
    return _instance(
        value, cost, (1.0, 0.0, -np.inf, float(cost.sum()) / 16), (0.0, 1.0, -np.inf, 0.6 * members), floor
    )


def _two_levels(members: int, chance: np.random.Generator) -> RewardChoice:
    """Scores in two buckets: thousands of members have the very same ones."""
    value, cost = chance.integers(1, 3, (4, members)), chance.integers(1, 3, (4, members))
    stocks: list[Row] = [(0.0, np.eye(4)[o], -np.inf, float(members // 5)) for o in range(4)]
    return _instance(value, cost, *stocks, (1.0, 0.0, -np.inf, 0.7 * members + 0.5))


HARD: Mapping[str, Make] = {
    "all equal": _all_equal,
    IMPOSSIBLE: _impossible,
    "zero budget": _no_budget,
    ONE_MEMBER: _one_member,
    "one offer": _one_offer,
    NOT_A_NUMBER: _not_a_number,
    "negative values": _negative_values,
    "six decades": _six_decades,
    "two levels": _two_levels,
}
"""The kinds by name."""
