"""Of what the cost of one more unit is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what a unit costs (or, with a negative amount, brings).

    ``kind`` is freight, production, holding, purchase, setup, stock, capacity, lot, store, material or clause; ``name``
    says which one, ``price`` is money per unit of it and ``use`` how much of it a unit of the product takes. ``scarce``
    parts are prices of something limited, the others are paid in money.
    """

    kind: str
    name: str
    period: int | None
    price: float
    use: float = 1.0
    scarce: bool = False
    plant: str = ""

    @property
    def amount(self) -> float:
        """Money per unit of the product."""
        return self.price * self.use


@dataclass(frozen=True, slots=True)
class Route:
    """The cheapest way to a market: ``parts`` add up to ``cost``, money per unit."""

    plant: str
    departure: int
    cost: float
    parts: tuple[Part, ...]


def at_plant(item: str, plant: str) -> str:
    """Return how an item at a plant is called in parts."""
    return f"{item} at {plant}"
