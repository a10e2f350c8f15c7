"""A plan of the small scenario as the planner leaves it: facts, history and certificate included."""

from __future__ import annotations

import dataclasses

import polars as pl

from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.verification.facts import plan_facts
from planner.verification.recompute import recompute
from tests.plan_builder import small_plan
from tests.scenario_builder import small_scenario


def reported_plan(scenario: Scenario | None = None, **changes: object) -> Plan:
    """Return the small plan with everything a report shows; ``changes`` replace entries of plan.json."""
    scenario = scenario or small_scenario()
    plan = small_plan(scenario)
    summary = {
        **plan.summary,
        "scenario_id": scenario.header.id,
        "stopped_by": "work",
        "reproducible": True,
        "seed": 3,
        "proved_by": {"plant/1901": "dual bound of the MIP"},
        "history": [[0.5, None, 150.0], [1.0, -900.0, 140.0], [2.0, 90.0, 130.0], [4.0, 100.0, 120.0]],
        "certificate": {
            "choices": {"oil/rebate@-1": 3, "oil/bonus@1": 2},
            "leaves": [
                {
                    "id": "leaf-0",
                    "allowed": {"oil/rebate@-1": [0, 1], "oil/bonus@1": [0, 1]},
                    "bound_checked": 130.0,
                    "bound_proved": 110.0,
                    "proved_by": {"plant:1901": "dual bound", "plant:1902": "dual bound", "segment:s": "response"},
                },
                {
                    "id": "leaf-1",
                    "allowed": {"oil/rebate@-1": [2], "oil/bonus@1": [1]},
                    "bound_checked": 120.0,
                    "bound_proved": 120.0,
                    "proved_by": {},
                },
            ],
        },
        "parameters": {"gap": 0.01, "seed": 3},
        "facts": plan_facts(scenario, plan.tables, recompute(scenario, plan.tables)),
        **changes,
    }
    return Plan(plan.tables, summary)


def with_clause_cell(plan: Plan, row: int, **cells: object) -> Plan:
    """Return the plan with cells of one row of its clause table replaced."""
    clauses = plan["clauses"]
    changed = [
        pl.Series(name, [cells.get(name, old) if i == row else old for i, old in enumerate(clauses[name])])
        if name in cells
        else clauses[name]
        for name in clauses.columns
    ]
    return dataclasses.replace(plan, tables={**plan.tables, "clauses": pl.DataFrame(changed, schema=clauses.schema)})
