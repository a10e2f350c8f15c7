"""How two factors act together: mean values by pairs of their levels, and how far the effects are from adding up."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import polars as pl

from planner.application.level_groups import FEW_APART, MOST_APART, level_groups
from planner.domain.errors import InvalidRequest
from planner.domain.patches.selection import nearest

MOST_GROUPS = 12
"""So many levels of a factor are set side by side at most: those with the most cases."""


@dataclass(frozen=True, slots=True)
class PairCell:
    """The planned cases at one pair of levels: how many, their mean value, and that of their bounds if all have one.

    The mean worth of their best plans lies between the two means.
    """

    cases: int
    value: float
    bound: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """By how much more a change of the second factor moves the mean value at one level of the first than at another.

    ``first`` and ``second`` are each (from, to); ``found`` compares the plans found, ``low`` and ``high`` bound the
    same difference of best plans (None: a case has no bound). ``matched`` says that only cases were compared which are
    alike in all other factors; else effects of those are mixed in.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    found: float
    low: float | None
    high: float | None
    matched: bool

    @property
    def is_proven(self) -> bool:
        """Whether the bounds prove that effects do not just add up."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Two factors, the groups of their levels, a cell for each pair that was planned, and their widest contrast.

    ``contrast`` is None where no two levels of each were planned together.
    """

    factors: tuple[str, str]
    first: tuple[str, ...]
    second: tuple[str, ...]
    cells: Mapping[tuple[str, str], PairCell]
    contrast: Contrast | None


def interactions(cases: pl.DataFrame, bound: str) -> tuple[Interaction, ...]:
    """Return all pairs of factors that planned cases name together, those that interact most first.

    ``cases`` has columns levels, value and ``bound``. A cell averages over whatever else differs among its cases.
    Contrasts of cases that are alike in everything else come before those that mix other effects in, and pairs without
    any come last.
    """
    planned = [
        ({pair["factor"]: pair["level"] for pair in levels}, value, limit)
        for levels, value, limit in cases.select("levels", "value", bound).iter_rows()
        if value is not None
    ]
    factors = sorted({factor for levels, _, _ in planned for factor in levels})
    found = [
        _clearest((first, second), together)
        for first, second in combinations(factors, 2)
        if (together := [case for case in planned if first in case[0] and second in case[0]])
    ]
    return tuple(sorted(found, key=lambda each: (_order(each.contrast), each.factors)))


def chosen_interaction(cases: pl.DataFrame, bound: str, factors: tuple[str, str]) -> Interaction:
    """Return how two named factors act together, the first by rows.

    Raises
    ------
    InvalidRequest
        If a factor is not one of the run, both are the same, or no planned case names both.
    """
    known = set(cases["levels"].explode().struct.field("factor").drop_nulls()) if cases.height else set()
    for factor in factors:
        if factor not in known:
            raise InvalidRequest(f"no case has a factor {factor!r}: {nearest(factor, known)}", "heat")
    for each in interactions(cases, bound):
        if set(each.factors) == set(factors):
            return each if each.factors == factors else _turned(each)
    first, second = factors
    reason = "name two" if first == second else "cross them, or list cases with both"
    raise InvalidRequest(f"no planned case has both {first} and {second}: {reason}", "heat")


def _order(contrast: Contrast | None) -> tuple[int, float]:
    """Return what contrasts are ordered by: matched ones first, then by size."""
    return (2, 0.0) if contrast is None else (0 if contrast.matched else 1, -abs(contrast.found))


_Case = tuple[Mapping[str, str], float, float | None]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A case in a cell: its levels of other factors, its value and its bound."""

    others: frozenset[tuple[str, str]]
    value: float
    bound: float | None


_Cells = Mapping[tuple[str, str], Sequence[_Seen]]


def _clearest(factors: tuple[str, str], together: Sequence[_Case]) -> Interaction:
    """Return two factors with their numbers apart, or in few groups where that finds no contrast of like cases."""
    apart = _interaction(factors, together, MOST_APART)
    few = max(len(apart.first), len(apart.second)) <= FEW_APART
    if few or (apart.contrast is not None and apart.contrast.matched):
        return apart
    return _interaction(factors, together, FEW_APART)


def _interaction(factors: tuple[str, str], together: Sequence[_Case], apart: int) -> Interaction:
    first, second = (_groups([levels[factor] for levels, _, _ in together], apart) for factor in factors)
    gathered: defaultdict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for levels, value, bound in together:
        row, column = first.get(levels[factors[0]]), second.get(levels[factors[1]])
        if row is not None and column is not None:
            others = frozenset((name, level) for name, level in levels.items() if name not in factors)
            gathered[row, column].append(_Seen(others, value, bound))
    rows, columns = (tuple(dict.fromkeys(groups.values())) for groups in (first, second))
    return Interaction(
        factors=factors,
        first=rows,
        second=columns,
        cells={place: _cell(there) for place, there in gathered.items()},
        contrast=_contrast(gathered, rows, columns),
    )


def _groups(levels: Sequence[str], apart: int) -> dict[str, str]:
    groups = level_groups(levels, apart)
    counts: defaultdict[str, int] = defaultdict(int)
    for level in levels:
        counts[groups[level]] += 1
    kept = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_GROUPS]
    return {level: name for level, name in groups.items() if name in kept}


def _cell(there: Sequence[_Seen]) -> PairCell:
    bounds = [case.bound for case in there if case.bound is not None]
    complete = len(bounds) == len(there)
    value = math.fsum(case.value for case in there) / len(there)
    return PairCell(len(there), value, math.fsum(bounds) / len(there) if complete else None)


def _contrast(cells: _Cells, rows: Sequence[str], columns: Sequence[str]) -> Contrast | None:
    """Return the widest contrast of two levels of each factor, matched ones before others, the first on a tie."""
    widest: Contrast | None = None
    for low, high in combinations(rows, 2):
        for left, right in combinations(columns, 2):
            corners = [cells.get(place, ()) for place in ((low, left), (high, right), (low, right), (high, left))]
            if all(corners):
                told = _of_corners(corners, (low, high), (left, right))
                widest = told if widest is None or _order(told) < _order(widest) else widest
    return widest


def _of_corners(corners: Sequence[Sequence[_Seen]], first: tuple[str, str], second: tuple[str, str]) -> Contrast:
    alike = frozenset.intersection(*(frozenset(case.others for case in corner) for corner in corners))
    if alike:
        corners = [[case for case in corner if case.others in alike] for corner in corners]
    a, b, c, d = (_cell(corner) for corner in corners)
    known = [cell.bound for cell in (a, b, c, d) if cell.bound is not None]
    low = high = None
    if len(known) == len(corners):
        low = a.value + b.value - known[2] - known[3]
        high = known[0] + known[1] - c.value - d.value
    found = a.value + b.value - c.value - d.value
    return Contrast(first=first, second=second, found=found, low=low, high=high, matched=bool(alike))


def _turned(each: Interaction) -> Interaction:
    told = each.contrast
    contrast = None if told is None else replace(told, first=told.second, second=told.first)
    return Interaction(
        factors=(each.factors[1], each.factors[0]),
        first=each.second,
        second=each.first,
        cells={(second, first): cell for (first, second), cell in each.cells.items()},
        contrast=contrast,
    )
