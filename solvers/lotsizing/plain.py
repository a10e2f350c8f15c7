"""The plain formulation: lots, set-ups, stock, backlog, lost sales, overtime.

Sets: items i, resources q, periods t; parents P(i) of i in the bill of materials. Variables: lots ``x ≥ 0``, set-ups
``y ∈ {0,1}``, stock ``s``, backlog ``b`` (0 in the last period), lost sales ``0 ≤ u ≤ d``, overtime ``o``.

    min  Σ f·y + c·x + h·s + β·b + σ·u + ω·o
    s.t. s[i,t] - b[i,t] = s[i,t-1] - b[i,t-1] + x[i,t-lead] - Σ_{p∈P(i)} r[p,i]·x[p,t] - d[i,t] + u[i,t]
         x[i,t] ≤ M[i,t]·y[i,t],   M = min(remaining echelon demand, capacity less set-up, largest lot)
         x[i,t] ≥ min_lot[i]·y[i,t]
         Σ_i unit_time[i,q]·x[i,t] + setup_time[i,q]·y[i,t] - o[q,t] ≤ capacity[q,t],   o ≤ overtime_most
         b[i,t] - b[i,t-1] + u[i,t] ≤ d[i,t]  for components with backlog: only external demand may wait

Source: Trigeiro, Thomas, McClain (1989); Pochet and Wolsey (2006), ch. 12-13. The sparsity pattern does not depend on
demand, prices or the amounts of capacity, so a loaded program can follow their changes.
"""

from __future__ import annotations

import numpy as np

from solvers.core.program import Bools, Floats, Program
from solvers.lotsizing.columns import ColumnCounter, RowWriter
from solvers.lotsizing.formulation import (
    Families,
    Formulation,
    boxes,
    startable,
    write_balances,
    write_capacity,
    write_forcing,
    write_smallest_lots,
)
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.requirements import requirements


def plain_formulation(instance: LotSizingInstance) -> Formulation:
    """Return the plain formulation of an instance."""
    count = ColumnCounter()
    families = families_of(instance, count, np.ones(instance.items, dtype=np.bool_))
    most = requirements(instance).largest_lot
    rows = RowWriter()
    write_balances(rows, instance, families, np.arange(instance.items, dtype=np.int32))
    forcing = write_forcing(rows, families, most, np.ones(most.shape, dtype=np.bool_))
    write_smallest_lots(rows, instance, families)
    capacity = write_capacity(rows, instance, families)
    matrix, row_lower, row_upper = rows.finish(count.count)
    lower, upper = boxes(instance, families, most, count.count)
    program = Program(
        objective=-costs(instance, families, count.count),
        lower=lower,
        upper=upper,
        integer=integrality(families, count.count),
        rows=matrix,
        row_lower=row_lower,
        row_upper=row_upper,
    )
    return Formulation(
        instance=instance,
        program=program,
        families=families,
        assigned=np.zeros((0, 0, 0), dtype=np.int32),
        forcing=forcing,
        capacity=capacity,
    )


def families_of(instance: LotSizingInstance, count: ColumnCounter, stocked: Bools, *, setups: bool = True) -> Families:
    """Return numbers for the shared families; ``stocked`` items (bool [N]) have columns of stock and backlog."""
    made = startable(instance)
    everywhere = np.ones(made.shape, dtype=np.bool_)
    inner = everywhere.copy()
    inner[:, -1] = False
    return Families(
        production=count.family(made),
        setup=count.family(made & setups),
        lost=count.family(everywhere & np.isfinite(instance.shortage_cost)[:, None]),
        overtime=count.family(np.isfinite(instance.capacity)),
        stock=count.family(everywhere & stocked[:, None]),
        backlog=count.family(inner & (np.isfinite(instance.backlog_cost) & stocked)[:, None]),
    )


def costs(instance: LotSizingInstance, families: Families, columns: int) -> Floats:
    """Return the costs of the shared families, float64 of shape (columns,), 0 elsewhere."""
    cost = np.zeros(columns)
    shape = instance.demand.shape
    for place, price in (
        (families.production, instance.unit_cost),
        (families.setup, instance.setup_cost),
        (families.lost, np.broadcast_to(instance.shortage_cost[:, None], shape)),
        (families.stock, instance.holding_cost),
        (families.backlog, np.broadcast_to(instance.backlog_cost[:, None], shape)),
        (families.overtime, instance.overtime_cost),
    ):
        cost[place[place >= 0]] = price[place >= 0]
    return cost


def integrality(families: Families, columns: int) -> Bools:
    """Return bool of shape (columns,): True for set-ups."""
    integer = np.zeros(columns, dtype=np.bool_)
    integer[families.setup[families.setup >= 0]] = True
    return integer
