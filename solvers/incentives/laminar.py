"""Exact optimum of linear gains on amounts under nested rows on their sums, in rational arithmetic.

If any two row sets are disjoint or nested, the best gain of a set as a function of its total is concave and piecewise
linear: a starting point and pieces of falling slope. Joining disjoint sets merges their pieces by slope; a hard row
cuts the function's domain; a soft one adds its penalty to the slopes below its lower bound and takes it from those
above its upper. So the optimum follows without a solver, and without rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solvers.core.program import Bools
from solvers.incentives.rows import AmountRows

Piece = tuple[Fraction, Fraction]  # slope, length


@dataclass(frozen=True, slots=True)
class _Concave:
    """Gain over totals from ``start``, where it is worth ``value``, along ``pieces`` of falling slope."""

    start: Fraction
    value: Fraction
    pieces: tuple[Piece, ...]


def nested_rows(member: Bools) -> list[int]:
    """Return the largest rows-first selection of row numbers that are pairwise disjoint or nested, ascending.

    Rows without members are left out. Leaving rows out relaxes the problem.
    """
    kept: list[int] = []
    for k in sorted(range(len(member)), key=lambda k: (-int(member[k].sum()), k)):
        if member[k].any() and all(_compatible(member[k], member[other]) for other in kept):
            kept.append(k)
    return sorted(kept)


def _compatible(one: Bools, other: Bools) -> bool:
    common = one & other
    return not common.any() or bool((common == one).all()) or bool((common == other).all())


def best_gain(gain: list[Fraction], most: list[Fraction], rows: AmountRows) -> Fraction | None:
    """Return the exact maximum of ``Σ gain[j]·x[j] - penalties`` over ``0 ≤ x ≤ most``; None if hard rows fail.

    ``rows`` must be nested (ValueError otherwise). Bounds and penalties count as the rational numbers the floats are.
    """
    order = [k for k in range(rows.count) if rows.member[k].any()]
    if len(nested_rows(rows.member)) != len(order):
        raise ValueError("rows must be pairwise disjoint or nested; select them with nested_rows first")
    constant, idle = Fraction(0), [k for k in range(rows.count) if not rows.member[k].any()]
    for k in idle:
        empty = _with_row(_Concave(Fraction(0), Fraction(0), ()), rows, k)
        if empty is None:
            return None
        constant += empty.value
    parts = {j: _Concave(Fraction(0), Fraction(0), ((gain[j], most[j]),)) for j in range(len(gain))}
    owner = np.arange(len(gain))
    for k in sorted(order, key=lambda k: (int(rows.member[k].sum()), k)):
        inside = sorted({int(owner[j]) for j in np.flatnonzero(rows.member[k])})
        joined = _with_row(_join(parts.pop(i) for i in inside), rows, k)
        if joined is None:
            return None
        parts[inside[0]] = joined
        owner[np.isin(owner, inside)] = inside[0]
    whole = _join(parts.values())
    return constant + whole.value + sum((s * length for s, length in whole.pieces if s > 0), Fraction(0))


def _join(parts: Iterable[_Concave]) -> _Concave:
    start, value, pieces = Fraction(0), Fraction(0), list[Piece]()
    for part in parts:
        start, value = start + part.start, value + part.value
        pieces += part.pieces
    return _Concave(start, value, tuple(sorted(pieces, key=lambda piece: -piece[0])))


def _with_row(gain: _Concave, rows: AmountRows, k: int) -> _Concave | None:
    hard = bool(np.isinf(rows.penalty[k]))
    for bound, below in ((float(rows.lower[k]), True), (float(rows.upper[k]), False)):
        if np.isinf(bound):
            if (bound > 0) == below and hard:
                return None  # a lower bound of +inf or an upper bound of -inf
            continue
        cut = _cut(gain, Fraction(bound), below=below) if hard else None
        soft = _charge(gain, Fraction(bound), Fraction(float(rows.penalty[k])), below=below) if not hard else cut
        if soft is None:
            return None
        gain = soft
    return gain


def _split(gain: _Concave, at: Fraction) -> tuple[list[Piece], list[Piece]]:
    left: list[Piece] = []
    right: list[Piece] = []
    place = gain.start
    for slope, length in gain.pieces:
        first = min(max(at - place, Fraction(0)), length)
        if first > 0:
            left.append((slope, first))
        if length > first:
            right.append((slope, length - first))
        place += length
    return left, right


def _cut(gain: _Concave, at: Fraction, *, below: bool) -> _Concave | None:
    """Cut off the totals below (or above) ``at``; None if nothing is left."""
    left, right = _split(gain, at)
    end = gain.start + sum((length for _, length in gain.pieces), Fraction(0))
    if below:
        if end < at:
            return None
        value = gain.value + sum((s * length for s, length in left), Fraction(0))
        return _Concave(max(gain.start, at), value, tuple(right))
    return None if gain.start > at else _Concave(gain.start, gain.value, tuple(left))


def _charge(gain: _Concave, at: Fraction, penalty: Fraction, *, below: bool) -> _Concave:
    """Charge ``penalty`` per unit that the total is below (or above) ``at``."""
    left, right = _split(gain, at)
    if below:
        value = gain.value - penalty * max(at - gain.start, Fraction(0))
        return _Concave(gain.start, value, tuple([(s + penalty, n) for s, n in left] + right))
    value = gain.value - penalty * max(gain.start - at, Fraction(0))
    return _Concave(gain.start, value, tuple(left + [(s - penalty, n) for s, n in right]))
