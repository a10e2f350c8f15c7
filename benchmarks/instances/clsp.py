"""Capacitated lot-sizing instances with set-up times (the Trigeiro family).

File: ``N T``, unit cost, capacity per period, N rows ``use holding setup_time setup_cost``, then the demand: T rows of
N numbers, above 15 items in column blocks of 15 (all periods of the first 15 items, then all periods of the next, …);
remarks may follow. No stock at the start, no backlog, no overtime. Published values leave the unit cost out, since
every plan pays it alike.
Source: Trigeiro, Thomas and McClain, *Capacitated lot sizing with setup times*, Management Science 35(3), 1989.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.numbers import InstanceUnreadable, Numbers
from solvers.core.program import Floats

_ITEMS_PER_BLOCK = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ClspData:
    """One instance: N items, T periods, one resource with the same capacity every period.

    Attributes
    ----------
    unit_cost
        Money per unit made, the same for every item; not part of published values.
    capacity
        Capacity units per period.
    use, setup_time
        Capacity units per unit made and per set-up, shape (N,), float64.
    holding, setup_cost
        Money per unit in stock at the end of a period and per set-up, shape (N,), float64.
    demand
        Units, shape (N, T), float64.
    """

    unit_cost: float
    capacity: float
    use: Floats
    holding: Floats
    setup_time: Floats
    setup_cost: Floats
    demand: Floats

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        n = self.use.shape[0]
        if self.demand.ndim != 2 or self.demand.shape[0] != n:
            raise ValueError(f"demand has shape {self.demand.shape}, expected ({n}, periods)")
        for name in ("holding", "setup_time", "setup_cost"):
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected ({n},)")

    @property
    def items(self) -> int:
        """Number of items N."""
        return int(self.demand.shape[0])

    @property
    def periods(self) -> int:
        """Number of periods T."""
        return int(self.demand.shape[1])


def read_clsp(path: Path) -> ClspData:
    """Return the instance of a file.

    Raises
    ------
    InstanceUnreadable
        If the file is absent, cut off, or holds a word that does not fit its place.
    """
    numbers = Numbers.of_file(path)
    n, periods = numbers.count("the number of items"), numbers.count("the number of periods")
    unit_cost, capacity = numbers.not_negative(2, "unit cost and capacity: number")
    rows = numbers.not_negative(4 * n, "use, holding cost, set-up time and set-up cost of the items: number")
    use, holding, setup_time, setup_cost = np.ascontiguousarray(rows.reshape(n, 4).T)
    blocks = [
        numbers.not_negative(periods * width, f"demand of items {first + 1} to {first + width}: number")
        .reshape(periods, width)
        .T
        for first in range(0, n, _ITEMS_PER_BLOCK)
        for width in [min(_ITEMS_PER_BLOCK, n - first)]
    ]
    numbers.end(remarks=True)
    return ClspData(
        unit_cost=float(unit_cost),
        capacity=float(capacity),
        use=use,
        holding=holding,
        setup_time=setup_time,
        setup_cost=setup_cost,
        demand=np.ascontiguousarray(np.concatenate(blocks)),
    )


__all__ = ["ClspData", "InstanceUnreadable", "read_clsp"]
