"""Formulations with set-ups fixed in part, the step of every heuristic here, and plans that were checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats
from solvers.core.termination import UNLIMITED, Limits
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plan import LotSizingPlan, plan_of
from solvers.lotsizing.verify import recompute

IDLE = 1e-9
"""A lot up to this size makes nothing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CheckedPlan:
    """A plan that keeps every constraint, with its cost, both recomputed from the data."""

    plan: LotSizingPlan
    cost: float


def checked(instance: LotSizingInstance, plan: LotSizingPlan) -> CheckedPlan | None:
    """Return the plan without set-ups for nothing, or None where it breaks a constraint.

    A set-up without a lot only costs money and time, except where a released smallest lot would be missing, and then
    the plan is refused anyway.
    """
    made = plan.setup & (plan.production > IDLE)
    kept = plan_of(instance, np.where(made, plan.production, 0.0), made, lost=plan.lost)
    stands = recompute(instance, kept)
    return None if stands.violated else CheckedPlan(plan=kept, cost=stands.cost)


def better(left: CheckedPlan | None, right: CheckedPlan | None) -> CheckedPlan | None:
    """Return the cheaper plan, the left one among equals; None is worse than any."""
    if left is None or right is None:
        return right if left is None else left
    return right if right.cost < left.cost - 1e-9 * max(1.0, abs(left.cost)) else left


def start_of(formulation: Formulation, plan: LotSizingPlan) -> Floats:
    """Return the plan as columns to start from, within their bounds: a backend may refuse what misses one by dust."""
    return np.clip(formulation.start(plan), formulation.program.lower, formulation.program.upper)


class RestrictedModel:
    """A formulation loaded once, solved again and again with some set-ups free and the others fixed."""

    def __init__(self, formulation: Formulation, backend: Backend) -> None:
        self.formulation = formulation
        self._model = backend.load(formulation.program)

    def solve(
        self, setup: Bools, free: Bools, *, limits: Limits = UNLIMITED, start: LotSizingPlan | None = None
    ) -> CheckedPlan | None:
        """Return the best plan found with the set-ups of ``setup`` wherever ``free`` is False, both bool [N, T]."""
        place, program = self.formulation.setup, self.formulation.program
        kept = place >= 0
        columns, value = place[kept], setup[kept].astype(np.float64)
        lower = np.where(free[kept], program.lower[columns], np.minimum(value, program.upper[columns]))
        upper = np.where(free[kept], program.upper[columns], lower)
        self._model.set_column_bounds(columns, lower, upper)
        linear = bool((lower == upper).all())
        begin = None if start is None or linear else start_of(self.formulation, start)
        found = self._model.solve(limits=limits, start=begin, relaxed=linear)
        return None if found.x is None else checked(self.formulation.instance, self.formulation.read(found.x))


def with_integers(formulation: Formulation, which: Bools) -> Formulation:
    """Return the formulation in which only the set-ups of ``which``, bool [N, T], are whole."""
    integer = np.zeros(formulation.program.columns, dtype=np.bool_)
    place = formulation.setup[which]
    integer[place[place >= 0]] = True
    return replace(formulation, program=replace(formulation.program, integer=integer))
