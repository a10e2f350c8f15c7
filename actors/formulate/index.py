"""Numbers for names: the order of agents, products and materials that all formulations of a scenario share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from planner.domain.scenario import Scenario


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Positions of everything a formulation numbers, each mapping name → 0-based position in table order.

    ``materials`` are bought: named by a supply, or a component that is no product.
    """

    periods: int
    windows: tuple[tuple[int, int], ...]
    products: Mapping[str, int]
    markets: Mapping[str, int]
    plants: Mapping[str, int]
    materials: Mapping[str, int]
    partners: Mapping[str, int]
    segments: Mapping[str, int]
    offers: Mapping[str, int]


def index_scenario(scenario: Scenario) -> Index:
    """Give every name of a scenario its number."""
    products = _positions(scenario["products"]["product"].to_list())
    bought = [*scenario["supplies"]["material"].to_list(), *scenario["bom"]["component"].to_list()]
    return Index(
        periods=scenario.horizon.periods,
        windows=scenario.horizon.windows,
        products=products,
        markets=_positions(scenario["markets"]["market"].to_list()),
        plants=_positions(scenario["plants"]["plant"].to_list()),
        materials=_positions(name for name in bought if name not in products),
        partners=_positions(scenario["partners"]["partner"].to_list()),
        segments=_positions(scenario["segments"]["segment"].to_list()),
        offers=_positions(scenario["offers"]["offer"].to_list()),
    )


def _positions(names: Iterable[str]) -> dict[str, int]:
    return {name: position for position, name in enumerate(dict.fromkeys(names))}
