"""Seeded chance for scenario generators, in the words they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Draw:
    """A stream of random choices that depends on the preset and the seed only.

    Streams of different presets are independent; a stream is consumed in the order of the calls, so generators draw
    in a fixed order.
    """

    def __init__(self, preset: str, seed: int) -> None:
        if seed < 0:
            raise ValueError(f"a seed is a whole number from 0 on, not {seed}")
        self.numbers = np.random.default_rng([seed, *preset.encode()])

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return bool(self.numbers.random() < probability)

    def between(self, low: float, high: float, *, decimals: int = 2) -> float:
        """Return a number uniform in [low, high], rounded so that it is written exactly."""
        return round(float(self.numbers.uniform(low, high)), decimals)

    def whole(self, low: int, high: int) -> int:
        """Return a whole number uniform in low … high, both included."""
        return int(self.numbers.integers(low, high + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[int(self.numbers.integers(len(choices)))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Return ``count`` distinct choices in their given order."""
        chosen = sorted(self.numbers.choice(len(choices), size=count, replace=False).tolist())
        return [choices[index] for index in chosen]

    def maybe(self, probability: float, low: float, high: float) -> float | None:
        """Return a number of [low, high] with the given probability, else None (no limit)."""
        return self.between(low, high) if self.chance(probability) else None
