"""Which cases nobody beats in two measures at once, and where gaps of the value leave that undecided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.domain.case_measures import MEASURES_BY_NAME, VALUE, CaseMeasure
from planner.domain.errors import InvalidRequest
from planner.domain.patches.selection import nearest

DEFAULT_MEASURES = ("value", "fill_rate")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCase:
    """A planned case at its two measures; ``on_front`` if no other case is at least as good in both and better in one.

    ``bound`` is that of its value where a measure is the value. ``settled`` says that this standing holds for the best
    plans' values too, whatever lies within the gaps; the other measure is always that of the plan found.
    """

    name: str
    first: float
    second: float
    bound: float | None
    on_front: bool
    settled: bool


@dataclass(frozen=True, slots=True)
class ParetoFront:
    """Two measures and all cases that have both, best in the first measure first; ``left_out`` have no such measure."""

    first: CaseMeasure
    second: CaseMeasure
    cases: tuple[PlacedCase, ...]
    left_out: int

    @property
    def front(self) -> tuple[PlacedCase, ...]:
        """The cases that nobody beats in both measures."""
        return tuple(case for case in self.cases if case.on_front)

    @property
    def has_gaps(self) -> bool:
        """Whether one of the measures is the value, which is known within a gap only."""
        return VALUE in (self.first, self.second)


def pareto_front(cases: pl.DataFrame, measures: tuple[str, str], bound: str) -> ParetoFront:
    """Set planned cases against each other by two measures of ``MEASURES_BY_NAME``; ``bound`` names that of values.

    Raises
    ------
    InvalidRequest
        If there is no such measure, or both are the same.
    """
    first, second = (_measure(name) for name in measures)
    if first is second:
        raise InvalidRequest(f"a front needs two measures, got {first.name} twice", "pareto")
    planned = cases.filter(pl.col("value").is_not_null()).with_columns(
        pl.lit(None, dtype=pl.Float64()).alias(name) for name in measures if name not in cases.columns
    )
    placed = planned.select("name", x=pl.col(first.name), y=pl.col(second.name), bound=pl.col(bound))
    known = placed.drop_nulls(["x", "y"])
    x, y = (_upwards(known[axis].to_numpy(), measure) for axis, measure in (("x", first), ("y", second)))
    beaten = _is_beaten(x, y, x, y)
    settled = _settled(beaten, x, y, (first, second), known["bound"].fill_null(np.inf).to_numpy())
    has_gap = VALUE in (first, second)
    told = [
        PlacedCase(
            name=name, first=one, second=other, bound=limit if has_gap else None, on_front=not lost, settled=sure
        )
        for (name, one, other, limit), lost, sure in zip(
            known.iter_rows(), beaten.tolist(), settled.tolist(), strict=True
        )
    ]
    sign = -1.0 if first.best == "max" else 1.0
    ordered = sorted(told, key=lambda case: (sign * case.first, case.second, case.name))
    return ParetoFront(first, second, tuple(ordered), cases.height - len(ordered))


def _measure(name: str) -> CaseMeasure:
    measure = MEASURES_BY_NAME.get(name)
    if measure is None:
        raise InvalidRequest(f"there is no measure {name!r}: {nearest(name, MEASURES_BY_NAME)}", "pareto")
    return measure


def _upwards(amounts: Floats, measure: CaseMeasure) -> Floats:
    """Return amounts so that more is better, without the noise of their last digits."""
    rounded = np.array([float(f"{amount:.9g}") for amount in amounts.tolist()])
    return rounded if measure.best == "max" else -rounded


def _is_beaten(x: Floats, y: Floats, others_x: Floats, others_y: Floats) -> npt.NDArray[np.bool_]:
    """Return for each point whether some other one is at least as good in both and better in one."""
    beaten = np.zeros(len(x), dtype=np.bool_)
    for place in range(len(x)):
        as_good = (others_x >= x[place]) & (others_y >= y[place])
        beaten[place] = bool((as_good & ((others_x > x[place]) | (others_y > y[place]))).any())
    return beaten


def _settled(
    beaten: npt.NDArray[np.bool_], x: Floats, y: Floats, measures: tuple[CaseMeasure, CaseMeasure], bounds: Floats
) -> npt.NDArray[np.bool_]:
    """Return whose standing no value within the gaps can change."""
    if VALUE not in measures:
        return np.ones(len(x), dtype=np.bool_)
    value, other = (x, y) if measures[0] is VALUE else (y, x)
    settled = np.zeros(len(x), dtype=np.bool_)
    for place in range(len(x)):
        rivals = other >= other[place]
        rivals[place] = False
        if beaten[place]:
            settled[place] = bool((rivals & (value >= bounds[place])).any())
        else:
            settled[place] = not bool((rivals & (bounds >= value[place])).any())
    return settled
