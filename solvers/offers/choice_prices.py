"""Newton's method on the smoothed dual of a reward choice, stage by stage with falling temperature.

    minimise over π ≥ 0:   Σ_r π[r]·limit[r] + constant(π) + Σ_items τ·log(1 + Σ_o exp(score[o]/τ))

with one price per one-sided row. Each stage starts from the prices of the stage before; a step is shortened until the
value falls (Armijo) and never moves a score by more than a few temperatures, beyond which the model knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.core.program import Floats
from solvers.offers.core_choice import OneSidedRows
from solvers.offers.projected_newton import newton_step

_REACH = 8.0  # temperatures a step may move a score by
_MOST_STEPS = 25
_SHORTEST = 2e-3
_ARMIJO = 1e-4
_CLOSE = 0.005  # of the smoothing error: a stage that is this close need not go on


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DualPoint:
    """The dual at some prices: ``smooth`` and ``plain`` value, their ``entropy``, ``gradient`` [R], ``hessian`` [R, R].

    ``use`` float64 [2, M] is the money spent on and the members given each offer.
    """

    price: Floats
    smooth: float
    plain: float
    entropy: float
    gradient: Floats
    hessian: Floats
    use: Floats


Evaluate = Callable[[Floats, float], DualPoint]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trust:
    """Prices are believed as long as no score of a typical reward moves by more than ``radius`` from ``center``."""

    center: Floats
    radius: float


def score_move(step: Floats, rows: OneSidedRows, cost: float) -> float:
    """Return by how much a step of the prices moves a score at most, for rewards of this cost."""
    return float((np.abs(step @ rows.spend) * cost + np.abs(step @ rows.count)).max(initial=0.0))


def walk(
    evaluate: Evaluate,
    rows: OneSidedRows,
    price: Floats,
    tau: float,
    *,
    cost: float,
    close: float,
    trust: Trust | None = None,
    within: float = _CLOSE,
) -> DualPoint:
    """Return the point where the stage of temperature ``tau`` ends.

    ``cost`` is the money a typical reward costs. A decrease of less than ``close``, or than ``within`` of the smoothing
    error, is not worth another step.
    """
    point = evaluate(price, tau)
    for _ in range(_MOST_STEPS):
        step = newton_step(point.gradient, point.hessian, point.price)
        decrease = -float(point.gradient @ step)
        if decrease <= within * point.entropy + close:
            break
        moved = score_move(step, rows, cost)
        reach = _REACH * tau
        if trust is not None:
            reach = min(reach, trust.radius - score_move(point.price - trust.center, rows, cost))
            if reach < _SHORTEST * min(tau, moved):
                break
        length = min(1.0, reach / moved) if moved > 0 else 1.0
        shortest = _SHORTEST * length
        following = evaluate(np.maximum(point.price + length * step, 0.0), tau)
        while following.smooth > point.smooth - _ARMIJO * length * decrease and length > shortest:
            length *= 0.4
            following = evaluate(np.maximum(point.price + length * step, 0.0), tau)
        if following.smooth >= point.smooth:
            break
        point = following
    return point
