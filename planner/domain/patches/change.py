"""What a change of a scenario is: something that can be done to it in different strengths, which are its levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from planner.domain.scenario import Scenario

Level = float | str
"""How strong a change is: a number (1 and 0 for yes and no), or the text that is put in the place of another."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change reaches in one table: how many of its rows, and in which columns; no column: whole rows.

    ``table`` is a table, ``contracts.json`` or ``eligibility.json``; ``ids`` are those of clauses or rules.
    """

    table: str
    rows: int
    columns: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in words."""
        what = " and ".join(self.columns) or "whole rows"
        return f"{self.table}: {what} of {', '.join(self.ids) or f'{self.rows:,} rows'}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a change does not fit a scenario; ``field`` says in which of its parts, the message names the cure."""

    field: str
    message: str


class Change(Protocol):
    """A change of a scenario, of which only the level is open."""

    @property
    def neutral(self) -> Level | None:
        """The level that changes no scenario; None where that depends on the scenario."""
        ...

    def refusal(self, level: Level) -> str:
        """Say why this is no level of the change; empty for one that is."""
        ...

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return why it cannot be done to this scenario, whatever its level; empty where it can."""
        ...

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return all that it may change in a scenario; everything else stays as it is."""
        ...

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the changed scenario."""
        ...


@dataclass(frozen=True, slots=True)
class Patch:
    """A change at one level."""

    change: Change
    level: Level

    def __post_init__(self) -> None:
        refusal = self.change.refusal(self.level)
        if refusal:
            raise ValueError(f"{self.level!r} is no level of this change: {refusal}")

    def apply(self, scenario: Scenario) -> Scenario:
        """Return the patched scenario."""
        return self.change.apply(scenario, self.level)


def not_a_switch(level: Level) -> str:
    """Say why a level does not mean yes or no; empty where it does."""
    return "" if level in {0.0, 1.0} else "write false (as it is) or true (changed)"


class Switch:
    """The part of every change that is done or not: level 1 does it, level 0 leaves the scenario as it is."""

    __slots__ = ()

    @property
    def neutral(self) -> Level:
        """No: the scenario as it is."""
        return 0.0

    def refusal(self, level: Level) -> str:
        """Say why this is neither yes nor no."""
        return not_a_switch(level)
