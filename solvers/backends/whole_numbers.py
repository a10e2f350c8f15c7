"""Programs in whole numbers, for solvers that know nothing else: every row multiplied until its coefficients are whole.

A coefficient is read as the shortest fraction that it stands for: 0.1 is 1/10 though no double is. Rows keep their
meaning exactly, or are refused; an objective that cannot be made whole is rounded, and what the rounding may hide is
returned, so that a bound on the rounded objective stays one on the true objective.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt

from solvers.core.errors import Unsupported
from solvers.core.program import Floats, SparseRows

Wholes = npt.NDArray[np.int64]
LOWEST, HIGHEST = -(2**63) + 1, 2**63 - 1
"""Stand for infinite bounds of rows."""

_LARGEST_DENOMINATOR = 10**6
_LARGEST_ACTIVITY = 2.0**61
_LARGEST_OBJECTIVE = 2.0**52


@dataclass(frozen=True, slots=True, eq=False)
class WholeRows:
    """``value`` int64 of shape (entries,) are the coefficients of each row times its ``scale``, int64 (rows,)."""

    value: Wholes
    scale: Wholes


@dataclass(frozen=True, slots=True, eq=False)
class WholeObjective:
    """Over the columns' box, ``c·x ≤ (weight·x) / scale + slack``, and ``≥ … - slack``; weight int64 (columns,)."""

    weight: Wholes
    scale: float
    slack: float


def whole_rows(rows: SparseRows, *, tolerance: float) -> WholeRows:
    """Return the matrix with every row scaled to whole coefficients; a fraction may miss its by ``tolerance`` relative.

    Raises :class:`Unsupported` where a row has none, or only beyond the range of its numbers.
    """
    scale = np.ones(rows.rows, dtype=np.int64)
    value = rows.value.copy()
    broken = np.unique(rows.row_of_entry()[value != np.rint(value)])
    known: dict[float, Fraction | None] = {}
    for i in broken:
        entries = slice(int(rows.start[i]), int(rows.start[i + 1]))
        fractions = [_fraction(v, tolerance, known) for v in value[entries].tolist()]
        common = _common_scale(fractions)
        if common is None:
            raise Unsupported(
                f"row {i} has coefficients that are no fractions with a common denominator; round the data, "
                "raise the tolerance, or choose a backend that takes continuous numbers"
            )
        scale[i] = common
        value[entries] = [int(f * common) for f in fractions if f is not None]
    if len(value) and float(np.abs(value).max()) > _LARGEST_OBJECTIVE:
        worst = int(rows.row_of_entry()[np.abs(value).argmax()])
        raise Unsupported(f"row {worst} has coefficients beyond whole numbers of 52 bits; rescale or round it")
    return WholeRows(value.astype(np.int64), scale)


def whole_bounds(lower: Floats, upper: Floats, scale: Floats | Wholes) -> tuple[list[int], list[int]]:
    """Return the bounds times ``scale``, rounded inwards to whole numbers; infinite ones as LOWEST and HIGHEST."""
    low, high = lower * scale, upper * scale
    low = np.ceil(low - _slack(low))
    high = np.floor(high + _slack(high))
    return (
        [LOWEST if v <= LOWEST else HIGHEST if v >= HIGHEST else int(v) for v in low.tolist()],
        [HIGHEST if v >= HIGHEST else LOWEST if v <= LOWEST else int(v) for v in high.tolist()],
    )


def refuse_overflow(rows: SparseRows, whole: WholeRows, size: Floats) -> None:
    """Raise :class:`Unsupported` where a row's sum may leave 62 bits; ``size`` bounds each |column|."""
    activity = np.bincount(
        rows.row_of_entry(), np.abs(whole.value.astype(np.float64)) * size[rows.index], minlength=rows.rows
    )
    if len(activity) and activity.max() > _LARGEST_ACTIVITY:
        raise Unsupported(
            f"row {int(activity.argmax())} may add up to more than whole numbers of 62 bits hold; "
            "tighten its columns' bounds, or round its coefficients"
        )


def whole_objective(objective: Floats, lower: Floats, upper: Floats, *, tolerance: float) -> WholeObjective:
    """Return whole weights of the objective: exact where there is a short scale, else rounded with the slack said."""
    size = np.maximum(np.abs(lower), np.abs(upper))
    reach = float(np.abs(objective) @ size)
    if not reach > 0:
        return WholeObjective(np.zeros(len(objective), dtype=np.int64), 1.0, 0.0)
    known: dict[float, Fraction | None] = {}
    used = np.unique(objective).tolist()
    common = _common_scale([_fraction(v, tolerance, known) for v in used])
    if common is not None and reach * common <= _LARGEST_OBJECTIVE:
        scale = float(common)
    else:
        scale = float(2.0 ** np.floor(np.log2(_LARGEST_OBJECTIVE / reach)))
    weight = np.rint(objective * scale)
    missed = objective * scale - weight
    # The products above are rounded once each, by half a unit in the last place; by powers of two they are not.
    doubt = np.zeros(len(size)) if np.frexp(scale)[0] == 0.5 else np.spacing(np.abs(objective) * scale) * size
    slack = float((np.maximum(np.abs(missed * lower), np.abs(missed * upper)) + doubt).sum() / scale)
    return WholeObjective(weight.astype(np.int64), scale, slack * (1 + 1e-9))


def _fraction(value: float, tolerance: float, known: dict[float, Fraction | None]) -> Fraction | None:
    if value not in known:
        near = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
        known[value] = near if abs(float(near) - value) <= tolerance * abs(value) else None
    return known[value]


def _common_scale(fractions: list[Fraction | None]) -> int | None:
    common = 1
    for fraction in fractions:
        if fraction is None:
            return None
        common = lcm(common, fraction.denominator)
        if common > _LARGEST_OBJECTIVE:
            return None
    return common


def _slack(values: Floats) -> Floats:
    """Return what a bound may miss a whole number by and still mean it: rounding of the data, never a unit."""
    finite = np.where(np.isfinite(values), np.abs(values), 0.0)
    slack: Floats = np.minimum(1e-12 * np.maximum(1.0, finite), 1e-6)
    return slack
