"""The file names that make up a scenario folder and a plan folder."""

from __future__ import annotations

from planner.domain.plan import PLAN_PARQUET_TABLES, PLAN_TABLES
from planner.domain.schema import PARQUET_TABLES, TABLES

SCENARIO_FILES: tuple[str, ...] = (
    "scenario.json",
    *(f"{name}.parquet" if name in PARQUET_TABLES else f"{name}.csv" for name in TABLES),
    "eligibility.json",
    "contracts.json",
)
"""Every file a scenario folder may have, in reading order; further files there are no part of the scenario."""

PLAN_FILES: tuple[str, ...] = (
    *(f"{name}.parquet" if name in PLAN_PARQUET_TABLES else f"{name}.csv" for name in PLAN_TABLES),
    "plan.json",
)
"""Every file of a plan folder; ``plan.json`` last, so that a folder which has it is complete."""

SOLVER_LOGS = "solver_logs"
"""The folder in a plan's own that holds what solvers told while it was made, where that was asked for."""

DOWNLOADED_FILES: tuple[str, ...] = (*PLAN_FILES[:-1], "orders.csv", "contracts.json", PLAN_FILES[-1])
"""Every file that a download may hold: of a plan, or of what a partner gets to see of one."""
