"""The partner's budget problem: when to spend a fund that is released over time and earns rebates on all units.

Sets. Periods ``t = 0..T-1``; pieces ``l`` of a period's worth, the best first; rows ``k`` and rebate scopes ``r``, each
over a span of consecutive periods; tiers ``j = 0..J_r`` of a scope, tier 0 from quantity 0 with rate 0.

Variables. ``x[t,l] ≥ 0`` units spent in a piece, ``X[t] = Σ_l x[t,l]``; ``m[t]`` of them matched by the partner;
``b[t] ≥ 0`` of the fund carried over the end of ``t``; one tier per scope.

Maximise ``Σ worth[t,l]·x[t,l] - Σ cost[t]·X[t] + Σ share[t]·cost[t]·m[t] + Σ_r rate[r,j]·Σ_{t in r} cost[t]·X[t] -
Σ_k penalty[k]·violation[k]`` subject to

- pieces: ``x[t,l] ≤ size[t,l]``, worth falling along ``l``, so that a period's worth is concave;
- matching: ``m[t] ≤ X[t]`` and ``m[t] ≤ matched[t]``: the partner bears ``share`` of the cost of a period's first
  ``matched`` units, we bear the rest out of our own budget: ``Σ cost[t]·(X[t] - share[t]·m[t]) ≤ own_budget``;
- release and carry-over: ``b[t] ≤ b[t-1] + release[t] - X[t]`` and ``b[t] ≤ carry[t]``: what is neither spent nor
  carried over lapses;
- rows over spans (floors, pacing, commitments): within their bounds, or ``violation`` paid for;
- tiers: scope ``r`` is in tier ``j`` only if its span spends at least ``threshold[r,j]``; rates ascend.

A unit is money of a fund (``cost`` 1) or a quantity bought (``cost`` its price). Every limit concerns the same unit,
so with ``S[t] = X[0] + … + X[t]`` each is a bound on a difference of two cumulative sums: for given tiers and without
own budget the problem is the linear dual of a minimum-cost flow, and whole limits have a whole optimum (Ahuja,
Magnanti, Orlin, Network Flows, 9.4). That is why limits are whole numbers and carry-over has a limit, not a rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats
from solvers.incentives.spans import SpanRows

BASIS = 10_000  # rates and shares are whole multiples of 1/BASIS
_LARGEST = 2.0**40  # of any number; sums of them stay exact in float64 and int64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpanRebate:
    """Money back on all units of the periods ``first..last``: the rate of the highest threshold their total reaches.

    ``threshold`` float64 [J] whole, above 0 and rising; ``rate`` float64 [J] in 0..1, not falling, in basis points.
    """

    name: str
    first: int
    last: int
    threshold: Floats
    rate: Floats

    def __post_init__(self) -> None:
        if len(self.threshold) != len(self.rate):
            raise InvalidProgram(f"{self.name}: {len(self.threshold)} thresholds need as many rates")
        if self.first < 0 or self.last < self.first:
            raise InvalidProgram(f"{self.name}: a span of {self.first}..{self.last} holds no period")
        _whole(f"{self.name}: thresholds", self.threshold, least=1.0)
        _basis_points(f"{self.name}: rates", self.rate)
        if (np.diff(self.threshold) <= 0).any() or (np.diff(self.rate) < 0).any():
            raise InvalidProgram(f"{self.name}: thresholds must rise and rates must not fall; sort and clean the tiers")

    def tier_reached(self, total: float) -> int:
        """Return the tier, 0..J, that a total reaches."""
        return int(np.searchsorted(self.threshold, total, side="right"))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BudgetInstance:
    """A budget problem as the module's text states it; all numbers whole, rates and shares in basis points.

    ``worth``, ``size`` float64 [T, L]: value per unit, not rising along a period, and number of units; ``cost`` [T] per
    unit; ``share`` [T] in 0..1 of the cost that the partner bears up to ``matched`` [T] units (inf: no limit);
    ``release`` [T] units that enter the fund at the start of a period (inf: no limit); ``carry`` [T] units that outlive
    its end (inf: all, 0: none); ``own_budget`` money of our own over the horizon (inf: no limit).
    Raises InvalidProgram where arrays disagree or numbers are not of that kind.
    """

    worth: Floats
    size: Floats
    cost: Floats
    share: Floats
    matched: Floats
    release: Floats
    carry: Floats
    rows: SpanRows
    rebates: tuple[SpanRebate, ...] = ()
    own_budget: float = np.inf

    def __post_init__(self) -> None:
        if self.worth.ndim != 2 or self.worth.shape != self.size.shape or 0 in self.worth.shape:
            raise InvalidProgram(f"worth {self.worth.shape} and size {self.size.shape} must both be periods × pieces")
        for name in ("cost", "share", "matched", "release", "carry"):
            if getattr(self, name).shape != (self.periods,):
                raise InvalidProgram(f"{name} must hold one number for each of {self.periods} periods")
        _whole("worth", self.worth)
        _whole("size", self.size, least=0.0)
        _whole("cost", self.cost, least=0.0)
        for name in ("matched", "release", "carry"):
            _whole(name, getattr(self, name), least=0.0, open_above=True)
        _basis_points("share", self.share)
        if (np.diff(self.worth, axis=1) > 0).any():
            raise InvalidProgram("worth must not rise along the pieces of a period; sort the pieces, the best first")
        _whole("own_budget", np.array([self.own_budget]), least=0.0, open_above=True)
        self._check_spans()

    def _check_spans(self) -> None:
        _whole("lower bounds of rows", np.maximum(self.rows.lower, -_LARGEST), open_above=True)
        _whole("upper bounds of rows", np.maximum(self.rows.upper, -_LARGEST), open_above=True)
        _whole("penalties", self.rows.penalty, least=0.0, open_above=True)
        spans = [*zip(self.rows.name, self.rows.last, strict=True), *((r.name, r.last) for r in self.rebates)]
        for name, last in spans:
            if last >= self.periods:
                raise InvalidProgram(f"{name}: ends in period {last}, the last period is {self.periods - 1}")

    @property
    def periods(self) -> int:
        """T."""
        return len(self.worth)

    @property
    def most(self) -> Floats:
        """What each period can spend, float64 [T]."""
        most: Floats = self.size.sum(axis=1)
        return most


def _whole(what: str, numbers: Floats, *, least: float = -np.inf, open_above: bool = False) -> None:
    finite = numbers[np.isfinite(numbers)]
    if np.isnan(numbers).any() or (np.isinf(numbers) & ~((numbers > 0) & open_above)).any():
        raise InvalidProgram(f"{what}: every number must be finite{' or +inf' if open_above else ''}")
    if (finite != np.rint(finite)).any() or (np.abs(finite) > _LARGEST).any():
        raise InvalidProgram(f"{what}: numbers must be whole and at most 2^40; choose a smaller or larger unit")
    if (finite < least).any():
        raise InvalidProgram(f"{what}: {finite.min():g} is below {least:g}")


def _basis_points(what: str, numbers: Floats) -> None:
    points = numbers * BASIS
    if not ((numbers >= 0) & (numbers <= 1)).all() or (np.abs(points - np.rint(points)) > 1e-6).any():
        raise InvalidProgram(f"{what} must lie between 0 and 1 in steps of 1/{BASIS}")
