"""Claims held against the data: what a contender says of its solution and bound, recomputed, and what is published."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.instances.references import Reference, Sense
from benchmarks.subject import Answer, Verdict
from solvers.core.errors import SolverError
from solvers.core.program import Floats

TOLERANCE = 1e-6
"""Relative difference of values, and violation of a constraint, that counts as none."""

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A solution as recomputed: its value, the largest violation, and the worst few violated constraints in words."""

    value: float
    violation: float = 0.0
    violated: tuple[str, ...] = ()

    @classmethod
    def of(cls, *, value: float, broken: Sequence[tuple[float, str]]) -> Checked:
        """Keep the worst of (violation, words) pairs; those within the tolerance are counted, not named."""
        named = sorted((one for one in broken if one[0] > TOLERANCE), key=lambda one: -one[0])
        worst, more = named[:_NAMED], len(named[_NAMED:])
        words = [f"{text} (by {amount:.3g})" for amount, text in worst] + ([f"and {more} more"] if more else [])
        return cls(value=value, violation=max((amount for amount, _ in broken), default=0.0), violated=tuple(words))

    @property
    def feasible(self) -> bool:
        """Whether every constraint holds within the tolerance."""
        return self.violation <= TOLERANCE


def checked_point(x: Floats, size: int, *, upper: float) -> tuple[Floats, list[tuple[float, str]]]:
    """Return the point rounded to whole numbers within 0 and `upper`, and the distances that are no rounding errors.

    Raises
    ------
    ValueError
        If the point is not of `size` finite numbers.
    """
    point = np.asarray(x, dtype=np.float64).ravel()
    if len(point) != size or not np.isfinite(point).all():
        raise ValueError(f"a solution of {size} finite numbers was expected, got {len(point)} numbers")
    whole = np.clip(np.rint(point), 0.0, upper)
    away = np.abs(point - whole)
    broken = [
        (float(away[j]), f"variable {j} is {point[j]:g}, neither whole nor within 0 and {upper:g}")
        for j in np.flatnonzero(away > TOLERANCE)
    ]
    return whole, broken


def verdict(
    answer: Answer,
    *,
    check: Callable[[Floats], Checked],
    certify: Callable[[Floats], float],
    sense: Sense,
    reference: Reference | None = None,
) -> Verdict:
    """Return what stands of an answer whose solution and certificate are vectors.

    `check` recomputes a solution, `certify` a bound from multipliers; a ValueError or SolverError of theirs is a
    problem of the answer. A value counts only where the solution is feasible. A bound on the wrong side of the value or
    of the reference, and a finished run that misses a proven optimum, are problems too.
    """
    problems: list[str] = []
    checked = certified = None
    try:
        checked = None if answer.solution is None else check(np.asarray(answer.solution, dtype=np.float64))
        certified = None if answer.certificate is None else certify(np.asarray(answer.certificate, dtype=np.float64))
    except (ValueError, SolverError) as error:
        problems.append(str(error))
    value = checked.value if checked is not None and checked.feasible else None
    bound = answer.bound if certified is None else certified
    problems += _problems(answer, checked, _Stand(sense, value, bound, certified), reference)
    return Verdict(
        value=value,
        bound=bound,
        bound_checked=certified is not None,
        gap=relative_gap(value, bound, sense=sense),
        violation=0.0 if checked is None else checked.violation,
        violated=() if checked is None else checked.violated,
        problems=tuple(problems),
    )


def relative_gap(value: float | None, bound: float | None, *, sense: Sense) -> float | None:
    """Return (bound − value)/|value| in the sense of the problem, at least 0; None where it has no meaning."""
    if value is None or bound is None:
        return None
    distance = max(0.0, value - bound if sense == "min" else bound - value)
    if value == 0:
        return 0.0 if distance == 0 else None
    return distance / abs(value)


@dataclass(frozen=True, slots=True)
class _Stand:
    sense: Sense
    value: float | None
    bound: float | None
    certified: float | None

    def better(self, left: float, right: float, precision: float = 0.0) -> bool:
        """Whether the left value is better than the right one by more than tolerance and precision."""
        ahead = right - left if self.sense == "min" else left - right
        return ahead > precision + TOLERANCE * max(1.0, abs(left), abs(right))


def _problems(answer: Answer, checked: Checked | None, stand: _Stand, reference: Reference | None) -> Iterator[str]:
    if checked is not None and answer.value is not None and not _close(answer.value, checked.value):
        yield f"claimed value {answer.value:.10g}, recomputed {checked.value:.10g}"
    if answer.bound is not None and stand.certified is not None and stand.better(stand.certified, answer.bound):
        yield f"claimed bound {answer.bound:.10g}, recomputed {stand.certified:.10g}"
    if stand.value is not None and stand.bound is not None and stand.better(stand.value, stand.bound):
        yield f"bound {stand.bound:.10g} is on the wrong side of the value {stand.value:.10g} found"
    nothing = answer.solution is None and answer.certificate is None
    if nothing and answer.failure is None and answer.stopped is None:
        yield "ended without a solution and without a reason"
    if reference is not None:
        yield from _against(reference, answer, stand)


def _against(reference: Reference, answer: Answer, stand: _Stand) -> Iterator[str]:
    known, proven = reference.value, reference.bound
    if stand.bound is not None and known is not None and stand.better(known, stand.bound, reference.precision):
        yield f"bound {stand.bound:.10g} is on the wrong side of the reference {known:.10g}"
    if stand.value is None:
        return
    if proven is not None and stand.better(stand.value, proven, reference.precision):
        yield f"value {stand.value:.10g} is better than the reference proves possible, {proven:.10g}"
    finished = answer.stopped is None and answer.failure is None
    if finished and known is not None and stand.better(known, stand.value, reference.precision):
        yield f"finished with {stand.value:.10g}, the reference is {known:.10g}"


def _close(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
