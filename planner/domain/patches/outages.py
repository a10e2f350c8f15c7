"""Changes by which something stands still for a time: plants and their resources, lanes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from planner.domain.patches.change import Level, Problem, Switch, Touched
from planner.domain.patches.rows import number_refusal, with_tables
from planner.domain.patches.selection import Condition, Selection
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES

_HOURS = ("regular", "overtime_max")


@dataclass(frozen=True, slots=True)
class PlantOutage:
    """A plant, or one resource of it, loses a share of its regular time and overtime in some periods.

    The level is the share that is lost: 1 stands still, 0 runs as it did.
    """

    plant: str
    periods: tuple[int, ...]
    resource: str = ""

    def __post_init__(self) -> None:
        if not self.periods:
            raise ValueError("an outage is in some period: name at least one")

    @property
    def neutral(self) -> Level:
        """No share is lost: the plant as it is."""
        return 0.0

    def refusal(self, level: Level) -> str:
        """Say why this is no share of capacity."""
        number = number_refusal(level)
        return number or ("" if 0 <= float(level) <= 1 else "write the share of capacity that is lost, from 0 to 1")

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return whether plant, resource or periods are unknown."""
        return tuple(
            Problem(problem.field.removeprefix("where."), problem.message) for problem in self._rows.problems(scenario)
        )

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return how many rows of capacity are touched."""
        return (Touched("resources", int(self._rows.mask(scenario).sum()), _HOURS),)

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario with less capacity; capacity without a limit stays so unless all of it is lost."""
        frame, down, left = scenario["resources"], self._rows.mask(scenario), 1.0 - float(level)
        hours = [
            pl.when(down).then(pl.col(name) * left if left else pl.lit(0.0)).otherwise(pl.col(name)).alias(name)
            for name in _HOURS
        ]
        return with_tables(scenario, {"resources": frame.with_columns(hours)})

    @property
    def _rows(self) -> Selection:
        where = [Condition("plant", (self.plant,)), Condition("period", self.periods)]
        if self.resource:
            where.append(Condition("resource", (self.resource,)))
        return Selection("resources", tuple(where))


@dataclass(frozen=True, slots=True)
class LaneOutage(Switch):
    """The selected lanes are closed in some periods (level 1): nothing leaves on them then.

    A product that has a lane of its own does not go by the lane ``*`` while its own is closed.
    """

    where: tuple[Condition, ...]
    periods: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.periods or not self.where:
            raise ValueError("name the lanes that are closed, such as {plant: P1, market: M1}, and at least one period")

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return what the selection of lanes misses, and periods outside the horizon."""
        last = scenario.horizon.periods - 1
        outside = tuple(
            Problem("periods", f"there is no period {t}: the horizon is 0 to {last}")
            for t in self.periods
            if not 0 <= t <= last
        )
        return (
            *(
                Problem(problem.field.replace("where", "lane", 1), self._cure(scenario, problem.message))
                for problem in Selection("lanes", self.where).problems(scenario)
            ),
            *outside,
        )

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return how many closures are added."""
        return (Touched("lane_closures", self._added(scenario).height),)

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario with these lanes closed; what is closed already stays so."""
        if not level:
            return scenario
        closures = pl.concat([scenario["lane_closures"], self._added(scenario)])
        return with_tables(scenario, {"lane_closures": closures})

    def _added(self, scenario: Scenario) -> pl.DataFrame:
        lanes = scenario["lanes"].filter(Selection("lanes", self.where).mask(scenario))
        periods = pl.DataFrame({"period": pl.Series(sorted(set(self.periods)), dtype=pl.Int64)})
        key = list(TABLES["lane_closures"].key)
        closed = lanes.select(TABLES["lanes"].key).join(periods, how="cross", maintain_order="left_right").select(key)
        return closed.join(scenario["lane_closures"], on=key, how="anti", maintain_order="left")

    def _cure(self, scenario: Scenario, message: str) -> str:
        """Tell of products that have no lane of their own how they go."""
        named = {str(v) for condition in self.where if condition.column == "product" for v in condition.values}
        without = sorted(named & set(scenario["products"]["product"]) - set(scenario["lanes"]["product"]))
        if not without or not message.startswith("product is never"):
            return message
        return f"{message}; {without[0]} goes by lanes for all products: close '*', or give it lanes of its own"
