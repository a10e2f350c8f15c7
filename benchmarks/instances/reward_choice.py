"""Seeded campaigns of reward choice: up to tens of millions of members, built offer by offer, feasible by construction.

A member redeems with a probability of its own, worth more the heavier the member is; value is margin times probability,
cost face value times probability. Hidden prices make one concrete choice, some offers favoured and most held back; caps
allow at least what it uses and minimums ask for at most that, so it meets every row, and most rows bind at the optimum.
The same arguments give the same instance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.program import Bools, Floats, Ints
from solvers.offers.reward_choice import (
    Bytes,
    ChoiceRows,
    Columns,
    DenseColumns,
    FactoredColumns,
    RewardChoice,
    Singles,
)

ROWS_BY_OFFER = 10  # six partner budgets, one total, two smallest spendings and a floor besides one stock per offer
_CHUNK = 1 << 16
_ELIGIBLE, _FLOOR = 0.85, 0.05
_SEGMENTS = 64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Campaign:
    """The arrays of an instance as a user holds them: what `instance` takes is what a solver is given."""

    value: Singles
    cost: Singles
    eligible: Bytes
    rows: ChoiceRows
    window: Ints

    def instance(self) -> RewardChoice:
        """Return the checked instance; it shares the arrays."""
        columns = DenseColumns(value=self.value, cost=self.cost, eligible=self.eligible)
        return RewardChoice(columns=columns, rows=self.rows, window=self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``offers`` in ``windows``, ``rows`` (at least 10 more than offers), scores on so many ``levels``, 0: on none."""

    offers: int = 10
    windows: int = 1
    rows: int = 20
    levels: int = 0

    def __post_init__(self) -> None:
        if self.rows < self.offers + ROWS_BY_OFFER or self.offers < 3:
            raise ValueError(f"{self.offers} offers need 3 or more, and {self.offers + ROWS_BY_OFFER} rows or more")
        if not 1 <= self.windows <= self.offers:
            raise ValueError(f"{self.windows} windows cannot share {self.offers} offers")

    @property
    def window(self) -> Ints:
        """Offers spread evenly over the windows, int32 [M]."""
        return np.sort(np.arange(self.offers, dtype=np.int32) % self.windows)


