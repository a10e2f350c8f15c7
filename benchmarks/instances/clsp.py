"""Capacitated lot-sizing instances with set-up times (the Trigeiro family).

File: ``N T``, unit cost, capacity per period, N rows ``use holding setup_time setup_cost``, then the demand: T rows of
N numbers, above 15 items in column blocks of 15 (all periods of the first 15 items, then all periods of the next, …);
remarks may follow. No stock at the start, no backlog, no overtime. Published values leave the unit cost out, since
every plan pays it alike.
Source: Trigeiro, Thomas and McClain, *Capacitated lot sizing with setup times*, Management Science 35(3), 1989.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.claims import Checked, checked_point
from benchmarks.instances.numbers import Numbers
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


def check_clsp(data: ClspData, *, quantity: Floats, setup: Floats) -> Checked:
    """Return cost without unit cost and violated constraints of quantities and set-ups, both of shape (N, T).

    Set-ups are rounded to whole numbers first; how far they were from whole counts as a violation.

    Raises
    ------
    ValueError
        If the arrays are of another size.
    """
    whole, broken = checked_point(setup, data.demand.size, upper=1.0)
    set_up = whole.reshape(data.demand.shape)
    if quantity.shape != data.demand.shape or not np.isfinite(quantity).all():
        raise ValueError(f"{data.demand.shape} finite quantities were expected, got an array of {quantity.shape}")
    stock = np.cumsum(quantity - data.demand, axis=1)
    load = (data.use[:, None] * quantity + data.setup_time[:, None] * set_up).sum(axis=0)
    for amount, text in (
        (-quantity, "item {} makes less than nothing in period {}"),
        (np.where(set_up == 0, quantity, 0.0), "item {} is made in period {} without a set-up"),
        (-stock, "item {} is short at the end of period {}"),
    ):
        broken += [
            (float(amount[i, t]), text.format(i + 1, t + 1)) for i, t in zip(*np.nonzero(amount > 0), strict=True)
        ]
    over = load - data.capacity
    broken += [
        (float(over[t]), f"period {t + 1} uses {load[t]:g} of {data.capacity:g}") for t in np.flatnonzero(over > 0)
    ]
    cost = data.holding[:, None] * stock + data.setup_cost[:, None] * set_up
    return Checked.of(value=math.fsum(cost.ravel()), broken=broken)
