"""Reward choice: who gets which offer, when money, stock and promises tie millions of members together.

Sets: members i < N, offers o < M, each in one window w(o) (one period of the campaign), rows k < K. With ``x[i,o]`` ∈
{0, 1} saying that member i gets offer o,

    max  Σ value[o,i]·x[i,o]
    s.t. Σ_{o in window w} x[i,o] ≤ 1                                            for every member and window
         lower[k] ≤ Σ_{i,o} (spend[k,o]·cost[o,i] + count[k,o])·x[i,o] ≤ upper[k]  for every row
         x[i,o] = 0 where the member is not eligible

Rows with ``spend`` are budgets and smallest spendings, rows with ``count`` are stocks, reward floors and caps; a row
may mix both. A row names only the offers whose coefficients are not zero. For prices π ≥ 0 on the rows the best offer
of a member depends on two numbers per offer, ``λ = spendᵀπ`` and ``μ = countᵀπ``: K does not enter a pass over the
members (multiple-choice multidimensional knapsack; Kellerer, Pferschy, Pisinger 2004, ch. 11).

Values and costs are offer-major float32, given as :class:`DenseColumns` or, never materialised, as
:class:`FactoredColumns`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats, Ints

Singles = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
MOST_OFFERS = 127
NOT_CHOSEN = -1


def eligibility_bits(eligible: Bools) -> Bytes:
    """Pack eligibility, bool [M, N], into bit columns: uint8 [M, ⌈N/8⌉], member ``8·q + r`` in bit r of byte q."""
    return np.ascontiguousarray(np.packbits(eligible, axis=1, bitorder="little"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """Largest |value| and cost, and the smallest value or 0, of any member and offer."""

    value: float
    cost: float
    least: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DenseColumns:
    """``value`` and ``cost`` float32 [M, N], finite, cost ≥ 0; ``eligible`` uint8 [M, ⌈N/8⌉] as `eligibility_bits`.

    ``eligible`` None: every member may have every offer. ``extremes`` are found as the numbers are checked.
    """

    value: Singles
    cost: Singles
    eligible: Bytes | None = None
    extremes: Extremes = field(init=False)

    def __post_init__(self) -> None:
        if self.value.ndim != 2 or self.value.shape != self.cost.shape:
            raise InvalidProgram(
                f"value and cost must both have shape (offers, members), not {self.value.shape} and {self.cost.shape}"
            )
        for name in ("value", "cost"):
            array = getattr(self, name)
            if array.dtype != np.float32 or not array.flags.c_contiguous:
                raise InvalidProgram(f"{name} must be float32 in rows of one offer each; use numpy.ascontiguousarray")
        (least, most), (_, dearest) = _range("value", self.value), _range("cost", self.cost)
        object.__setattr__(self, "extremes", Extremes(value=max(most, -least), cost=dearest, least=least))
        _check_bits(self.eligible, *self.value.shape)

    @property
    def members(self) -> int:
        """N."""
        return int(self.value.shape[1])

    @property
    def offers(self) -> int:
        """M."""
        return int(self.value.shape[0])

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.value.nbytes + self.cost.nbytes + (0 if self.eligible is None else self.eligible.nbytes)

    def gather(self, members: npt.NDArray[np.int64]) -> tuple[Floats, Floats, Bools]:
        """Return value, cost float64 [n, M] and eligibility bool [n, M] of some members."""
        eligible = np.ones((len(members), self.offers), dtype=np.bool_)
        if self.eligible is not None:
            eligible = ((self.eligible[:, members >> 3] >> (members & 7).astype(np.uint8)) & 1).astype(np.bool_).T
        return self.value[:, members].T.astype(np.float64), self.cost[:, members].T.astype(np.float64), eligible


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FactoredColumns:
    """Responses of S segments times weights of members, rounded to float32: value[o,i] = weight[i]·value_of[s(i),o].

    ``weight`` float32 [N] ≥ 0, ``segment`` int16 [N], ``value_of``, ``cost_of`` float32 [S, M] (costs ≥ 0), ``allowed``
    bool [S, M]; ``eligible`` as in :class:`DenseColumns`, both must allow an offer. ``extremes`` are no smaller than
    those of the products.
    """

    weight: Singles
    segment: npt.NDArray[np.int16]
    value_of: Singles
    cost_of: Singles
    allowed: Bools
    eligible: Bytes | None = None
    extremes: Extremes = field(init=False)

    def __post_init__(self) -> None:
        if self.weight.ndim != 1 or self.segment.shape != self.weight.shape or self.segment.dtype != np.int16:
            raise InvalidProgram("weight float32 and segment int16 must have one entry per member each")
        if not self.value_of.shape == self.cost_of.shape == self.allowed.shape or self.value_of.ndim != 2:
            raise InvalidProgram("value_of, cost_of and allowed must all have shape (segments, offers)")
        for name in ("weight", "value_of", "cost_of"):
            array = getattr(self, name)
            if array.dtype != np.float32:
                raise InvalidProgram(f"{name} must be float32, not {array.dtype}")
            if not np.isfinite(array).all() or (name != "value_of" and (array < 0).any()):
                raise InvalidProgram(f"{name} must be finite, and not negative where it is a weight or a cost")
        if len(self.segment) and not 0 <= self.segment.min() <= self.segment.max() < len(self.value_of):
            raise InvalidProgram(f"segment must name segments 0..{len(self.value_of) - 1}")
        heaviest = np.zeros(len(self.value_of))
        np.maximum.at(heaviest, self.segment, self.weight)
        values, costs = heaviest[:, None] * self.value_of, heaviest[:, None] * self.cost_of
        largest, dearest = float(np.abs(values).max(initial=0.0)), float(costs.max(initial=0.0))
        if not max(largest, dearest) < np.finfo("f4").max:
            raise InvalidProgram("a weight times a response exceeds float32; rescale the money")
        rounded, least = 1 + 2.0**-23, float(values.min(initial=0.0))
        found = Extremes(value=largest * rounded, cost=dearest * rounded, least=least * rounded)
        object.__setattr__(self, "extremes", found)
        _check_bits(self.eligible, self.offers, self.members)

    @property
    def members(self) -> int:
        """N."""
        return len(self.weight)

    @property
    def offers(self) -> int:
        """M."""
        return int(self.value_of.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        bits = 0 if self.eligible is None else self.eligible.nbytes
        return self.weight.nbytes + self.segment.nbytes + self.value_of.nbytes + self.cost_of.nbytes + bits

    def gather(self, members: npt.NDArray[np.int64]) -> tuple[Floats, Floats, Bools]:
        """Return value, cost float64 [n, M] and eligibility bool [n, M] of some members."""
        weight, segment = self.weight[members][:, None], self.segment[members]
        eligible = self.allowed[segment].copy()
        if self.eligible is not None:
            eligible &= ((self.eligible[:, members >> 3] >> (members & 7).astype(np.uint8)) & 1).astype(np.bool_).T
        value, cost = weight * self.value_of[segment], weight * self.cost_of[segment]
        return value.astype(np.float64), cost.astype(np.float64), eligible


Columns = DenseColumns | FactoredColumns


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChoiceRows:
    """K rows over the offers: ``spend``, ``count`` float64 [K, M], ``lower`` ≤ ``upper`` float64 [K] (±inf: none)."""

    spend: Floats
    count: Floats
    lower: Floats
    upper: Floats

    def __post_init__(self) -> None:
        k = len(self.lower)
        if self.spend.ndim != 2 or self.spend.shape != self.count.shape or len(self.spend) != k or len(self.upper) != k:
            raise InvalidProgram(f"{k} rows need spend and count of shape ({k}, offers) and {k} upper bounds")
        if not (np.isfinite(self.spend).all() and np.isfinite(self.count).all()):
            raise InvalidProgram("coefficients of rows must be finite")
        wrong = np.flatnonzero(~(self.lower <= self.upper) | (self.lower == np.inf) | (self.upper == -np.inf))
        if len(wrong):
            k = int(wrong[0])
            raise InvalidProgram(f"row {k} asks for {self.lower[k]} to {self.upper[k]}: no total can meet it")

    @property
    def rows(self) -> int:
        """K."""
        return len(self.lower)

    def use(self, *, spent: Floats, counted: Floats) -> Floats:
        """Return the rows' totals [K] from the money spent on and the members given each offer, [M] each."""
        total: Floats = self.spend @ spent + self.count @ counted
        return total


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RewardChoice:
    """An instance; ``window`` int32 [M] ascending from 0 names the window of every offer."""

    columns: Columns
    rows: ChoiceRows
    window: Ints

    def __post_init__(self) -> None:
        offers = self.columns.offers
        if not 1 <= offers <= MOST_OFFERS:
            raise InvalidProgram(f"a choice is kept in one byte: 1 to {MOST_OFFERS} offers, not {offers}")
        if self.columns.members < 1:
            raise InvalidProgram("there is no member to choose for; leave an empty group out")
        if self.rows.spend.shape[1] != offers:
            raise InvalidProgram(f"rows over {self.rows.spend.shape[1]} offers do not fit {offers} offers")
        steps = np.diff(self.window)
        if len(self.window) != offers or self.window[0] != 0 or not ((steps == 0) | (steps == 1)).all():
            raise InvalidProgram("window must name windows 0, 1, … in ascending order, one entry per offer")

    @property
    def windows(self) -> int:
        """W."""
        return int(self.window[-1]) + 1

    @property
    def window_start(self) -> Ints:
        """Offers ``start[w]:start[w+1]`` belong to window w, int32 [W+1]."""
        return np.searchsorted(self.window, np.arange(self.windows + 1)).astype(np.int32)


