"""Holding the next periods to an earlier plan: its production as baseline, and a clause that says how far to move."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from planner.domain.clauses import Contract, StabilityClause
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario

CONTRACT = "stability"
CLAUSE = "stability/frozen"


def frozen_to(
    scenario: Scenario, plan: Plan, *, partner: str, periods: int, most: float, penalty: float | None = None
) -> Scenario:
    """Return the scenario whose first periods may differ from a plan's production by at most ``most`` units in all.

    The plan's production replaces the baseline, and a contract ``stability`` with ``partner`` holds the one clause
    ``stability/frozen``: hard, or at ``penalty`` money per unit beyond. An earlier contract of that id is replaced.

    Raises
    ------
    ValueError
        If the partner is unknown, the periods are not within the horizon, or an amount is negative.
    """
    if partner not in scenario["partners"]["partner"]:
        raise ValueError(f"the scenario has no partner {partner!r}")
    if not 0 < periods <= scenario.horizon.periods:
        raise ValueError(f"from 1 to {scenario.horizon.periods} periods can be frozen, got {periods}")
    if most < 0 or (penalty is not None and penalty < 0):
        raise ValueError("neither the most that may change nor the penalty can be negative")
    made = plan["production"].filter((pl.col("period") < periods) & (pl.col("quantity") > 0))
    baseline = made.select(scenario["baseline"].columns)
    clause = StabilityClause(
        id=CLAUSE, contract=CONTRACT, partner=partner, penalty=penalty, frozen_periods=tuple(range(periods)), max=most
    )
    others = tuple(contract for contract in scenario.contracts if contract.id != CONTRACT)
    contract = Contract(CONTRACT, partner, 1, None, None, (clause,))
    return replace(scenario, tables={**scenario.tables, "baseline": baseline}, contracts=(*others, contract))
