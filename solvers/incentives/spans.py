"""Bounds on what is spent over spans of consecutive periods: floors, pacing and volume commitments are all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpanRows:
    """K rows: ``lower[k] ≤ Σ_{first[k] ≤ t ≤ last[k]} spend[t] ≤ upper[k]``.

    ``first``, ``last`` int32 [K], both inside the span; ``lower``, ``upper`` float64 [K] (-inf, +inf: none);
    ``penalty`` float64 [K] is paid per unit of violation, +inf makes the row hard; ``name`` says what a row is in the
    words of its contract. Raises InvalidProgram on other shapes and values.
    """

    name: tuple[str, ...]
    first: Ints
    last: Ints
    lower: Floats
    upper: Floats
    penalty: Floats

    def __post_init__(self) -> None:
        if {len(self.first), len(self.last), len(self.lower), len(self.upper), len(self.penalty)} != {len(self.name)}:
            raise InvalidProgram(f"{len(self.name)} rows over spans need as many firsts, lasts, bounds and penalties")
        for k in np.flatnonzero((self.first < 0) | (self.last < self.first)):
            raise InvalidProgram(f"{self.name[k]}: a span of {self.first[k]}..{self.last[k]} holds no period")
        if np.isnan(self.lower).any() or np.isnan(self.upper).any() or not (self.penalty >= 0).all():
            raise InvalidProgram("bounds over spans must not be NaN, and penalties must be at least 0 (inf: hard)")

    @property
    def count(self) -> int:
        """K."""
        return len(self.name)

    def violation(self, spend: Floats) -> Floats:
        """Return by how much each row is violated, float64 [K]."""
        total = span_totals(spend, self.first, self.last)
        violated: Floats = np.maximum(0.0, np.maximum(total - self.upper, self.lower - total))
        return violated


def span_totals(spend: Floats, first: Ints, last: Ints) -> Floats:
    """Return what is spent from each ``first`` to its ``last`` period, float64 [K]."""
    until = np.concatenate([[0.0], np.cumsum(spend)])
    total: Floats = until[last + 1] - until[first]
    return total


def span_row(name: str, first: int, last: int, *, lower: float = -np.inf, upper: float = np.inf) -> SpanRows:
    """Return one hard row; :func:`softened` puts a price on it."""
    return SpanRows(
        name=(name,),
        first=np.array([first], dtype=np.int32),
        last=np.array([last], dtype=np.int32),
        lower=np.array([lower]),
        upper=np.array([upper]),
        penalty=np.array([np.inf]),
    )


def floors(least: Floats) -> SpanRows:
    """Return a hard row per period with a floor above 0: spend at least ``least[t]``."""
    at = np.flatnonzero(least > 0).astype(np.int32)
    return SpanRows(
        name=tuple(f"floor of period {t}" for t in at),
        first=at,
        last=at,
        lower=least[at],
        upper=np.full(len(at), np.inf),
        penalty=np.full(len(at), np.inf),
    )


def pacing(lower: Floats, upper: Floats) -> SpanRows:
    """Return a hard row per period: spending up to its end lies between the two curves (±inf: open)."""
    at = np.flatnonzero((lower > 0) | np.isfinite(upper)).astype(np.int32)
    return SpanRows(
        name=tuple(f"pacing up to period {t}" for t in at),
        first=np.zeros(len(at), dtype=np.int32),
        last=at,
        lower=lower[at],
        upper=upper[at],
        penalty=np.full(len(at), np.inf),
    )


def softened(rows: SpanRows, penalty: float) -> SpanRows:
    """Return the rows with ``penalty`` to pay per unit of violation."""
    return SpanRows(
        name=rows.name,
        first=rows.first,
        last=rows.last,
        lower=rows.lower,
        upper=rows.upper,
        penalty=np.full(rows.count, penalty),
    )


def together(*parts: SpanRows) -> SpanRows:
    """Return the rows of all parts, in their order."""
    return SpanRows(
        name=tuple(name for part in parts for name in part.name),
        first=np.concatenate([np.zeros(0, dtype=np.int32), *(part.first for part in parts)]),
        last=np.concatenate([np.zeros(0, dtype=np.int32), *(part.last for part in parts)]),
        lower=np.concatenate([np.zeros(0), *(part.lower for part in parts)]),
        upper=np.concatenate([np.zeros(0), *(part.upper for part in parts)]),
        penalty=np.concatenate([np.zeros(0), *(part.penalty for part in parts)]),
    )
