"""Which offers each customer may be given, stored as few patterns instead of a customer × offer matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Eligibility:
    """Eligible pairs as patterns: customer ``c`` may get offer ``o`` iff ``allowed[pattern[c], o]``.

    ``pattern`` is int32 of shape (customers,), ``allowed`` bool of shape (patterns, offers); customers and offers in
    the order of the scenario's tables.
    """

    pattern: npt.NDArray[np.int32]
    allowed: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.pattern.size and not 0 <= int(self.pattern.min()) <= int(self.pattern.max()) < len(self.allowed):
            raise ValueError("a customer's eligibility pattern lies outside the table of patterns")
