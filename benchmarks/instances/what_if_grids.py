"""Grids of what-if questions around any scenario, and their cases planned from nothing, as a loop would do it.

The factors are of the kinds that people ask about: the demand of a family, a plant that runs short for two periods, the
price of a material, the budget of a promotion. All move at once, drawn from a Latin hypercube.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from cluster.runtimes import agent_settings
from cluster.what_if.worker import CasePlanner
from planner.adapters.grid_yaml import read_grid
from planner.adapters.scenario_folder import write_scenario
from planner.domain.clauses import BudgetClause
from planner.domain.grid import GRID_SCHEMA, Case
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseResult

Cold = tuple[float, float | None, float | None]
"""Processor seconds of a case, its value and the bound proved."""
_DEMAND, _BUDGET, _PRICE, _SHORT = [0.9, 1.1], [0.75, 1.5], [0.9, 1.3], [0.0, 0.3]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedGrid:
    """A base, the file of a grid around it, all its cases with the base first, and the gap of their plans.

    ``folder`` is where whoever plans them may write.
    """

    base: Scenario
    file: Path
    cases: tuple[Case, ...]
    gap: float
    folder: Path

    def parameters(self, seconds: float) -> PlanningParameters:
        """Return how each case is planned, within so many seconds."""
        return PlanningParameters(gap=self.gap, time_limit=seconds)

    def some(self, count: int) -> tuple[Case, ...]:
        """Return so many cases besides the base, evenly from all."""
        others = self.cases[1:]
        step = max(1, len(others) // max(1, count))
        return others[::step][:count]


def ask(base: Scenario, folder: Path, *, count: int, gap: float, seed: int) -> AskedGrid:
    """Write a base and a grid of ``count`` cases besides it into a folder."""
    write_scenario(base, folder / "scenario")
    file = folder / "grid.yaml"
    content = {"schema": GRID_SCHEMA, "scenario": "scenario", "factors": _factors(base)}
    content["sample"] = {"count": count, "seed": seed}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return AskedGrid(base=base, file=file, cases=read_grid(file).grid.cases(), gap=gap, folder=folder)


def without_setups(scenario: Scenario) -> Scenario:
    """Return the scenario in which set-ups decide nothing, so that every plant's problem is a linear program."""
    zero = pl.lit(0.0)
    recipes = scenario["recipes"].with_columns(setup_cost=zero, min_lot=zero)
    routings = scenario["routings"].with_columns(setup_capacity=zero)
    return replace(scenario, tables={**scenario.tables, "recipes": recipes, "routings": routings})


def planned_cold(base: Scenario, case: Case, parameters: PlanningParameters) -> CaseResult:
    """Plan a case from nothing, by agents that remember nothing."""
    return CasePlanner(base, agent_settings()).plan(case, parameters)


def cold_seconds(base: Scenario, case: Case, parameters: PlanningParameters) -> Cold:
    """Plan a case from nothing and return what that took."""
    used = time.process_time()
    result = planned_cold(base, case, parameters)
    return time.process_time() - used, result.value, result.bound_proved


def _factors(base: Scenario) -> Mapping[str, Any]:
    """Return factors by name, as they stand in the file; what a base has not is not asked about."""
    family = base["demand"].join(base["products"], on="product")["family"].drop_nulls().unique().sort()
    plant = base["resources"]["plant"].unique().sort()
    material = base["supplies"]["material"].unique().sort()
    budgets = [
        clause.id
        for contract in base.contracts
        for clause in contract.clauses
        if isinstance(clause, BudgetClause) and clause.max is not None
    ]
    middle = base.horizon.periods // 2
    factors: dict[str, Any] = {}
    if family.len():
        factors["demand"] = {"scale": "demand.quantity", "where": {"family": family[0]}, "range": _DEMAND}
    if plant.len():
        shortage = {"plant": plant[0], "periods": [middle - 1, middle]}
        factors["shortage"] = {"outage": shortage, "range": _SHORT}
    if material.len():
        factors["price"] = {"scale": "supplies.unit_cost", "where": {"material": material[0]}, "range": _PRICE}
    if budgets:
        factors["budget"] = {"scale": "clause.max", "where": {"id": budgets[0]}, "range": _BUDGET}
    return factors
