"""Bounds on sums of amounts, hard or paid for: what clauses over money and over quantities bought have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AmountRows:
    """K rows over J amounts: ``lower[k] ≤ Σ_{j in member[k]} amount[j] ≤ upper[k]``.

    ``member`` bool [K, J]; ``lower``, ``upper`` float64 [K] (-inf, +inf: none); ``penalty`` float64 [K], ≥ 0, is paid
    per unit of violation, +inf makes the row hard. Raises InvalidProgram on other shapes and values.
    """

    member: Bools
    lower: Floats
    upper: Floats
    penalty: Floats

    def __post_init__(self) -> None:
        rows = self.member.shape[0]
        if not len(self.lower) == len(self.upper) == len(self.penalty) == rows:
            raise InvalidProgram(f"{rows} rows need {rows} lower bounds, upper bounds and penalties")
        if np.isnan(self.lower).any() or np.isnan(self.upper).any() or not (self.penalty >= 0).all():
            raise InvalidProgram("bounds of amounts must not be NaN, and penalties must be at least 0 (inf: hard)")

    @property
    def count(self) -> int:
        """K."""
        return len(self.lower)

    def violation(self, amount: Floats) -> Floats:
        """Return by how much each row is violated, [K]."""
        total = self.member @ amount
        violated: Floats = np.maximum(0.0, np.maximum(total - self.upper, self.lower - total))
        return violated


def no_rows(amounts: int) -> AmountRows:
    """Return zero rows over so many amounts."""
    return AmountRows(
        member=np.zeros((0, amounts), dtype=np.bool_), lower=np.zeros(0), upper=np.zeros(0), penalty=np.zeros(0)
    )