def reward_campaign(members: int, seed: int, shape: Shape | None = None) -> Campaign:
    """Return a campaign with dense columns."""
    shape = shape or Shape()
    chance = np.random.default_rng(seed)
    face, margin = _money(shape.offers, chance)
    weight = chance.lognormal(0, 0.5, members).astype(np.float32)
    value = np.empty((shape.offers, members), np.float32)
    cost = np.empty((shape.offers, members), np.float32)
    eligible = np.empty((shape.offers, (members + 7) // 8), np.uint8)
    for o in range(shape.offers):
        redeemed = chance.random(members, dtype=np.float32)
        redeemed *= np.float32(0.8 - _FLOOR)
        redeemed += np.float32(_FLOOR)
        redeemed *= weight
        np.minimum(redeemed, np.float32(1), out=redeemed)
        np.multiply(redeemed, np.float32(face[o]), out=cost[o])
        np.multiply(redeemed, np.float32(margin[o]), out=value[o])
        redeemed = chance.random(members, dtype=np.float32)
        value[o] *= redeemed * np.float32(0.6) + np.float32(0.7)
        eligible[o] = np.packbits(chance.random(members, dtype=np.float32) < _ELIGIBLE, bitorder="little")
        for table in (value[o], cost[o]) if shape.levels else ():
            _bucket(table, shape.levels)
    columns = DenseColumns(value=value, cost=cost, eligible=eligible)
    return Campaign(
        value=value,
        cost=cost,
        eligible=eligible,
        rows=_rows(columns, shape, (face, margin), chance),
        window=shape.window,
    )


def factored_campaign(members: int, seed: int, shape: Shape | None = None) -> RewardChoice:
    """Return a campaign whose columns are the responses of segments times weights of members."""
    shape = shape or Shape()
    chance = np.random.default_rng(seed)
    face, margin = _money(shape.offers, chance)
    redeemed = chance.uniform(_FLOOR, 0.8, (_SEGMENTS, shape.offers))
    columns = FactoredColumns(
        weight=chance.lognormal(0, 0.5, members).astype(np.float32),
        segment=chance.integers(0, _SEGMENTS, members, dtype=np.int16),
        value_of=(redeemed * margin * chance.uniform(0.7, 1.3, redeemed.shape)).astype(np.float32),
        cost_of=(redeemed * face).astype(np.float32),
        allowed=chance.random(redeemed.shape) < 0.95,
    )
    return RewardChoice(columns=columns, rows=_rows(columns, shape, (face, margin), chance), window=shape.window)


def tighter(rows: ChoiceRows, *, row: int, share: float) -> ChoiceRows:
    """Return the rows with the upper bound of one of them cut by a share of it."""
    upper = rows.upper.copy()
    upper[row] *= 1 - share
    return ChoiceRows(spend=rows.spend, count=rows.count, lower=rows.lower, upper=upper)


def _money(offers: int, chance: np.random.Generator) -> tuple[Floats, Floats]:
    face = chance.uniform(0.5, 2.0, offers)
    return face, face * chance.uniform(1.5, 3.0, offers)


def _bucket(table: Singles, levels: int) -> None:
    """Round a column up to one of so many levels between 0 and its largest number."""
    step = np.float32(max(float(table.max()), 1e-6) / levels)
    np.divide(table, step, out=table)
    np.ceil(table, out=table)
    table *= step


@dataclass(slots=True, eq=False)
class _RowList:
    """Rows under construction around what the hidden choice spends and gives, float64 [M] each."""

    spent: Floats
    counted: Floats
    rows: list[tuple[Floats, Floats, float, float]]

    def stock(self, named: Bools, room: float) -> None:
        """Allow the hidden choice's number of rewards and a share more."""
        upper = float(np.floor(float(named @ self.counted) * (1 + room)))
        self.rows.append((np.zeros(len(named)), named.astype(np.float64), -np.inf, upper))

    def budget(self, named: Bools, room: float) -> None:
        """Allow the hidden choice's money and a share more."""
        self.rows.append(
            (named.astype(np.float64), np.zeros(len(named)), -np.inf, float(named @ self.spent) * (1 + room))
        )

    def least(self, named: Bools, share: float, *, money: bool) -> None:
        """Ask for a share of the hidden choice's money, or of its rewards."""
        none, some = np.zeros(len(named)), named.astype(np.float64)
        if money:
            self.rows.append((some, none, share * float(named @ self.spent), np.inf))
        else:
            self.rows.append((none, some, float(np.floor(share * float(named @ self.counted))), np.inf))

    def made(self) -> ChoiceRows:
        """Return the rows."""
        spend, count, lower, upper = (np.array([row[part] for row in self.rows]) for part in range(4))
        return ChoiceRows(spend=spend, count=count, lower=lower, upper=upper)


def _rows(columns: Columns, shape: Shape, money: tuple[Floats, Floats], chance: np.random.Generator) -> ChoiceRows:
    """Stocks of all offers, six partner budgets, one total, two smallest spendings and one floor; more if asked."""
    offers = shape.offers
    face, margin = money
    favoured = np.argsort(margin, kind="stable")[:3]
    # Prices that level what offers are worth, so that every offer finds members; the least profitable are paid for.
    level = float(margin[favoured].max()) * chance.uniform(1.0, 1.2, offers)
    spent, counted = _hidden_use(columns, shape.window, (margin - level) / face, chance.uniform(0.0, 0.1, offers))
    made, each = _RowList(spent, counted, []), np.eye(offers, dtype=np.bool_)
    for o in range(offers):
        made.stock(each[o], chance.uniform(0.0, 0.1))
    for o in range(6):
        made.budget((chance.random(offers) < 0.3) | each[o % offers], chance.uniform(0.001, 0.1))
    made.budget(np.ones(offers, dtype=np.bool_), 0.001)
    for o in favoured[:2]:
        made.least(each[o], chance.uniform(0.9, 0.99), money=True)
    made.least(each[favoured[2]], chance.uniform(0.9, 0.99), money=False)
    for k in range(shape.rows - offers - ROWS_BY_OFFER):
        named = np.zeros(offers, dtype=np.bool_)
        named[chance.choice(offers, min(offers, 3), replace=False)] = True
        if k % 10 == 9:
            made.least(named, chance.uniform(0.9, 0.99), money=bool(k % 20 == 9))
        elif k % 2:
            made.budget(named, chance.uniform(0.001, 0.1))
        else:
            made.stock(named, chance.uniform(0.0, 0.1))
    return made.made()


def _hidden_use(columns: Columns, window: Ints, lam: Floats, mu: Floats) -> tuple[Floats, Floats]:
    """Return money and rewards per offer, float64 [M] each, of everybody's best offers at the hidden prices."""
    offers = columns.offers
    spent, counted = np.zeros(offers), np.zeros(offers)
    for first in range(0, columns.members, _CHUNK):
        some = np.arange(first, min(first + _CHUNK, columns.members), dtype=np.int64)
        value, cost, eligible = columns.gather(some)
        score = np.where(eligible, value - lam * cost - mu, -np.inf)
        for w in range(int(window[-1]) + 1):
            own = np.flatnonzero(window == w)
            best = own[score[:, own].argmax(axis=1)]
            taken = np.flatnonzero(score[np.arange(len(some)), best] > 0)
            spent += np.bincount(best[taken], cost[taken, best[taken]], minlength=offers)
            counted += np.bincount(best[taken], minlength=offers)
    return spent, counted
