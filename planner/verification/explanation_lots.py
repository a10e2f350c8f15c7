"""What limits a lot: the recipe itself, or a resource that it fills alone."""

from __future__ import annotations

from math import inf

from planner.domain.scenario import Scenario
from planner.verification.explanation_parts import Part, at_plant


class Lots:
    """The largest lots: what a recipe can make in a period at most, and what sets that limit."""

    def __init__(self, scenario: Scenario) -> None:
        self._most: dict[tuple[str, str], float] = {
            (plant, product): inf if most is None else most
            for plant, product, most in scenario["recipes"].select("plant", "product", "max_lot").iter_rows()
        }
        self._users: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
        columns = scenario["routings"].select("plant", "product", "resource", "capacity_per_unit", "setup_capacity")
        for plant, product, resource, per_unit, setup in columns.iter_rows():
            self._users.setdefault((plant, product), []).append((resource, per_unit, setup))
        self._regular: dict[tuple[str, str, int], float] = {}
        self._capacity: dict[tuple[str, str, int], float] = {}
        limits = scenario["resources"].select("plant", "resource", "period", "regular", "overtime_max")
        for plant, resource, t, regular, overtime in limits.iter_rows():
            self._regular[plant, resource, t] = inf if regular is None else regular
            self._capacity[plant, resource, t] = inf if regular is None or overtime is None else regular + overtime

    def most(self, plant: str, product: str, start: int) -> float:
        """Return the largest lot that recipe and resources allow."""
        return self._limit(plant, product, start)[0]

    def beside(self, plant: str, resource: str, start: int, setup: float) -> float:
        """Return the regular time beside a set-up; 0 where regular time has no limit."""
        left = self._regular.get((plant, resource, start), 0.0) - setup
        return left if left < inf else 0.0

    def is_long(self, plant: str, resource: str, product: str, start: int) -> bool:
        """Say whether the largest lot takes more than the regular time beside its set-up."""
        most = self.most(plant, product, start)
        return any(
            per_unit * most > self._regular.get((plant, resource, start), 0.0) - setup
            for name, per_unit, setup in self._users.get((plant, product), ())
            if name == resource and per_unit > 0
        )

    def setup_use(self, plant: str, product: str) -> list[tuple[str, float]]:
        """Return how much of which resources a set-up takes."""
        return [(resource, setup) for resource, _, setup in self._users.get((plant, product), ())]

    def of_lot(self, plant: str, product: str, start: int, rent: float) -> Part:
        """Return the price of whatever limits a lot: a resource that it fills alone, or the largest lot."""
        _, resource, per_unit = self._limit(plant, product, start)
        if not resource:
            return Part("lot", at_plant(product, plant), start, rent, scarce=True)
        return Part("capacity", resource, start, rent / per_unit, per_unit, scarce=True, plant=plant)

    def _limit(self, plant: str, product: str, start: int) -> tuple[float, str, float]:
        limit = (self._most.get((plant, product), inf), "", 1.0)
        for resource, per_unit, setup in self._users.get((plant, product), ()):
            capacity = self._capacity.get((plant, resource, start), 0.0)
            if per_unit > 0 and (capacity - setup) / per_unit <= limit[0]:
                limit = (max(capacity - setup, 0.0) / per_unit, resource, per_unit)
        return limit
