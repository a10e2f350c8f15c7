"""Everything that stands against a grid of what-if questions, found before any of them is planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from planner.domain.errors import ScenarioInvalid
from planner.domain.finding import Finding
from planner.domain.grid import Factor, Grid, shown
from planner.domain.grid_finding import GridFinding
from planner.domain.patches.change import Patch, Touched
from planner.domain.scenario import Scenario
from planner.verification.findings import find_problems

_TOLD_PER_LEVEL = 3


@dataclass(frozen=True, slots=True)
class CheckedFactor:
    """A factor and what it touches of the base."""

    factor: Factor
    touched: tuple[Touched, ...]


@dataclass(frozen=True, slots=True)
class CheckedGrid:
    """How many questions a grid asks, what each factor touches, and what stands against it."""

    cases: int
    factors: tuple[CheckedFactor, ...]
    findings: tuple[GridFinding, ...]


def check_grid(grid: Grid, base: Scenario) -> CheckedGrid:
    """Check every factor against the base: what it selects, and whether each level alone makes a valid scenario.

    A factor with an interval is checked at both ends. Combinations are checked when they are planned, as each is made.

    Raises
    ------
    ScenarioInvalid
        If findings stand against the base itself.
    """
    wrong = find_problems(base)
    if wrong:
        raise ScenarioInvalid(grid.scenario, wrong)
    findings: list[GridFinding] = []
    checked = []
    for factor in grid.factors:
        path = f"factors.{factor.name}"
        problems = factor.change.problems(base)
        findings += [GridFinding(f"{path}.{problem.field}", problem.message) for problem in problems]
        if not problems:
            checked.append(CheckedFactor(factor, factor.change.touched(base)))
            findings += _of_levels(factor, base, path)
    findings += _unknown_levels(grid)
    return CheckedGrid(0 if findings else len(grid.cases()), tuple(checked), tuple(findings))


def _of_levels(factor: Factor, base: Scenario, path: str) -> Iterator[GridFinding]:
    key = "levels" if factor.interval is None else "range"
    for place, level in enumerate(factor.extremes):
        found = find_problems(Patch(factor.change, level).apply(base))
        yield from (_invalid(f"{path}.{key}[{place}]", shown(level), finding) for finding in found[:_TOLD_PER_LEVEL])


def _invalid(path: str, level: str, finding: Finding) -> GridFinding:
    return GridFinding(path, f"level {level} makes no valid scenario: {finding}")


def _unknown_levels(grid: Grid) -> Iterator[GridFinding]:
    """Give listed levels that their factors cannot take."""
    changes = {factor.name: factor.change for factor in grid.factors}
    for place, settings in enumerate(grid.listed):
        for name, level in settings.items():
            refusal = changes[name].refusal(level)
            if refusal:
                yield GridFinding(f"list[{place}].{name}", f"{shown(level)!r} is no level of {name}: {refusal}")
