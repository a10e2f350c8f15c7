"""Newton steps on a convex function of prices that may not be negative.

A step minimises the quadratic model under ``prices + step ≥ 0`` by an active-set method (Bertsekas 1982): few prices,
so the systems are solved densely.
"""

from __future__ import annotations

import numpy as np

from solvers.core.program import Bools, Floats

_DAMPING = 1e-5


def newton_step(gradient: Floats, hessian: Floats, price: Floats) -> Floats:
    """Return the step [R] that minimises ``gradient·d + ½ d·hessian·d`` subject to ``price + d ≥ 0``.

    ``hessian`` [R, R] is positive semidefinite. A small part of its diagonal is added (Levenberg, Marquardt), so that
    prices do not drift where rows do each other's work and only their sum matters.
    """
    size = len(price)
    diagonal = np.diag(hessian)
    curve = hessian + np.diag(_DAMPING * diagonal + 1e-9 * float(diagonal.mean() if size else 0.0) + 1e-14)
    free: Bools = (price > 0) | (gradient < 0)
    step = -price.copy()
    for _ in range(4 * size + 4):
        step = _on_face(gradient, curve, price, free)
        blocked = free & (price + step < 0)
        if blocked.any():
            free &= ~blocked
            continue
        slope = gradient + curve @ step
        wanted = ~free & (slope < -1e-12 * float(np.abs(gradient).max(initial=0.0)))
        if not wanted.any():
            break
        free[int(np.argmin(np.where(wanted, slope, np.inf)))] = True
    return np.maximum(step, -price)


def _on_face(gradient: Floats, curve: Floats, price: Floats, free: Bools) -> Floats:
    step = np.where(free, 0.0, -price)
    f = np.flatnonzero(free)
    if len(f):
        right = -gradient[f] - curve[np.ix_(f, ~free)] @ step[~free]
        step[f] = np.linalg.solve(curve[np.ix_(f, f)], right)
    return step
