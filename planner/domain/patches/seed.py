"""Planning the same scenario with another seed."""

from __future__ import annotations

from dataclasses import dataclass

from planner.domain.patches.change import Level, Problem, Touched
from planner.domain.scenario import Scenario


@dataclass(frozen=True, slots=True)
class PlanningSeed:
    """The level is the seed of planning; the scenario itself stays as it is."""

    @property
    def neutral(self) -> None:
        """None: which seed is the usual one is not told here."""
        return None

    def refusal(self, level: Level) -> str:
        """Say why this is no seed."""
        fits = not isinstance(level, str) and 0 <= float(level) < 2**53 and float(level).is_integer()
        return "" if fits else "a seed is a whole number from 0 on"

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:  # noqa: ARG002 - as the protocol has it
        """Return nothing: every scenario can be planned with any seed."""
        return ()

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:  # noqa: ARG002 - as the protocol has it
        """Return nothing: the scenario is not changed."""
        return ()

    def apply(self, scenario: Scenario, level: Level) -> Scenario:  # noqa: ARG002 - as the protocol has it
        """Return the scenario itself."""
        return scenario
