"""A grid of what-if questions: factors, the levels each may take, and which combinations are asked."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.domain.patches.change import Change, Level, Patch
from planner.domain.patches.seed import PlanningSeed
from planner.domain.sampling import latin_hypercube
from planner.domain.scenario import Scenario

GRID_SCHEMA = "concordat.grid/1"
MOST_CASES = 100_000
"""Each is a plan of its own; whoever wants more splits the grid."""
BASE = "base"


@dataclass(frozen=True, slots=True)
class Factor:
    """A change under a name, with the ``levels`` that it may take, or the ``interval`` they are sampled from."""

    name: str
    change: Change
    levels: tuple[Level, ...] = ()
    interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.name or self.name == BASE:
            raise ValueError(f"a factor needs a name other than {BASE!r}, got {self.name!r}")
        if bool(self.levels) == (self.interval is not None):
            raise ValueError(f"{self.name} needs either levels or a range to sample from, and not both")
        if len(set(self.levels)) < len(self.levels):
            raise ValueError(f"{self.name} has the same level twice: name each once")
        if self.interval is not None and not self.interval[0] < self.interval[1]:
            low, high = self.interval
            raise ValueError(f"the range of {self.name} goes from {low:g} to {high:g}: write the smaller number first")
        for level in self.extremes:
            Patch(self.change, level)

    @property
    def extremes(self) -> tuple[Level, ...]:
        """All levels, or both ends of the interval."""
        return self.levels if self.interval is None else self.interval

    def at(self, share: float) -> Level:
        """Return the level that lies at a share 0 ≤ share < 1 of the way through the levels or the interval."""
        if self.interval is not None:
            low, high = self.interval
            return low + share * (high - low)
        return self.levels[math.floor(share * len(self.levels))]


@dataclass(frozen=True, slots=True)
class Sample:
    """A Latin hypercube over all factors: how many points, and the seed they are drawn from."""

    count: int
    seed: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.seed < 0:
            raise ValueError(f"a sample needs a count ≥ 1 and a seed ≥ 0, got {self.count} and {self.seed}")


@dataclass(frozen=True, slots=True)
class Case:
    """One question: the base scenario with some factors at some levels, in the order of the grid's factors."""

    settings: tuple[tuple[str, Level], ...]
    patches: tuple[Patch, ...]

    @property
    def name(self) -> str:
        """The levels for people, numbers to six digits."""
        levels = ((name, level if isinstance(level, str) else f"{level:.6g}") for name, level in self.settings)
        return ", ".join(f"{name}={level}" for name, level in levels) or BASE

    @property
    def key(self) -> str:
        """32 hexadecimal digits of a hash of the patches: what is asked, whatever it is called or where it stands."""
        content = [
            [type(patch.change).__name__, dataclasses.asdict(patch.change), _plain(patch.level)]  # type: ignore[call-overload]
            for patch in self.patches
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]

    def scenario(self, base: Scenario) -> Scenario:
        """Return the scenario that is asked about; its assumptions name the levels."""
        changed = base
        for patch in self.patches:
            changed = patch.apply(changed)
        if not self.settings:
            return base
        told = {**base.header.assumptions, "what_if": [f"{name}={shown(level)}" for name, level in self.settings]}
        return dataclasses.replace(changed, header=dataclasses.replace(changed.header, assumptions=told))

    def seed(self, otherwise: int) -> int:
        """Return the seed of planning that is asked for."""
        seeds = [int(patch.level) for patch in self.patches if isinstance(patch.change, PlanningSeed)]
        return seeds[-1] if seeds else otherwise


BASE_CASE = Case((), ())
"""The base scenario itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Which questions are asked about a base scenario.

    ``scenario`` names the base where the grid was written down. All levels of ``crossed`` factors are combined; each
    of ``listed`` names levels of some factors; ``sample`` draws levels of all. A factor that a question does not name
    leaves the scenario as it is. Patches are applied in the order of the factors. The base is always asked about: all
    others go on from its plan.
    """

    scenario: str
    factors: tuple[Factor, ...]
    crossed: tuple[str, ...] = ()
    listed: tuple[Mapping[str, Level], ...] = ()
    sample: Sample | None = None

    def __post_init__(self) -> None:
        names = [factor.name for factor in self.factors]
        if len(set(names)) < len(names):
            raise ValueError("two factors have the same name: name each once")
        for factor in self.factors:
            if factor.name in self.crossed and not factor.levels:
                raise ValueError(f"{factor.name} has a range, which can be sampled but not crossed: give it levels")
        unknown = [name for name in (*self.crossed, *itertools.chain(*self.listed)) if name not in names]
        if unknown:
            raise ValueError(f"no factor is called {unknown[0]!r}: known are {', '.join(names)}")
        if self.most_cases > MOST_CASES:
            raise ValueError(f"{self.most_cases:,} cases are more than {MOST_CASES:,}: split the grid")
        if not self.crossed and not self.listed and self.sample is None:
            raise ValueError("the grid asks about its base alone: cross, list or sample some factors")

    @property
    def most_cases(self) -> int:
        """How many questions there are before those that are the same are asked once only."""
        crossed = math.prod(len(f.levels) for f in self.factors if f.name in self.crossed) if self.crossed else 0
        return crossed + len(self.listed) + (self.sample.count if self.sample else 0) + 1

    def cases(self) -> tuple[Case, ...]:
        """Return all questions, each once: the base, what is crossed, what is listed, what is sampled."""
        cases = (self._case(settings) for settings in self._settings())
        return tuple({case.key: case for case in cases}.values())

    def _settings(self) -> Iterator[Mapping[str, Level]]:
        yield {}
        if self.crossed:
            crossed = [factor for factor in self.factors if factor.name in self.crossed]
            for levels in itertools.product(*(factor.levels for factor in crossed)):
                yield {factor.name: level for factor, level in zip(crossed, levels, strict=True)}
        yield from self.listed
        if self.sample is not None:
            for point in latin_hypercube(self.sample.count, len(self.factors), self.sample.seed).tolist():
                yield {factor.name: factor.at(share) for factor, share in zip(self.factors, point, strict=True)}

    def _case(self, settings: Mapping[str, Level]) -> Case:
        used = [(factor, settings[factor.name]) for factor in self.factors if factor.name in settings]
        return Case(
            tuple((factor.name, level) for factor, level in used),
            tuple(Patch(factor.change, level) for factor, level in used),
        )


def shown(level: Level) -> str:
    """Return a level as people write it."""
    return level if isinstance(level, str) else f"{level:.12g}"


def _plain(level: Level) -> Level:
    """Return a level in one spelling: 2 is 2.0."""
    return level if isinstance(level, str) else float(level)
