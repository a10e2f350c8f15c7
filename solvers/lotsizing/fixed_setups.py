"""Lots for given set-ups: the linear program that remains, small enough to answer a change at once.

With the set-ups ``y`` fixed, the plain formulation loses its integer columns and its forcing rows; what they said
becomes bounds of the lots and room in the capacity rows:

    min  c·x + h·s + β·b + σ·u + ω·o
    s.t. the balance rows of :mod:`solvers.lotsizing.plain`
         min_lot[i]·y[i,t] ≤ x[i,t] ≤ max_lot[i]·y[i,t]
         Σ_i unit_time[i,q]·x[i,t] - o[q,t] ≤ capacity[q,t] - Σ_i setup_time[i,q]·y[i,t]

Demand, set-ups and capacity stand in bounds and prices in the objective, so a loaded program follows all of them and
goes on from its last basis. A set-up that can only make waste is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from solvers.core.backend import Backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Ints, Program
from solvers.core.termination import UNLIMITED, Limits
from solvers.lotsizing.columns import ColumnCounter, RowWriter
from solvers.lotsizing.follow import follow, refuse_structure
from solvers.lotsizing.formulation import balance_bounds, taken, write_balances, write_capacity
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import costs, families_of
from solvers.lotsizing.plan import LotSizingPlan, plan_of
from solvers.lotsizing.requirements import largest_lot


class FixedSetups:
    """The linear program of an instance with given set-ups, loaded into a backend."""

    def __init__(self, instance: LotSizingInstance, setup: Bools, backend: Backend) -> None:
        count = ColumnCounter()
        self._families = families_of(instance, count, np.ones(instance.items, dtype=np.bool_), setups=False)
        rows = RowWriter()
        write_balances(rows, instance, self._families, _every_item(instance))
        write_capacity(rows, instance, self._families)
        self._rows, _, _ = rows.finish(count.count)
        self.instance, self._setup = instance, setup
        self._program = self._program_of(instance, setup)
        self._model = backend.load(self._program)

    def change(self, *, setup: Bools | None = None, **tables: Any) -> None:
        """Replace set-ups, bool [N, T], or tables of the instance, named and shaped as at its birth.

        Raises InvalidProgram where a loaded program cannot follow; the model then stands as before.
        """
        refuse_structure(tables)
        instance = replace(self.instance, **tables)
        if not np.array_equal(np.isfinite(instance.capacity), np.isfinite(self.instance.capacity)):
            raise InvalidProgram("the change brings or takes away a limit of capacity; load a new model")
        for name in ("backlog_cost", "shortage_cost"):
            if not np.array_equal(np.isfinite(getattr(instance, name)), np.isfinite(getattr(self.instance, name))):
                raise InvalidProgram(f"the change of {name} allows or forbids what was not before; load a new model")
        kept = self._setup if setup is None else setup
        program = self._program_of(instance, kept)
        follow(self._model, self._program, program)
        self.instance, self._setup, self._program = instance, kept, program

    def solve(self, *, limits: Limits = UNLIMITED) -> LotSizingPlan | None:
        """Return the cheapest plan with these set-ups, less those no lot uses; None without one in the limits."""
        solution = self._model.solve(limits=limits)
        if solution.x is None:
            return None
        production = np.maximum(taken(solution.x, self._families.production), 0.0)
        lost = np.clip(taken(solution.x, self._families.lost), 0.0, self.instance.demand)
        return plan_of(self.instance, production, production > 0, lost=lost)

    def _program_of(self, instance: LotSizingInstance, setup: Bools) -> Program:
        """Return the program; its rows never change, only their bounds do."""
        families, columns = self._families, self._rows.columns
        used = setup & (largest_lot(instance) > 0)
        lower, upper = np.zeros(columns), np.full(columns, np.inf)
        made, lost, overtime = families.production >= 0, families.lost >= 0, families.overtime >= 0
        upper[families.production[made]] = np.where(used, instance.max_lot[:, None], 0.0)[made]
        lower[families.production[made]] = np.where(used, instance.min_lot[:, None], 0.0)[made]
        upper[families.lost[lost]] = instance.demand[lost]
        upper[families.overtime[overtime]] = instance.overtime_most[overtime]
        balance_lower, balance_upper = balance_bounds(instance, _every_item(instance))
        room = (instance.capacity - instance.setup_time.T @ used)[np.isfinite(instance.capacity)]
        return Program(
            objective=-costs(instance, families, columns),
            lower=lower,
            upper=upper,
            integer=np.zeros(columns, dtype=np.bool_),
            rows=self._rows,
            row_lower=np.concatenate([balance_lower, np.full(len(room), -np.inf)]),
            row_upper=np.concatenate([balance_upper, room]),
        )


def _every_item(instance: LotSizingInstance) -> Ints:
    return np.arange(instance.items, dtype=np.int32)
