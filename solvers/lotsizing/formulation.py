"""A lot-sizing program and the places of its columns and rows.

:class:`solvers.core.program.Program` maximises and lot sizing minimises by custom: the program maximises minus the
cost, so ``cost = -objective`` and an upper bound of the program is minus a lower bound on the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.program import Bools, Floats, Ints, Program
from solvers.lotsizing.columns import NONE, RowWriter
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plan import LotSizingPlan, plan_of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Families:
    """Column numbers of the families all formulations share, int32, ``NONE`` (-1) where there is no column.

    ``production``, ``setup``, ``lost``, ``stock``, ``backlog`` [N, T]; ``overtime`` [Q, T].
    """

    production: Ints
    setup: Ints
    lost: Ints
    overtime: Ints
    stock: Ints
    backlog: Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Formulation:
    """A program with the places of its families.

    Columns as in :class:`Families`; ``assigned`` int32 [N, T, T] (item, start of the lot, period served) or of shape
    (0, 0, 0) in a plain formulation; ``forcing`` and ``capacity`` are row numbers [N, T] and [Q, T], ``NONE`` where
    there is no such row.
    """

    instance: LotSizingInstance
    program: Program
    families: Families
    assigned: Ints
    forcing: Ints
    capacity: Ints

    @property
    def production(self) -> Ints:
        """Columns of lots, [N, T]."""
        return self.families.production

    @property
    def setup(self) -> Ints:
        """Columns of set-ups, [N, T]."""
        return self.families.setup

    def read(self, x: Floats) -> LotSizingPlan:
        """Return the plan of a column vector: set-ups above one half, the rest recomputed from lots and lost sales."""
        return plan_of(
            self.instance,
            np.maximum(taken(x, self.production), 0.0),
            taken(x, self.setup) > 0.5,
            lost=np.clip(taken(x, self.families.lost), 0.0, self.instance.demand),
        )

    def start(self, plan: LotSizingPlan) -> Floats:
        """Return a column vector to start from, float64 with NaN where the plan says nothing."""
        x = np.full(self.program.columns, np.nan)
        for name in ("production", "setup", "lost", "overtime", "stock", "backlog"):
            place, given = getattr(self.families, name), getattr(plan, name)
            x[place[place >= 0]] = given[place >= 0]
        return x


def taken(x: Floats, place: Ints) -> Floats:
    """Return the values of columns, 0 where there is none."""
    return np.where(place >= 0, x[np.maximum(place, 0)], 0.0)


def startable(instance: LotSizingInstance) -> Bools:
    """Return bool [N, T]: the lots that arrive within the horizon."""
    arrival = np.arange(instance.periods)[None, :] + instance.lead_time[:, None]
    return arrival < instance.periods


def shifted(place: Ints, by: Ints) -> Ints:
    """Return ``place[i, t - by[i]]`` at [i, t], ``NONE`` before the first period."""
    start = np.arange(place.shape[1])[None, :] - by[:, None]
    return np.where(start >= 0, np.take_along_axis(place, np.maximum(start, 0), axis=1), NONE).astype(np.int32)


def write_forcing(rows: RowWriter, families: Families, most: Floats, kept: Bools) -> Ints:
    """Write ``x ≤ most·y`` where kept; return row numbers [N, T]."""
    kept = kept & (families.production >= 0)
    columns = np.stack([families.production[kept], families.setup[kept]], axis=1)
    values = np.stack([np.ones(len(columns)), -most[kept]], axis=1)
    numbers = np.full(kept.shape, NONE, dtype=np.int32)
    numbers[kept] = rows.write(columns, values, -np.inf, 0.0)
    return numbers


def write_smallest_lots(rows: RowWriter, instance: LotSizingInstance, families: Families) -> None:
    """Write ``x ≥ min_lot·y`` for the items that have one."""
    kept = (instance.min_lot > 0)[:, None] & (families.production >= 0)
    least = np.broadcast_to(instance.min_lot[:, None], kept.shape)[kept]
    columns = np.stack([families.production[kept], families.setup[kept]], axis=1)
    rows.write(columns, np.stack([np.ones(len(least)), -least], axis=1), 0.0, np.inf)


def write_capacity(rows: RowWriter, instance: LotSizingInstance, families: Families) -> Ints:
    """Write ``Σ unit_time·x + setup_time·y - overtime ≤ capacity`` where finite; return row numbers [Q, T]."""
    numbers = np.full(instance.capacity.shape, NONE, dtype=np.int32)
    for q in range(instance.resources):
        limited = np.isfinite(instance.capacity[q])
        needs, holds = instance.unit_time[:, q] > 0, instance.setup_time[:, q] > 0
        columns = np.concatenate(
            [families.production[needs], families.setup[holds], families.overtime[q : q + 1]], axis=0
        ).T
        values = np.concatenate([instance.unit_time[needs, q], instance.setup_time[holds, q], [-1.0]])
        numbers[q, limited] = rows.write(columns[limited], values, -np.inf, instance.capacity[q, limited])
    return numbers


def write_balances(rows: RowWriter, instance: LotSizingInstance, families: Families, which: Ints) -> None:
    """Write the balances of the items of ``which``, where a lot of parent p uses q_p units of the item each.

    ``stock_t - backlog_t - stock_{t-1} + backlog_{t-1} - x_{t-lead} - lost_t + Σ_p q_p·x_{p,t} = -demand_t``

    (initial stock in period 0), and ``backlog_t - backlog_{t-1} + lost_t ≤ demand_t`` where lots use the item, since
    only external demand may wait.
    """
    made = shifted(families.production, instance.lead_time)[which]
    lots, quantity = _lots_touching(instance, families.production, which, made)
    one = np.ones(len(which), dtype=np.int32)
    stock, backlog = families.stock[which], families.backlog[which]
    earlier_stock, earlier_backlog = shifted(stock, one), shifted(backlog, one)
    rest = np.stack([families.lost[which], earlier_stock, stock, earlier_backlog, backlog], axis=2)
    columns = np.concatenate([lots, rest], axis=2)
    signs = np.broadcast_to(np.array([-1.0, -1.0, 1.0, 1.0, -1.0]), rest.shape)
    values = np.concatenate([quantity, signs], axis=2)
    width = columns.shape[2]
    lower, upper = balance_bounds(instance, which)
    balances = len(which) * instance.periods
    rows.write(columns.reshape(-1, width), values.reshape(-1, width), lower[:balances], upper[:balances])
    late = _waiting(instance, which)
    waiting = np.stack([families.lost[which], earlier_backlog, backlog], axis=2)[late].reshape(-1, 3)
    rows.write(waiting, np.array([1.0, -1.0, 1.0]), lower[balances:], upper[balances:])


def balance_bounds(instance: LotSizingInstance, which: Ints) -> tuple[Floats, Floats]:
    """Return the lower and upper bounds of the rows :func:`write_balances` writes, in their order."""
    right = -instance.demand[which]
    right[:, 0] += instance.initial_stock[which]
    most = instance.demand[which][_waiting(instance, which)].ravel()
    lower = np.concatenate([right.ravel(), np.full(len(most), -np.inf)])
    return lower, np.concatenate([right.ravel(), most])


def _waiting(instance: LotSizingInstance, which: Ints) -> Bools:
    """Return bool of the length of ``which``: components whose external demand may wait."""
    return instance.is_component()[which] & np.isfinite(instance.backlog_cost[which])


def _lots_touching(instance: LotSizingInstance, production: Ints, which: Ints, made: Ints) -> tuple[Ints, Floats]:
    """Return columns and coefficients [n, T, K] of lots in the balances: the item's own and those of its parents."""
    place = np.full(instance.items, NONE)
    place[which] = np.arange(len(which))
    arcs = np.flatnonzero(place[instance.bom_component] >= 0)
    arcs = arcs[np.argsort(instance.bom_component[arcs], kind="stable")]
    component = instance.bom_component[arcs]
    first = np.searchsorted(component, component)
    slot = 1 + np.arange(len(arcs)) - first
    width = 1 + int(slot.max(initial=0))
    lots = np.full((len(which), instance.periods, width), NONE, dtype=np.int32)
    quantity = np.zeros(lots.shape)
    lots[:, :, 0], quantity[:, :, 0] = made, -1.0
    lots[place[component], :, slot] = production[instance.bom_parent[arcs]]
    quantity[place[component], :, slot] = instance.bom_quantity[arcs, None]
    if width > 1:
        order = np.argsort(lots, axis=2, kind="stable")
        lots, quantity = np.take_along_axis(lots, order, axis=2), np.take_along_axis(quantity, order, axis=2)
    return lots, quantity


def boxes(instance: LotSizingInstance, families: Families, largest_lot: Floats, columns: int) -> tuple[Floats, Floats]:
    """Return lower bounds 0 and finite upper bounds no optimal plan needs to exceed, for a program of ``columns``."""
    upper = np.ones(columns)
    total = instance.demand.sum(axis=1)
    stock = instance.initial_stock + largest_lot.sum(axis=1)
    busiest = instance.unit_time.T @ largest_lot + instance.setup_time.sum(axis=0)[:, None]
    for place, most in (
        (families.production, largest_lot),
        (families.setup, (largest_lot > 0).astype(np.float64)),
        (families.lost, instance.demand),
        (families.stock, np.repeat(stock[:, None], instance.periods, axis=1)),
        (families.backlog, np.repeat(total[:, None], instance.periods, axis=1)),
        (families.overtime, np.minimum(instance.overtime_most, busiest)),
    ):
        upper[place[place >= 0]] = most[place >= 0]
    return np.zeros(columns), upper
