"""What does not hold in a plan, and when a row counts as broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LISTED = 50
"""Places named per rule; one more breach counts the rest."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that does not hold.

    ``rule`` is a stable id such as ``stock.balance``, ``where`` names the row in words of the scenario (or the clause
    id), ``amount`` says by how much, in the unit of the row (0 where nothing can be measured).
    """

    rule: str
    where: str
    message: str
    amount: float = 0.0

    def __str__(self) -> str:
        """Return the breach as one line."""
        return f"{self.rule}: {self.where}: {self.message}" if self.where else f"{self.rule}: {self.message}"


def tolerance(bound: float | Floats) -> Floats:
    """Return by how much a row with this bound may be exceeded (planning problem, Definitions)."""
    return np.asarray(1e-4 + 1e-7 * np.abs(bound))


def exceeds(measure: Floats, upper: Floats) -> Bools:
    """Return where a measure exceeds its upper bound by more than the tolerance; an infinite bound never."""
    finite = np.isfinite(upper)
    return np.asarray(finite & (measure - np.where(finite, upper, 0.0) > tolerance(upper)))


def listed(
    rule: str, broken: Bools, describe: Callable[..., tuple[str, str]], amount: Floats | None = None
) -> list[Breach]:
    """Return breaches of one rule for the true places of ``broken``, in order, the first :data:`LISTED` by name.

    ``describe`` is called with the indices of a place and returns where and message; ``amount`` has the shape of
    ``broken``.
    """
    places = [tuple(int(i) for i in place) for place in np.argwhere(broken)[:LISTED]]
    found = [
        Breach(rule, *describe(*place), 0.0 if amount is None else float(np.nan_to_num(amount[place])))
        for place in places
    ]
    more = int(np.count_nonzero(broken)) - len(places)
    return [*found, Breach(rule, "", f"{more} more places break this rule")] if more else found
