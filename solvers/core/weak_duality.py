"""Weak duality in outward-rounded arithmetic: an upper bound that needs no solver and trusts none.

For ``max c·x + offset, row_lower ≤ A·x ≤ row_upper, lower ≤ x ≤ upper`` and any multipliers y whose sign fits the
finite row bounds (y ≥ 0 where only the upper bound is finite, y ≤ 0 where only the lower one is),

    bound(y) = offset + Σ_i (y_i⁺·row_upper_i − y_i⁻·row_lower_i) + Σ_j max(d_j·lower_j, d_j·upper_j),   d = c − Aᵀy

is at least the optimum. Every sum of n products is computed in float64 and enlarged by the a-priori bound
``γ_n = n·u/(1 − n·u)``, u = 2⁻⁵³, on its error (Higham, Accuracy and Stability, ch. 3), and by the smallest number
there is for a product that underflows; totals are summed by `fsum`, which rounds once, and moved one number up. What
exceeds float64 is refused. Data count as the float64 they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Program, SparseRows

_UNIT = 2.0**-53
_LEAST = 2.0**-1074
"""The smallest number above 0: more than what a product that underflows loses."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Reduced costs ``d`` and a bound ``error`` on their rounding, float64 of shape (columns,)."""

    d: Floats
    error: Floats


def reduced_costs(objective: Floats, matrices: tuple[tuple[SparseRows, Floats], ...]) -> Reduced:
    """Return ``objective − Σ Aᵀy`` over pairs (A, y) with a bound on its rounding error.

    Raises
    ------
    InvalidProgram
        If a reduced cost exceeds float64; names the column.
    """
    d, magnitude = objective.copy(), np.abs(objective)
    terms = np.ones(len(objective))
    for matrix, y in matrices:
        factor = y[matrix.row_of_entry()]
        with np.errstate(over="ignore", invalid="ignore"):
            product = matrix.value * factor
            size = np.maximum(np.abs(product), np.where((matrix.value != 0) & (factor != 0), _LEAST, 0.0))
            d -= np.bincount(matrix.index, product, minlength=matrix.columns)
            magnitude += np.bincount(matrix.index, size, minlength=matrix.columns)
        terms += np.bincount(matrix.index, minlength=matrix.columns) + 1
    gamma = (terms + 2) * _UNIT / (1 - (terms + 2) * _UNIT)
    error = np.where(magnitude > 0, gamma * magnitude * (1 + 1e-9) + terms * _LEAST, 0.0)
    wrong = np.flatnonzero(~np.isfinite(d) | ~np.isfinite(error))
    if len(wrong):
        raise InvalidProgram(f"the reduced cost of column {wrong[0]} exceeds what float64 can hold; rescale the money")
    return Reduced(d, error)


def row_part(y: Floats, lower: Floats, upper: Floats) -> list[float]:
    """Return terms whose sum is at least ``y·(active row bounds)``.

    Raises
    ------
    InvalidProgram
        If a multiplier asks for a row bound that is infinite (its sign is wrong), or is not finite, or exceeds float64
        with it; names the row.
    """
    side = np.where(y > 0, upper, np.where(y < 0, lower, 0.0))
    wrong = np.flatnonzero(~np.isfinite(side) | ~np.isfinite(y))
    if len(wrong):
        raise InvalidProgram(f"the multiplier {y[wrong[0]]!r} of row {wrong[0]} has the wrong sign for its bounds")
    with np.errstate(over="ignore"):
        product = y * side
        if not np.isfinite(product).all():
            row = int(np.flatnonzero(~np.isfinite(product))[0])
            raise InvalidProgram(
                f"the multiplier {y[row]!r} of row {row} times its bound exceeds what float64 can hold"
            )
        rounding = float(np.abs(product).sum()) * 2 * _UNIT
    return [*product.tolist(), rounding, np.count_nonzero(y) * _LEAST]


def column_part(reduced: Reduced, lower: Floats, upper: Floats) -> list[float]:
    """Return terms whose sum is at least ``Σ_j max over the box of d_j·x_j``.

    Raises
    ------
    InvalidProgram
        If a column without a finite bound, or with one too large, has a reduced cost in that direction; names it.
    """
    low, high = reduced.d - reduced.error, reduced.d + reduced.error
    with np.errstate(invalid="ignore", over="ignore"):
        # 0 times an endless bound is no number, and nothing.
        candidates = np.stack([low * lower, low * upper, high * lower, high * upper])
    candidates = np.where(np.isnan(candidates), 0.0, candidates)
    best = candidates.max(axis=0)
    wrong = np.flatnonzero(~np.isfinite(best))
    if len(wrong):
        raise InvalidProgram(
            f"column {wrong[0]} is unbounded in the direction of its reduced cost {reduced.d[wrong[0]]}"
        )
    with np.errstate(over="ignore"):
        rounding = float(np.abs(best).sum()) * 2 * _UNIT
    return [*best.tolist(), rounding, len(best) * _LEAST]


def sum_upward(parts: Iterable[float]) -> float:
    """Return a float64 that is at least the exact sum of the parts.

    Raises
    ------
    InvalidProgram
        If a part is no number, or the sum exceeds float64.
    """
    try:
        total = math.fsum(parts)
    except (OverflowError, ValueError) as error:
        raise InvalidProgram(f"a bound exceeds what float64 can hold ({error}); rescale the money") from error
    if math.isnan(total):
        raise InvalidProgram("a part of a bound is no number, so there is no bound")
    return math.nextafter(total, math.inf)


def program_bound(program: Program, y: Floats) -> float:
    """Return an upper bound on the optimum of a program from multipliers ``y`` of its rows, float64 [rows].

    Integrality is not used, so a bound of the linear relaxation bounds the program as well. Raises InvalidProgram as
    :func:`row_part` and :func:`column_part` do.
    """
    parts = [program.offset, *row_part(y, program.row_lower, program.row_upper)]
    reduced = reduced_costs(program.objective, ((program.rows, y),))
    parts += column_part(reduced, program.lower, program.upper)
    return sum_upward(parts)


def sign_correct(y: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the multipliers with wrong-signed ones set to 0, so that they give a bound."""
    y = np.where((y > 0) & ~np.isfinite(upper), 0.0, y)
    return np.where((y < 0) & ~np.isfinite(lower), 0.0, y)