def one_window(offers: int) -> Ints:
    """Return the windows of offers that all compete in one."""
    return np.zeros(offers, dtype=np.int32)


def _range(name: str, array: Singles) -> tuple[float, float]:
    """Return the smallest number or 0 and the largest or 0, after checks."""
    least, most = 0.0, 0.0
    # Row by row: a mask over the whole would cost a quarter of the data's memory.
    for o, row in enumerate(array):
        low, high = float(row.min(initial=0.0)), float(row.max(initial=0.0))
        if not (np.isfinite(low) and np.isfinite(high)):
            i = int(np.flatnonzero(~np.isfinite(row))[0])
            raise InvalidProgram(f"{name} of offer {o}, member {i} is {row[i]}; give a finite number")
        if name == "cost" and low < 0:
            i = int(np.argmin(row))
            raise InvalidProgram(f"cost of offer {o}, member {i} is {row[i]}; costs are at least 0")
        least, most = min(least, low), max(most, high)
    return least, most


def _check_bits(bits: Bytes | None, offers: int, members: int) -> None:
    if bits is None:
        return
    expected = (offers, (members + 7) // 8)
    if bits.dtype != np.uint8 or bits.shape != expected or not bits.flags.c_contiguous:
        raise InvalidProgram(f"eligible must be contiguous uint8 of shape {expected}; see eligibility_bits")
