"""The stated parameters of every preset: change a scenario here, not in the code that draws it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TinyParameters:
    """A scenario small enough for one exact model with a binary per customer, window and offer.

    Pairs are inclusive ranges. ``regular`` is capacity per line and period; ``unlimited_regular`` the chance that a
    line has no limit; ``optional_tables`` the chance of each optional table; ``impossible`` the chance of a set of
    hard clauses that no plan can keep.
    """

    periods: tuple[int, int] = (3, 4)
    plants: tuple[int, int] = (2, 3)
    segments: tuple[int, int] = (2, 3)
    customers: tuple[int, int] = (6, 14)
    offers: tuple[int, int] = (3, 4)
    regular: tuple[float, float] = (3.0, 10.0)
    unlimited_regular: float = 0.03
    optional_tables: float = 0.3
    clause: float = 0.5
    impossible: float = 0.06

    def __post_init__(self) -> None:
        for name in ("unlimited_regular", "optional_tables", "clause", "impossible"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability, not {getattr(self, name)}")


TINY = TinyParameters()
