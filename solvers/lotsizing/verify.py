"""Cost and every constraint of a lot-sizing plan recomputed from the data, and bounds that need no solver."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from solvers.core.program import Floats, Program
from solvers.core.weak_duality import program_bound, sign_correct
from solvers.lotsizing.formulation import startable
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plan import LotSizingPlan, position_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """``cost`` of a plan, its largest ``violation`` and the worst of each kind above the tolerance, in words.

    A violation is measured relative to the larger of 1 and the number it should keep to.
    """

    cost: float
    violation: float
    violated: tuple[str, ...]


def recompute(instance: LotSizingInstance, plan: LotSizingPlan, *, tolerance: float = 1e-6) -> Recomputed:
    """Return cost and violations of a plan; costs are summed with one rounding."""
    found = [(name, excess, np.abs(limit)) for name, excess, limit in _excesses(instance, plan)]
    worst, words = 0.0, []
    for name, excess, limit in found:
        scaled = np.nan_to_num(excess / np.maximum(1.0, np.where(np.isfinite(limit), limit, 1.0)), nan=np.inf)
        if not scaled.size or scaled.max() <= 0:
            continue
        worst = max(worst, float(scaled.max()))
        if scaled.max() > tolerance:
            place = tuple(int(k) for k in np.unravel_index(int(scaled.argmax()), scaled.shape))
            words.append(f"{name} {list(place)} by {float(excess[place]):.6g}")
    return Recomputed(cost=cost_of(instance, plan), violation=worst, violated=tuple(words))


def cost_of(instance: LotSizingInstance, plan: LotSizingPlan) -> float:
    """Return the cost of a plan; what is not allowed and does not happen costs nothing."""
    terms = (
        instance.setup_cost * plan.setup,
        instance.unit_cost * plan.production,
        instance.holding_cost * plan.stock,
        _priced(instance.backlog_cost[:, None], plan.backlog),
        _priced(instance.shortage_cost[:, None], plan.lost),
        instance.overtime_cost * plan.overtime,
    )
    return math.fsum(value for term in terms for value in term.ravel().tolist())


def lower_bound(program: Program, row_dual: Floats) -> float:
    """Return a lower bound on the cost from multipliers of any formulation's rows; any multipliers give one.

    ``program`` is a formulation's (it maximises minus the cost), ``row_dual`` float64 [rows] as in
    :class:`solvers.core.termination.Solution`. Weak duality in outward-rounded arithmetic.
    """
    return -program_bound(program, sign_correct(row_dual, program.row_lower, program.row_upper))


def _priced(price: Floats, amount: Floats) -> Floats:
    shown = np.broadcast_to(price, amount.shape)
    return np.where(amount == 0, 0.0, np.where(np.isfinite(shown), shown, 0.0) * amount)


def _excesses(instance: LotSizingInstance, plan: LotSizingPlan) -> list[tuple[str, Floats, Floats]]:
    """Return (what is broken, by how much where positive, the number it should keep to)."""
    x, lost, demand = plan.production, plan.lost, instance.demand
    zero = np.zeros_like(demand)
    most = np.where(startable(instance) & plan.setup, instance.max_lot[:, None], 0.0)
    least = np.where(plan.setup, instance.min_lot[:, None], 0.0)
    position = position_of(instance, x, lost)
    waiting = np.where(np.isfinite(instance.backlog_cost)[:, None], np.inf, zero)
    waiting[:, -1] = 0.0
    rise = np.diff(plan.backlog, axis=1, prepend=0.0) + lost
    internal = np.where(instance.is_component()[:, None], rise - demand, 0.0)
    losing = np.where(np.isfinite(instance.shortage_cost)[:, None], demand, 0.0)
    used = instance.unit_time.T @ x + instance.setup_time.T @ plan.setup
    signs = [
        (f"{name} below 0 at", -getattr(plan, name), np.zeros_like(getattr(plan, name)))
        for name in ("production", "stock", "backlog", "lost", "overtime")
    ]
    return [
        *signs,
        ("lot without set-up, too large, or arriving after the horizon at", x - most, most),
        ("lot too small at", least - x, least),
        ("stock less backlog is not what came and went at", np.abs(plan.stock - plan.backlog - position), position),
        ("backlog not allowed or left at the end at", plan.backlog - waiting, demand),
        ("components used before they are there at", internal, demand),
        ("more lost than allowed at", lost - losing, losing),
        ("capacity exceeded at", used - plan.overtime - instance.capacity, instance.capacity),
        ("overtime exceeded at", plan.overtime - instance.overtime_most, instance.overtime_most),
    ]
