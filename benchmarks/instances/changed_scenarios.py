"""One thing that changes after a plan was made, and planning in this process, so that its work alone is measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from actors.host import Host, agent_names
from actors.in_process import InProcessNetwork
from actors.kept_answers import KeptAnswers
from actors.run import RunSettings, run_planning
from cluster.folders import local_folders
from planner.domain.clauses import BudgetClause, RebateClause, ServiceClause
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters, PlanningResult, Progress


def larger_order(scenario: Scenario) -> Scenario:
    """Return the scenario whose largest order is 20 % larger."""
    orders = scenario["orders"]
    largest = pl.int_range(pl.len()) == orders["quantity"].arg_max()
    quantity = pl.when(largest).then(pl.col("quantity") * 1.2).otherwise(pl.col("quantity"))
    return _with(scenario, "orders", orders.with_columns(quantity=quantity))


def outage(scenario: Scenario) -> Scenario:
    """Return the scenario whose plant of middling capacity stands still for two periods in the middle."""
    resources, middle = scenario["resources"], scenario.horizon.periods // 2
    sizes = resources.group_by("plant", maintain_order=True).agg(pl.col("regular").sum()).sort("regular", "plant")
    still = (pl.col("plant") == sizes["plant"][sizes.height // 2]) & pl.col("period").is_in([middle, middle + 1])
    hours = [pl.when(still).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("regular", "overtime_max")]
    return _with(scenario, "resources", resources.with_columns(hours))


def half_budgets(scenario: Scenario) -> Scenario:
    """Return the scenario with every budget halved."""

    def halved(clause: Any) -> Any:
        if not isinstance(clause, BudgetClause) or clause.max is None:
            return clause
        most = clause.max / 2
        return replace(clause, max=most, min=None if clause.min is None else min(clause.min, most))

    return _with_clauses(scenario, halved)


def amended_contracts(scenario: Scenario) -> Scenario:
    """Return the scenario with fill rates 5 % higher and rebate tiers that begin 10 % later."""

    def amended(clause: Any) -> Any:
        if isinstance(clause, ServiceClause):
            return replace(clause, min_fill_rate=min(1.0, 1.05 * clause.min_fill_rate))
        if isinstance(clause, RebateClause):
            return replace(clause, tiers=tuple(replace(t, from_quantity=1.1 * t.from_quantity) for t in clause.tiers))
        return clause

    return _with_clauses(scenario, amended)


def shifted_demand(scenario: Scenario) -> Scenario:
    """Return the scenario with a fifth more demand of one segment and a fifth less of another."""
    first, second = scenario["segments"]["segment"][:2].to_list()
    share = pl.when(pl.col("segment") == first).then(1.2).when(pl.col("segment") == second).then(0.8).otherwise(1.0)
    return _with(scenario, "demand", scenario["demand"].with_columns(quantity=pl.col("quantity") * share))


CHANGES: dict[str, Callable[[Scenario], Scenario]] = {
    "order": larger_order,
    "outage": outage,
    "budgets": half_budgets,
    "contracts": amended_contracts,
    "demand": shifted_demand,
}
"""The five changes after which a plan is made anew, by name."""


def plan_here(
    scenario: Scenario, folder: Path, parameters: PlanningParameters, *, kept: KeptAnswers | None = None
) -> PlanningResult:
    """Plan with all agents in this process; time is this process's own.

    Models are new, agents know what ``kept`` holds of their earlier answers.
    """
    names = agent_names(scenario)
    settings = RunSettings(
        folders=local_folders(),
        parameters=parameters,
        code_hash="measured in place",
        clock=time.process_time,
        emit=_nobody_listens,
    )
    host = Host(scenario, names, plant_backend="highs", partner_backend="scip", kept=kept)
    return run_planning(scenario, InProcessNetwork(host, names), str(folder), settings)


def _nobody_listens(_: Progress) -> None:
    """Hear of progress and do nothing."""


def _with(scenario: Scenario, table: str, content: pl.DataFrame) -> Scenario:
    return replace(scenario, tables={**scenario.tables, table: content})


def _with_clauses(scenario: Scenario, change: Callable[[Any], Any]) -> Scenario:
    contracts = tuple(replace(c, clauses=tuple(change(clause) for clause in c.clauses)) for c in scenario.contracts)
    return replace(scenario, contracts=contracts)
