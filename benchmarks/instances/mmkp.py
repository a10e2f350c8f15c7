"""Multiple-choice multi-dimensional knapsack: exactly one item of every class, at most value, within all resources.

File: ``n l m``, m resources, then per class its number and l rows ``value use_1 … use_m``; remarks may follow.
Source of the format: Khan, *Solving the knapsack problem for adaptive multimedia system*, Studia Informatica
Universalis 2(1), 2002.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.claims import Checked, checked_point
from benchmarks.instances.numbers import Numbers
from solvers.core.program import Floats, Program, SparseRows

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MmkpData:
    """One instance: ``value`` (n classes, l items), ``use`` (n, l, m resources), ``capacity`` (m,), none negative."""

    value: Floats
    use: Floats
    capacity: Floats

    def __post_init__(self) -> None:
        if self.value.ndim != 2 or self.use.shape != (*self.value.shape, *self.capacity.shape):
            raise ValueError(
                f"value {self.value.shape}, use {self.use.shape} and capacity {self.capacity.shape} do not fit together"
            )


def read_mmkp(path: Path) -> MmkpData:
    """Return the instance of a file.

    Raises
    ------
    InstanceUnreadable
        If the file is absent, cut off, or holds a word that does not fit its place.
    """
    numbers = Numbers.of_file(path)
    n = numbers.count("the number of classes")
    l, m = numbers.count("the number of items per class"), numbers.count("the number of resources")
    capacity = numbers.not_negative(m, "resource")
    classes = []
    for number in range(1, n + 1):
        found = numbers.number(f"the number of class {number}")
        if found != number:
            raise numbers.unreadable(f"expected the number of class {number}, found {found:g}")
        classes.append(numbers.not_negative(l * (m + 1), f"value and uses of class {number}: number").reshape(l, m + 1))
    numbers.end(remarks=True)
    table = np.stack(classes)
    return MmkpData(value=table[:, :, 0].copy(), use=table[:, :, 1:].copy(), capacity=capacity)


def mmkp_program(data: MmkpData) -> Program:
    """Return the program ``max Σ v_gj x_gj``.

    Columns x_gj ∈ {0, 1} at ``g·l + j``: item j is taken of class g. Rows: n classes, ``Σ_j x_gj = 1``; then m
    resources, ``Σ_gj r_gjk x_gj ≤ R_k``.
    """
    n, l = data.value.shape
    columns = np.arange(n * l)
    use = data.use.reshape(n * l, -1)
    taken, resource = np.nonzero(use)
    return Program(
        objective=data.value.ravel(),
        lower=np.zeros(n * l),
        upper=np.ones(n * l),
        integer=np.ones(n * l, dtype=np.bool_),
        rows=SparseRows.from_triplets(
            np.concatenate((columns // l, n + resource)),
            np.concatenate((columns, taken)),
            np.concatenate((np.ones(n * l), use[taken, resource])),
            n + len(data.capacity),
            n * l,
        ),
        row_lower=np.concatenate((np.ones(n), np.full(len(data.capacity), -np.inf))),
        row_upper=np.concatenate((np.ones(n), data.capacity)),
    )


def check_mmkp(data: MmkpData, x: Floats) -> Checked:
    """Return value and violated constraints of a point of shape (n·l,) or (n, l), from the instance itself.

    Entries are rounded to whole numbers first; how far they were from whole counts as a violation.

    Raises
    ------
    ValueError
        If the point is of another size.
    """
    point, broken = checked_point(x, data.value.size, upper=1.0)
    taken = point.reshape(data.value.shape)
    times = taken.sum(axis=1)
    broken += [(abs(t - 1.0), f"class {g + 1} has {t:g} items") for g, t in enumerate(times) if t != 1]
    load = np.array([math.fsum((data.use[:, :, k] * taken).ravel()) for k in range(len(data.capacity))])
    broken += [
        (float(load[k] - data.capacity[k]), f"resource {k + 1} uses {load[k]:g} of {data.capacity[k]:g}")
        for k in np.flatnonzero(load > data.capacity)
    ]
    return Checked.of(value=math.fsum((data.value * taken).ravel()), broken=broken)


def mmkp_bound(data: MmkpData, price: Floats) -> float:
    """Return an upper bound from prices per unit of the resources (m,), rounded outward.

    ``Σ_k λ_k R_k + Σ_g max_j (v_gj − Σ_k λ_k r_gjk)``, λ = max(price, 0): at best the value of the linear relaxation.
    """
    rate = np.maximum(price, 0.0)
    spent = data.use @ rate
    roundings = (len(rate) + 3) * _UNIT * 2
    net = data.value - spent + roundings * (data.value + spent)
    terms = [*net.max(axis=1), *(rate * data.capacity * (1 + 4 * _UNIT))]
    # Adding the error to `net` rounds once more, within twice the unit of its size.
    terms.append(4 * _UNIT * float(np.abs(net).max(axis=1).sum()))
    return math.nextafter(math.fsum(terms), math.inf)
