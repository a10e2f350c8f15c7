"""Scenarios like the tiny ones but too large for the coordinator to give to a solver as a whole."""

from __future__ import annotations

from planner.domain.scenario import Scenario
from planner.simulation.parameters import TinyParameters
from planner.simulation.tiny import tiny_scenario

_PARAMETERS = TinyParameters(
    periods=(6, 6), plants=(4, 4), segments=(8, 8), customers=(400, 400), clause=0.35, impossible=0.0
)


def middling_scenario(seed: int) -> Scenario:
    """Return a random scenario with 4 plants, 8 segments and 400 customers."""
    return tiny_scenario(seed, _PARAMETERS)
