"""The partner's budget problem as a mixed-integer program for any backend.

Sets and constraints are those of `budget`. Columns: ``x[t,l]``, matched ``m[t]``, carried ``b[t]``, violations, and for
every scope and tier a binary and a copy of the span's spending that is zero unless the tier is chosen (the convex hull
of the tiers' pieces, scope by scope, as in `purchase`). Written down apart from the network behind `spend`, so that the
two check each other. ``parts`` counts spending in parts of a unit and money in 1/BASIS, and makes every column whole:
a program for solvers that know whole numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import UNLIMITED, Limits, Solution
from solvers.incentives.budget import BASIS, BudgetInstance, SpanRebate
from solvers.incentives.draft import Draft


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BudgetFormulation:
    """The program, where its spending ``piece`` columns [T, L] stand, and what its objective is a multiple of."""

    program: Program
    piece: Ints
    parts: int
    money: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BudgetSolution:
    """``spend`` [T], None without an incumbent; ``value`` and ``bound`` are the solver's claims in money."""

    spend: Floats | None
    value: float
    bound: float
    solution: Solution


@dataclass(slots=True, eq=False)
class _Writer:
    """The program while it is written: ``scale`` parts per unit, ``money`` per unit of money, ``whole`` columns."""

    draft: Draft
    instance: BudgetInstance
    scale: float
    money: float
    whole: bool
    piece: Ints

    def columns(self, money: Floats | float, most: Floats | float) -> Ints:
        """Append columns that earn ``money`` and take up to ``most`` units."""
        worth = np.asarray(money) * self.money / self.scale
        return self.draft.add_columns(
            np.rint(worth) if self.whole else worth, np.asarray(most) * self.scale, integer=self.whole
        )


def formulate_budget(instance: BudgetInstance, *, parts: int | None = None) -> BudgetFormulation:
    """Write the program down; with ``parts`` all columns are whole, in that many parts of a unit."""
    whole, scale = parts is not None, float(parts or 1)
    money = float(BASIS * scale) if whole else 1.0
    draft = Draft()
    writer = _Writer(draft, instance, scale, money, whole, np.zeros((0, 0), dtype=np.int32))
    writer.piece = writer.columns(instance.worth - instance.cost[:, None], instance.size)
    _add_match(writer)
    _add_fund(writer)
    _add_rows(writer)
    for rebate in instance.rebates:
        _add_rebate(writer, rebate)
    return BudgetFormulation(program=draft.program(), piece=writer.piece, parts=parts or 1, money=money)


def _add_match(writer: _Writer) -> None:
    instance, draft = writer.instance, writer.draft
    match = writer.columns(instance.share * instance.cost, np.minimum(instance.matched, instance.most))
    rows = draft.add_rows(np.full(instance.periods, -np.inf), 0.0)
    draft.put(rows, match, 1.0)
    draft.put(rows[:, None], writer.piece, -1.0)
    if np.isfinite(instance.own_budget):
        row = draft.add_rows([-np.inf], [instance.own_budget * writer.scale * BASIS])
        draft.put(row, writer.piece, np.broadcast_to(BASIS * instance.cost[:, None], writer.piece.shape))
        draft.put(row, match, -np.rint(BASIS * instance.share) * instance.cost)


def _add_fund(writer: _Writer) -> None:
    instance, draft = writer.instance, writer.draft
    enough = float(instance.most.sum())
    carried = writer.columns(0.0, np.minimum(instance.carry, enough))
    rows = draft.add_rows(np.full(instance.periods, -np.inf), np.minimum(instance.release, enough) * writer.scale)
    draft.put(rows, carried, 1.0)
    draft.put(rows[1:], carried[:-1], -1.0)
    draft.put(rows[:, None], writer.piece, 1.0)


def _add_rows(writer: _Writer) -> None:
    rows, draft, scale = writer.instance.rows, writer.draft, writer.scale
    enough = float(writer.instance.most.sum())
    numbers = draft.add_rows(rows.lower * scale, rows.upper * scale)
    for k in range(rows.count):
        draft.put(numbers[k], writer.piece[rows.first[k] : rows.last[k] + 1], 1.0)
    for sign, bounded in ((1.0, np.isfinite(rows.lower)), (-1.0, np.isfinite(rows.upper))):
        soft = np.flatnonzero(bounded & np.isfinite(rows.penalty))
        most = np.maximum(sign * (rows.lower if sign > 0 else rows.upper)[soft], 0.0) + (sign < 0) * enough
        draft.put(numbers[soft], writer.columns(-rows.penalty[soft], most), sign)


def _add_rebate(writer: _Writer, rebate: SpanRebate) -> None:
    instance, draft = writer.instance, writer.draft
    span = slice(rebate.first, rebate.last + 1)
    most, cost = instance.most[span] * writer.scale, instance.cost[span]
    tiers = [(0.0, 0.0), *zip(rebate.threshold.tolist(), rebate.rate.tolist(), strict=True)]
    one = draft.add_rows([1.0], [1.0])
    split = draft.add_rows(np.zeros(len(cost)), 0.0)
    draft.put(split[:, None], writer.piece[span], -1.0)
    for threshold, rate in tiers:
        chosen = draft.add_columns([0.0], 1.0, integer=True)
        part = writer.columns(rate * cost, instance.most[span])
        draft.put(one, chosen, 1.0)
        draft.put(split, part, 1.0)
        gate = draft.add_rows(np.full(len(cost), -np.inf), 0.0)
        draft.put(gate, part, 1.0)
        draft.put(gate, chosen, -most)
        reached = draft.add_rows([0.0], [np.inf])
        draft.put(reached, part, 1.0)
        draft.put(reached, chosen, -threshold * writer.scale)


def solve_budget_with(
    instance: BudgetInstance, backend: Backend, *, parts: int | None = None, limits: Limits = UNLIMITED
) -> BudgetSolution:
    """Solve with any backend that solves mixed-integer programs; ``parts`` as in :func:`formulate_budget`."""
    formulation = formulate_budget(instance, parts=parts)
    return read_budget(instance, formulation, backend.load(formulation.program).solve(limits=limits))


def read_budget(instance: BudgetInstance, formulation: BudgetFormulation, solution: Solution) -> BudgetSolution:
    """Return the spending per period, in units and money."""
    bound = solution.bound / formulation.money
    if solution.x is None or solution.objective is None:
        return BudgetSolution(spend=None, value=-np.inf, bound=bound, solution=solution)
    pieces = np.clip(solution.x[formulation.piece] / formulation.parts, 0.0, instance.size)
    value = solution.objective / formulation.money
    return BudgetSolution(spend=pieces.sum(axis=1), value=value, bound=bound, solution=solution)
