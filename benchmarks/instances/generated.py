"""Seeded instances of the public families, for sizes the files do not have and for runs without a data folder.

The same arguments give the same instance on every machine. Sources: assignment types A to D of Chu and Beasley, *A
genetic algorithm for the generalised assignment problem* (1997), E of Yagiura, Ibaraki and Glover (2004),
multiple-choice knapsacks after Khan (2002), lot sizing after Trigeiro, Thomas and McClain (1989).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.instances.clsp import ClspData
from benchmarks.instances.gap import GapData
from benchmarks.instances.mmkp import MmkpData
from solvers.coordination.block_files import BlockMip
from solvers.coordination.block_problem import MASTER
from solvers.core.program import Ints
from solvers.network.mps_reader import MpsData

GAP_KINDS = "cde"


def generated_gap(kind: str, *, agents: int, jobs: int, seed: int) -> GapData:
    """Return an assignment instance of type "c" (uncorrelated), "d" or "e" (cost against use), all whole numbers.

    Raises
    ------
    ValueError
        If there is no such type.
    """
    if kind not in GAP_KINDS:
        raise ValueError(f"there is no type {kind!r} of generated assignment; choose one of {', '.join(GAP_KINDS)}")
    chance, shape = np.random.default_rng(seed), (agents, jobs)
    if kind == "c":
        use, cost = chance.integers(5, 26, shape), chance.integers(10, 51, shape)
    elif kind == "d":
        use = chance.integers(1, 101, shape)
        cost = 111 - use + chance.integers(-10, 11, shape)
    else:
        use = np.maximum(1, np.rint(1 - 10 * np.log(1 - chance.random(shape))))
        cost = np.maximum(0, np.rint(1000 / use - 10 * chance.random(shape)))
    capacity = np.floor(0.8 * use.sum(axis=1) / agents)
    return GapData(cost=cost.astype(np.float64), use=use.astype(np.float64), capacity=capacity)


def generated_mmkp(*, classes: int, items: int, resources: int, seed: int) -> MmkpData:
    """Return a knapsack instance in whole numbers whose value grows with use; the least of each class is feasible."""
    chance = np.random.default_rng(seed)
    use = chance.integers(0, 10, (classes, items, resources)).astype(np.float64)
    value = np.rint(use.sum(axis=2) + 5 * resources * chance.random((classes, items)))
    least = use[np.arange(classes), use.sum(axis=2).argmin(axis=1)].sum(axis=0)
    return MmkpData(value=value, use=use, capacity=np.maximum(4.0 * classes, least))


def generated_block_mip(*, blocks: int, products: int, seed: int) -> BlockMip:
    """Return a block-angular model: lots of each product in each block, within the block's capacity, for common demand.

    Columns: lots x_bp ∈ {0..5} at ``b·products + p``, then a continuous shortfall per product, dear enough to be a last
    resort. Rows: one capacity row per block, then one linking demand row per product.
    """
    chance, n = np.random.default_rng(seed), blocks * products
    hours = chance.integers(2, 10, n).astype(np.float64)
    size = chance.integers(3, 12, n).astype(np.float64)
    block, product = np.divmod(np.arange(n), products)
    capacity = np.floor(1.6 * np.bincount(block, hours))
    demand = np.bincount(product, size) + chance.integers(0, 3, products)
    columns = n + products
    shortfall = np.arange(n, columns)
    return BlockMip(
        model=MpsData(
            maximise=False,
            cost=np.concatenate((chance.integers(5, 40, n).astype(np.float64), np.full(products, 100.0))),
            offset=0.0,
            column_names=(
                *(f"lots[{b},{p}]" for b, p in zip(block, product, strict=True)),
                *(f"shortfall[{p}]" for p in range(products)),
            ),
            lower=np.zeros(columns),
            upper=np.concatenate((np.full(n, 5.0), np.full(products, np.inf))),
            integer=np.arange(columns) < n,
            row_names=(*(f"capacity[{b}]" for b in range(blocks)), *(f"demand[{p}]" for p in range(products))),
            row_lower=np.concatenate((np.full(blocks, -np.inf), demand)),
            row_upper=np.concatenate((capacity, np.full(products, np.inf))),
            entry_row=np.concatenate((block, blocks + product, blocks + np.arange(products))).astype(np.int32),
            entry_column=np.concatenate((np.arange(n), np.arange(n), shortfall)).astype(np.int32),
            entry_value=np.concatenate((hours, size, np.ones(products))),
        ),
        row_block=_with_linking(np.arange(blocks), products),
        column_block=_with_linking(block, products),
    )


def generated_clsp(*, items: int, periods: int, seed: int, utilisation: float = 0.9, cycle: float = 2.0) -> ClspData:
    """Return a lot-sizing instance in whole numbers like Trigeiro's, feasible without backlog.

    `utilisation` is the share of capacity that making every demand in its period takes, set-ups included; `cycle` is
    the time between orders, in periods, at which set-up and holding cost balance.

    Raises
    ------
    ValueError
        If `utilisation` is not within 0 and 1 or `cycle` not positive.
    """
    if not 0 < utilisation <= 1 or not cycle > 0:
        raise ValueError(
            f"utilisation must be in (0, 1] and cycle above 0, got {utilisation} and {cycle}; tighter is not feasible"
        )
    chance = np.random.default_rng(seed)
    demand = np.maximum(0, np.rint(chance.normal(100, 30, (items, periods))))
    # A quarter of the first periods is without demand, so that there is time to build stock.
    early = max(1, periods // 5)
    demand[:, :early] *= chance.random((items, early)) >= 0.25
    holding = chance.integers(8, 13, items) / 10
    setup_time = chance.integers(5, 18, items).astype(np.float64)
    setup_cost = np.rint(holding * demand.mean(axis=1) * cycle**2 / 2)
    mean_load = (demand.sum() + (setup_time[:, None] * (demand > 0)).sum()) / periods
    # Setting up everything always still serves all demand on time within this capacity.
    always = setup_time.sum() + np.max(np.cumsum(demand.sum(axis=0)) / np.arange(1, periods + 1))
    return ClspData(
        unit_cost=1.0,
        capacity=float(np.ceil(max(mean_load / utilisation, always))),
        use=np.ones(items),
        holding=holding,
        setup_time=setup_time,
        setup_cost=setup_cost,
        demand=demand,
    )


def _with_linking(block: npt.NDArray[np.integer[Any]], more: int) -> Ints:
    return np.concatenate((block, np.full(more, MASTER))).astype(np.int32)
