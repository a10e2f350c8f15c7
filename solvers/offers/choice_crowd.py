"""All members of a reward choice behind one door: prices in, sums over every shard out."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from solvers.core.program import Floats
from solvers.offers.choice_prices import DualPoint
from solvers.offers.choice_shard import CORE, SAMPLE, Shard, Ties, Totals, join_ties, split
from solvers.offers.core_choice import OneSidedRows
from solvers.offers.reward_choice import ChoiceRows, Extremes, RewardChoice
from solvers.offers.smoothed_dual import Sums, Units, safe_unit

_T = TypeVar("_T")
_UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Final:
    """Everybody's best offers at ``price``: the ``bound``, and money ``spent``, members ``counted``, ``value`` chosen.

    ``spent``, ``counted`` float64 [M]; ``near`` is the number of near ties listed.
    """

    price: Floats
    bound: float
    value: float
    spent: Floats
    counted: Floats
    near: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Typical:
    """What a typical member's best offer is worth and costs without prices: the scale of temperatures and steps."""

    value: float
    cost: float


@dataclass(slots=True, eq=False)
class Crowd:
    """Shards of one instance, visited by a pool of threads; ``passes`` counts visits to all members."""

    instance: RewardChoice
    shards: tuple[Shard, ...]
    pool: ThreadPoolExecutor | None
    rows: OneSidedRows
    passes: int = 0
    sampled: int = 0
    _rest: Floats = field(init=False)
    _sample_limit: Floats = field(init=False)
    _money: float = field(init=False)
    _known: tuple[bytes, float, Sums] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._rest = np.zeros(2 * self.instance.columns.offers)
        terms = self.instance.columns.members * self.instance.windows
        self._money = safe_unit(max(self.extremes.value, self.extremes.cost, 1.0), terms)

    @classmethod
    def of(cls, instance: RewardChoice, *, shards: int, threads: int) -> Crowd:
        """Cut an instance into shards."""
        parts = split(instance, shards)
        pool = ThreadPoolExecutor(threads) if threads > 1 and len(parts) > 1 else None
        return cls(instance, parts, pool, one_sided_rows(instance.rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pool is not None:
            self.pool.shutdown()

    @property
    def extremes(self) -> Extremes:
        """Of all columns."""
        return self.instance.columns.extremes

    @property
    def members(self) -> int:
        """N."""
        return self.instance.columns.members

    @property
    def floor(self) -> float:
        """What every choice is worth at least."""
        return self.extremes.least * self.members * self.instance.windows * (1 + 1e-9)

    def sample(self, size: int) -> None:
        """Make about ``size`` members the sample."""
        stride, self._known = max(1, self.members // size), None
        self.sampled = sum(self._each(lambda shard: shard.take_sample(stride)))
        self._sample_limit = self.rows.limit * (self.sampled / self.members)

    def typical(self) -> Typical:
        """Measure the scale of the sample."""
        offers = self.instance.columns.offers
        zero = np.zeros(offers)
        units = self._units(zero, zero, 1.0)
        sums = self._sums(SAMPLE, zero, zero, max(self.extremes.value, 1e-30) * 1e-9, units)
        many = max(float(sums.use[1].sum()) / units.use, 1.0)
        value = float(sums.worth[1]) / units.worth / many
        return Typical(
            value=value if value > 0 else max(self.extremes.value, 1.0) / 8,
            cost=max(float(sums.use[0].sum()) / units.use / many, 1e-6 * self.extremes.cost, 1e-30),
        )

    def sample_point(self, price: Floats, tau: float) -> DualPoint:
        """Return the dual of the sample, with the limits of the rows in proportion."""
        return self._point(SAMPLE, price, tau, self._sample_limit, np.zeros(len(self._rest)))

    def correct_sample(self, price: Floats, tau: float) -> None:
        """Shift the sample's limits so that its gradient at these prices, smoothed, is the whole's, plain: one pass.

        What is left of the sampling error is that of the curvature (control variates: Johnson and Zhang 2013).
        """
        self.collect(price, 0.0, 0)
        lam, mu = self._offer_prices(price)
        units = self._units(lam, mu, tau)
        found = self._sample_sums(price, tau, units).use.ravel() / units.use
        share, both = self.sampled / self.members, np.concatenate([self.rows.spend, self.rows.count], axis=1)
        self._sample_limit = share * (self.rows.limit - both @ self._rest) + both @ found

    def expected_core(self, price: Floats, width: float) -> int:
        """Return about how many of all members the sample would have `collect` find."""
        lam, mu = self._offer_prices(price)
        found = sum(self._each(lambda s: s.near_sample(lam, mu, width)))
        return found * self.members // max(self.sampled, 1)

    def core_point(self, price: Floats, tau: float) -> DualPoint:
        """Return the dual of everybody, with the choices outside the core held, up to a constant."""
        return self._point(CORE, price, tau, self.rows.limit, self._rest)

    def collect(self, price: Floats, width: float, most: int) -> int:
        """Make those whose choice is within ``width`` of another the core; returns their number.

        Above ``most`` they are counted only.
        """
        lam, mu = self._offer_prices(price)
        totals = reduce(Totals.plus, self._each(lambda s: s.take_core(lam, mu, width, self._money, most)))
        self.passes += 1
        self._rest = np.concatenate([totals.spend / self._money, totals.count.astype(np.float64)])
        return totals.near

    def certify(self, price: Floats, width: float, expected: int) -> Final:
        """Give everybody the best offer at the prices, make near ties the core, and compute the bound."""
        lam, mu = self._offer_prices(price)
        units, room = self._units(lam, mu, 1.0), max(expected // len(self.shards), 1)
        totals = reduce(Totals.plus, self._each(lambda s: s.certify(lam, mu, width, units, room)))
        self.passes += 1
        return Final(
            price=price,
            bound=self._bound(price, totals.scores, units.worth),
            value=float(totals.worth.sum()) / units.use,
            spent=totals.spend / units.use,
            counted=totals.count.astype(np.float64),
            near=totals.near,
        )

    def draw(self, final: Final, tau: float) -> Final:
        """Split the ties of the core as the smoothed prices say."""
        lam, mu = self._offer_prices(final.price)
        units = self._units(lam, mu, 1.0)
        change = reduce(Totals.plus, self._each(lambda s: s.draw(lam, mu, tau, units)))
        return Final(
            price=final.price,
            bound=final.bound,
            value=final.value + float(change.worth.sum()) / units.use,
            spent=final.spent + change.spend / units.use,
            counted=final.counted + change.count,
            near=final.near,
        )

    def closest(self, price: Floats, most: int) -> tuple[Ties, Floats]:
        """Return the closest near ties and their scores at the prices, float64 [n, M]."""
        lam, mu = self._offer_prices(price)
        ties = join_ties(self._each(lambda s: s.closest(lam, mu, most)), most)
        return ties, ties.value - lam * ties.cost - mu

    def give(self, ties: Ties, offer: np.ndarray[tuple[int], np.dtype[np.int8]]) -> None:
        """Replace the offers of near ties."""
        self._each(lambda s: s.give(ties.item, offer))

    def choice(self) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
        """Return everybody's offers, int8 [W, N]."""
        if len(self.shards) == 1:
            return self.shards[0].choice
        return np.concatenate([shard.choice for shard in self.shards], axis=1)

    def _each(self, ask: Callable[[Shard], _T]) -> list[_T]:
        if self.pool is None:
            return [ask(shard) for shard in self.shards]
        return list(self.pool.map(ask, self.shards))

    def _offer_prices(self, price: Floats) -> tuple[Floats, Floats]:
        return price @ self.rows.spend, price @ self.rows.count

    def _largest_score(self, lam: Floats, mu: Floats) -> float:
        most = float(np.abs(lam).max(initial=0.0)) * self.extremes.cost + float(np.abs(mu).max(initial=0.0))
        return self.extremes.value + most

    def _units(self, lam: Floats, mu: Floats, tau: float) -> Units:
        terms = self.members * self.instance.windows
        curve = max(self.extremes.cost, 1.0) ** 2 / tau
        worth = self._largest_score(lam, mu) + 64 * tau
        return Units(worth=safe_unit(worth, terms), use=self._money, curve=safe_unit(curve, terms))

    def _sums(self, which: str, lam: Floats, mu: Floats, tau: float, units: Units) -> Sums:
        return reduce(Sums.plus, self._each(lambda s: s.sums(which, lam, mu, tau, units)))

    def _sample_sums(self, price: Floats, tau: float, units: Units) -> Sums:
        """Return the sums of the sample; a walk begins where the sample was corrected, and asks for these again."""
        key = (price.tobytes(), tau)
        if self._known is None or self._known[:2] != key:
            self._known = (*key, self._sums(SAMPLE, *self._offer_prices(price), tau, units))
        return self._known[2]

    def _point(self, which: str, price: Floats, tau: float, limit: Floats, rest: Floats) -> DualPoint:
        lam, mu = self._offer_prices(price)
        units = self._units(lam, mu, tau)
        sums = self._sample_sums(price, tau, units) if which == SAMPLE else self._sums(which, lam, mu, tau, units)
        smooth, plain, entropy = (float(worth) / units.worth for worth in sums.worth)
        rows = np.concatenate([self.rows.spend, self.rows.count], axis=1)
        use = sums.use.ravel() / units.use + rest
        # What the others use is paid for; what it is worth to them is a constant, and left out.
        constant = float(price @ limit) - float(np.concatenate([lam, mu]) @ rest)
        return DualPoint(
            price=price,
            smooth=smooth + constant,
            plain=plain + constant,
            entropy=entropy,
            gradient=limit - rows @ use,
            hessian=rows @ _whole_curve(sums.curve / units.curve) @ rows.T,
            use=use.reshape(2, -1),
        )

    def _bound(self, price: Floats, scores: int, unit: float) -> float:
        spend, count = np.abs(self.rows.spend), np.abs(self.rows.count)
        per_item = self.extremes.value + float((price @ spend * self.extremes.cost + price @ count).max(initial=0.0))
        terms = self.members * self.instance.windows
        rounding = (len(price) + 64) * _UNIT_ROUNDOFF * per_item * terms * (1 + 1e-6)
        paid = [*(price * self.rows.limit).tolist()]
        slack = 2 * _UNIT_ROUNDOFF * math.fsum(abs(term) for term in paid)
        total = math.fsum(
            [*paid, slack, rounding, float(scores) / unit, 2 * _UNIT_ROUNDOFF * abs(float(scores) / unit)]
        )
        return math.nextafter(total, math.inf)


def one_sided_rows(rows: ChoiceRows) -> OneSidedRows:
    """Return every finite bound as a row ``≤``, lower ones turned round."""
    parts = []
    for sign, bound in ((1.0, rows.upper), (-1.0, -rows.lower)):
        held = np.flatnonzero(np.isfinite(bound))
        parts.append((sign * rows.spend[held], sign * rows.count[held], bound[held], held))
    spend, count, limit, row = (np.concatenate([part[k] for part in parts]) for k in range(4))
    return OneSidedRows(spend=spend, count=count, limit=limit, row=row.astype(np.int64))


def _whole_curve(lower: Floats) -> Floats:
    """Return the Hessian from the triangle that was summed."""
    half = len(lower) // 2
    whole = lower.copy()
    for part in (slice(0, half), slice(half, 2 * half)):
        square = lower[part, part]
        whole[part, part] = np.tril(square) + np.tril(square, -1).T
    whole[:half, half:] = lower[half:, :half].T
    return whole
