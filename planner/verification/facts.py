"""The facts of a plan that people ask for first, small enough to be stored beside it.

They are recomputed from scenario and decisions, kept in ``plan.json`` under ``facts``, and shown by the report and the
terminal, which therefore need the plan folder only. Layout (all numbers are rounded to six decimals, ``null`` is
"no limit" or "not known", a list per period or window follows its index):

``schema``, ``title``, ``currency``, ``provenance``, ``period_days``, ``period_starts`` (ISO dates), ``windows``;
``capacity``: per plant and resource; ``families``: supply against demand; ``orders``: service per partner;
``suppliers``: purchases and rebates; ``incentives``: spend against budgets per partner; ``own_spend`` per window;
``offers``; ``customers``; ``clauses``: every clause with its terms and measured rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import polars as pl

from planner.domain.scenario import Scenario
from planner.verification.decisions import Rows
from planner.verification.facts_clauses import clause_facts
from planner.verification.facts_incentives import incentive_facts
from planner.verification.facts_supply import capacity_facts, family_facts, order_facts, supplier_facts
from planner.verification.rewards import RewardOutcome

FACTS_SCHEMA = "concordat.facts/1"


class Recomputed(Protocol):
    """What the facts take from a recomputation of the plan: clause rows, what partners fund, and the rewards."""

    @property
    def clauses(self) -> pl.DataFrame:
        """Columns contract, clause, window, measure, lower, upper, violation, penalty."""
        ...

    @property
    def rewards(self) -> Rows:
        """The reward rows that name something known, as indices of customer, window, offer."""
        ...

    @property
    def outcome(self) -> RewardOutcome:
        """What they lead to."""
        ...

    @property
    def expected_funding(self) -> pl.DataFrame:
        """Columns partner, window, expected_spend."""
        ...


def plan_facts(scenario: Scenario, tables: Mapping[str, pl.DataFrame], recomputation: Recomputed) -> dict[str, object]:
    """Return the facts of a plan, ready for JSON: the same plan and scenario give the same facts.

    ``tables`` are the plan's decision tables; clause measures and funded spend come from ``recomputation``.
    """
    header, horizon = scenario.header, scenario.horizon
    chosen, outcome = recomputation.rewards, recomputation.outcome
    return {
        "schema": FACTS_SCHEMA,
        "title": header.title,
        "currency": header.currency,
        "provenance": header.provenance,
        "period_days": horizon.period_days,
        "period_starts": [horizon.first_day(t).isoformat() for t in range(horizon.periods)],
        "windows": [list(window) for window in horizon.windows],
        "capacity": capacity_facts(scenario, tables),
        "families": family_facts(scenario, tables, outcome.uplift),
        "orders": order_facts(scenario, tables["service"]),
        "suppliers": supplier_facts(scenario, tables["purchases"]),
        **incentive_facts(scenario, chosen, outcome, recomputation.expected_funding),
        "customers": {
            "total": len(scenario["customers"]),
            "rewarded": len(np.unique(chosen["customer"])),
        },
        "clauses": clause_facts(scenario, recomputation.clauses),
    }
