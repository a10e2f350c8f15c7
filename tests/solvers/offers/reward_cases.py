"""Seeded reward choices for tests: small ones with every feature, and what their exact optimum is."""

from __future__ import annotations

import numpy as np

from solvers.backends.highs import HighsBackend
from solvers.core.termination import Limits, Termination
from solvers.offers.choice_shard import Shard, split
from solvers.offers.reward_choice import (
    ChoiceRows,
    DenseColumns,
    FactoredColumns,
    RewardChoice,
    eligibility_bits,
    one_window,
)
from solvers.offers.whole_choice import whole_choice


def dense(value, cost, eligible=None) -> DenseColumns:
    """Columns from anything array-like of shape [M, N]."""
    value, cost = (np.ascontiguousarray(table, dtype=np.float32) for table in (value, cost))
    return DenseColumns(
        value=value, cost=cost, eligible=None if eligible is None else eligibility_bits(np.ascontiguousarray(eligible))
    )


def rows(offers: int, *given: tuple[object, object, float, float]) -> ChoiceRows:
    """Rows from (spend, count, lower, upper); a number stands for that coefficient on every offer."""
    spend, count = (np.array([np.broadcast_to(row[k], offers) for row in given], dtype=float) for k in (0, 1))
    lower, upper = (np.array([row[k] for row in given], dtype=float) for k in (2, 3))
    return ChoiceRows(spend=spend.reshape(-1, offers), count=count.reshape(-1, offers), lower=lower, upper=upper)


def instance(columns, row_set: ChoiceRows, window=None) -> RewardChoice:
    """An instance in one window unless said otherwise."""
    window = one_window(columns.offers) if window is None else np.asarray(window, dtype=np.int32)
    return RewardChoice(columns=columns, rows=row_set, window=window)


def materialised(columns: FactoredColumns) -> DenseColumns:
    """The same columns, multiplied out."""
    value, cost, eligible = columns.gather(np.arange(columns.members))
    return dense(value.T, cost.T, eligible.T)


def factored(members: int, offers: int, seed: int, *, barred: float = 0.2, bits: bool = True) -> FactoredColumns:
    """Five segments with log-normal weights."""
    chance = np.random.default_rng(seed)
    value = chance.uniform(0.2, 2.0, (5, offers))
    return FactoredColumns(
        weight=chance.lognormal(0, 0.7, members).astype(np.float32),
        segment=chance.integers(0, 5, members).astype(np.int16),
        value_of=value.astype(np.float32),
        cost_of=(value * chance.uniform(0.2, 0.8, (5, offers))).astype(np.float32),
        allowed=chance.random((5, offers)) >= barred,
        eligible=eligibility_bits(chance.random((offers, members)) < 0.9) if bits else None,
    )


def crowd(members: int, offers: int, seed: int, *, levels: int = 0, windows: int = 1) -> RewardChoice:
    """Values, dear offers, eligibility, and rows that a random choice meets: stocks, budgets, a floor, a spending."""
    chance = np.random.default_rng(seed)
    value = chance.lognormal(0, 0.6, members) * chance.uniform(0.3, 2.0, (offers, members))
    cost = value * chance.uniform(0.2, 0.8, (offers, members))
    if levels:
        value, cost = np.rint(value * levels / 4) / levels * 4, np.rint(cost * levels / 4) / levels * 4
    columns = dense(value, cost, chance.random((offers, members)) < 0.85)
    window = np.sort(np.arange(offers) % windows)
    worth, money, eligible = columns.gather(np.arange(members))
    spent, counted = np.zeros(offers), np.zeros(offers)
    for w in range(windows):
        own = np.flatnonzero(window == w)
        score = np.where(eligible, worth - chance.uniform(0.2, 1.2) * money, -1.0)[:, own]
        pick = own[score.argmax(axis=1)]
        some = np.flatnonzero((score.max(axis=1) > 0) & (chance.random(members) < 0.8))
        spent += np.bincount(pick[some], money[some, pick[some]], minlength=offers)
        counted += np.bincount(pick[some], minlength=offers)
    given: list[tuple[object, object, float, float]] = [
        (0.0, np.eye(offers)[o], -np.inf, counted[o] + chance.integers(0, 3)) for o in range(offers)
    ]
    for _ in range(2):
        part = (chance.random(offers) < 0.6).astype(float)
        given.append((part, 0.0, -np.inf, float(part @ spent) * chance.uniform(1.0, 1.1) + 1e-3))
    given.append((1.0, 0.1, -np.inf, float(spent.sum() + 0.1 * counted.sum()) * 1.01 + 1e-3))
    rare = int(np.argmin(counted))
    given.append((0.0, np.eye(offers)[rare], float(np.floor(counted[rare] * 0.9)), np.inf))
    given.append((np.eye(offers)[-1], 0.0, float(spent[-1]) * 0.8, np.inf))
    return instance(columns, rows(offers, *given), window)


def optimum(problem: RewardChoice) -> float | None:
    """The exact optimum by branch and bound on the whole program, None where nothing meets the rows."""
    found = HighsBackend().load(whole_choice(problem).program).solve(limits=Limits(gap=1e-9, absolute_gap=1e-9))
    if found.termination is Termination.INFEASIBLE:
        return None
    assert found.termination is Termination.OPTIMAL
    return found.objective


def shard(problem: RewardChoice) -> Shard:
    """All members as one shard."""
    return split(problem, 1)[0]
