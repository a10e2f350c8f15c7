"""By how much each factor moves the value: its worst and its best level, compared where nothing else differs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from planner.application.level_groups import FEW_APART, MOST_APART, level_groups

AS_IT_IS = "as it is"
"""The level of a factor in cases that leave it as the base has it."""


@dataclass(frozen=True, slots=True)
class LevelMean:
    """A level or group of levels, the mean value of its planned cases, and the mean of their bounds if all have one."""

    level: str
    value: float
    bound: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEffect:
    """A factor's worst and best level.

    ``matched`` says that levels were compared over the same settings of all other factors; else effects of those are
    mixed in. ``low`` and ``high`` bound the difference of the mean worth of best plans (None: a bound is missing).
    """

    factor: str
    worst: LevelMean
    best: LevelMean
    matched: bool

    @property
    def moves_by(self) -> float:
        """The difference of the mean values found."""
        return self.best.value - self.worst.value

    @property
    def low(self) -> float | None:
        """The least that the difference can be between best plans."""
        return None if self.worst.bound is None else self.best.value - self.worst.bound

    @property
    def high(self) -> float | None:
        """The most that it can be."""
        return None if self.best.bound is None else self.best.bound - self.worst.value


@dataclass(frozen=True, slots=True)
class _Seen:
    level: str
    value: float
    bound: float | None


_Settings = frozenset[tuple[str, str]]


def factor_effects(cases: pl.DataFrame, bound: str) -> tuple[FactorEffect, ...]:
    """Return the effect of every factor that has planned cases at two levels: matched ones first, the widest first.

    ``cases`` has columns levels, value and ``bound``. Where some settings of all other factors were planned at several
    levels of a factor, those with the most levels are compared; many numbers of a sample are cut in thirds.
    """
    planned = [
        (frozenset((pair["factor"], pair["level"]) for pair in levels), value, limit)
        for levels, value, limit in cases.select("levels", "value", bound).iter_rows()
        if value is not None
    ]
    factors = sorted({factor for settings, _, _ in planned for factor, _ in settings})
    effects = [effect for factor in factors if (effect := _effect(factor, planned)) is not None]
    return tuple(sorted(effects, key=lambda effect: (not effect.matched, -effect.moves_by, effect.factor)))


def _effect(factor: str, planned: Sequence[tuple[_Settings, float, float | None]]) -> FactorEffect | None:
    among: defaultdict[_Settings, list[_Seen]] = defaultdict(list)
    for settings, value, limit in planned:
        level = next((told for name, told in settings if name == factor), AS_IT_IS)
        others = frozenset(setting for setting in settings if setting[0] != factor)
        among[others].append(_Seen(level, value, limit))
    alike = _alike(among)
    # Whoever does not name the factor differs in others as well: only a matched comparison takes it in.
    seen = alike or [case for several in among.values() for case in several if case.level != AS_IT_IS]
    means = _means(seen, MOST_APART if alike else FEW_APART)
    if len(means) < 2:
        return None
    ordered = sorted(means, key=lambda mean: (mean.value, mean.level))
    return FactorEffect(factor=factor, worst=ordered[0], best=ordered[-1], matched=bool(alike))


def _alike(among: Mapping[_Settings, Sequence[_Seen]]) -> list[_Seen]:
    """Return the cases at settings of other factors that were planned at the same, most levels; none if at one each."""
    levels = {others: frozenset(case.level for case in several) for others, several in among.items()}
    ordered = sorted(set(levels.values()), key=lambda each: (-len(each), sorted(each)))
    if not ordered or len(ordered[0]) < 2:
        return []
    return [case for others, several in among.items() if levels[others] == ordered[0] for case in several]


def _means(seen: Sequence[_Seen], apart: int) -> list[LevelMean]:
    groups = level_groups((case.level for case in seen if case.level != AS_IT_IS), apart)
    gathered: defaultdict[str, list[_Seen]] = defaultdict(list)
    for case in seen:
        gathered[groups.get(case.level, AS_IT_IS)].append(case)
    means = []
    for name, several in gathered.items():
        bounds = [case.bound for case in several if case.bound is not None]
        mean_bound = math.fsum(bounds) / len(bounds) if len(bounds) == len(several) else None
        means.append(LevelMean(name, math.fsum(case.value for case in several) / len(several), mean_bound))
    return means
