"""Weak duality in outward-rounded arithmetic: an upper bound that needs no solver and trusts none.

For ``max c·x + offset, row_lower ≤ A·x ≤ row_upper, lower ≤ x ≤ upper`` and any multipliers y whose sign fits the
finite row bounds (y ≥ 0 where only the upper bound is finite, y ≤ 0 where only the lower one is),

    bound(y) = offset + Σ_i (y_i⁺·row_upper_i − y_i⁻·row_lower_i) + Σ_j max(d_j·lower_j, d_j·upper_j),   d = c − Aᵀy

is at least the optimum. Every sum of n products is computed in float64 and enlarged by the a-priori bound
``γ_n = n·u/(1 − n·u)``, u = 2⁻⁵³, on its error (Higham, Accuracy and Stability, ch. 3); totals are summed by `fsum`,
which rounds once, and moved one number up. Data count as the float64 they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Program, SparseRows

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Reduced costs ``d`` and a bound ``error`` on their rounding, float64 of shape (columns,)."""

    d: Floats
    error: Floats


def reduced_costs(objective: Floats, matrices: tuple[tuple[SparseRows, Floats], ...]) -> Reduced:
    """Return ``objective − Σ Aᵀy`` over pairs (A, y) with a bound on its rounding error."""
    d, magnitude = objective.copy(), np.abs(objective)
    terms = np.ones(len(objective))
    for matrix, y in matrices:
        row = matrix.row_of_entry()
        product = matrix.value * y[row]
        d -= np.bincount(matrix.index, product, minlength=matrix.columns)
        magnitude += np.bincount(matrix.index, np.abs(product), minlength=matrix.columns)
        terms += np.bincount(matrix.index, minlength=matrix.columns) + 1
    gamma = (terms + 2) * _UNIT / (1 - (terms + 2) * _UNIT)
    return Reduced(d, gamma * magnitude * (1 + 1e-9))


def row_part(y: Floats, lower: Floats, upper: Floats) -> list[float]:
    """Return terms whose sum is at least ``y·(active row bounds)``.

    Raises
    ------
    InvalidProgram
        If a multiplier asks for a row bound that is infinite (its sign is wrong) or is not finite; names the row.
    """
    side = np.where(y > 0, upper, np.where(y < 0, lower, 0.0))
    wrong = np.flatnonzero(~np.isfinite(side) | ~np.isfinite(y))
    if len(wrong):
        raise InvalidProgram(f"the multiplier {y[wrong[0]]!r} of row {wrong[0]} has the wrong sign for its bounds")
    product = y * side
    return [*product.tolist(), float(np.abs(product).sum() * 2 * _UNIT)]


def column_part(reduced: Reduced, lower: Floats, upper: Floats) -> list[float]:
    """Return terms whose sum is at least ``Σ_j max over the box of d_j·x_j``.

    Raises
    ------
    InvalidProgram
        If a column without a finite bound has a reduced cost in that direction; names the column.
    """
    low, high = reduced.d - reduced.error, reduced.d + reduced.error
    with np.errstate(invalid="ignore"):
        candidates = np.stack([low * lower, low * upper, high * lower, high * upper])
    candidates = np.where(np.isnan(candidates), 0.0, candidates)
    best = candidates.max(axis=0)
    wrong = np.flatnonzero(~np.isfinite(best))
    if len(wrong):
        raise InvalidProgram(
            f"column {wrong[0]} is unbounded in the direction of its reduced cost {reduced.d[wrong[0]]}"
        )
    return [*best.tolist(), float(np.abs(best).sum() * 2 * _UNIT)]


def program_bound(program: Program, y: Floats) -> float:
    """Return an upper bound on the optimum of a program from multipliers ``y`` of its rows, float64 [rows].

    Integrality is not used, so a bound of the linear relaxation bounds the program as well. Raises InvalidProgram as
    :func:`row_part` and :func:`column_part` do.
    """
    reduced = reduced_costs(program.objective, ((program.rows, y),))
    parts = [program.offset, *row_part(y, program.row_lower, program.row_upper)]
    parts += column_part(reduced, program.lower, program.upper)
    return math.nextafter(math.fsum(parts), math.inf)


def sign_correct(y: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the multipliers with wrong-signed ones set to 0, so that they give a bound."""
    y = np.where((y > 0) & ~np.isfinite(upper), 0.0, y)
    return np.where((y < 0) & ~np.isfinite(lower), 0.0, y)
