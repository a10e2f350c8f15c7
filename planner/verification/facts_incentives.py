"""Facts of rewards: what partners and we spend, against which budgets, on which offers."""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.domain.clauses import BudgetClause, clause_scopes
from planner.domain.lookup import Index
from planner.domain.scenario import Scenario
from planner.verification.decisions import Rows
from planner.verification.period_grid import Grid, json_number, json_numbers, period_grid
from planner.verification.rewards import RewardOutcome


def incentive_facts(
    scenario: Scenario, chosen: Rows, outcome: RewardOutcome, funding: pl.DataFrame
) -> dict[str, object]:
    """Return ``incentives`` per partner, ``own_spend`` per window and ``offers``, all as expectations.

    A partner is listed if it funds an offer, spends, or has a budget clause. ``funding`` has the columns partner,
    window, expected_spend.
    """
    offers = scenario["offers"]
    redeemed = outcome.redemptions.sum(axis=1)
    own = redeemed * (offers["face_value"] * offers["own_share"]).to_numpy()
    given = np.bincount(chosen["offer"], minlength=offers.height)
    return {
        "incentives": _partner_spend(scenario, funding),
        "own_spend": json_numbers(own.sum(axis=1)),
        "offers": _offers(offers, given=given, redeemed=redeemed.sum(axis=0), own=own.sum(axis=0)),
    }


def _partner_spend(scenario: Scenario, funding: pl.DataFrame) -> list[dict[str, object]]:
    partners = scenario["partners"].select("partner")
    windows = len(scenario.horizon.windows)
    spend = period_grid(funding.rename({"window": "period"}), partners, windows, value="expected_spend")
    budgets: dict[str, list[dict[str, object]]] = {}
    for clause in scenario.clauses:
        if isinstance(clause, BudgetClause):
            budgets.setdefault(clause.partner, []).extend(
                {
                    "clause": clause.id,
                    "window": scope.window,
                    "min": json_number(clause.min),
                    "max": json_number(clause.max),
                    "hard": clause.penalty is None,
                }
                for scope in clause_scopes(clause, scenario.horizon)
            )
    funders = set(scenario["offer_funding"]["partner"].to_list()) | set(budgets)
    return [
        {"partner": partner, "spend": json_numbers(spend[row]), "budgets": budgets.get(partner, [])}
        for row, (partner,) in enumerate(partners.iter_rows())
        if partner in funders or spend[row].any()
    ]


def _offers(offers: pl.DataFrame, *, given: Index, redeemed: Grid, own: Grid) -> list[dict[str, object]]:
    return [
        {
            "offer": offer["offer"],
            "sponsor": offer["sponsor"],
            "campaign_type": offer["campaign_type"],
            "face_value": json_number(offer["face_value"]),
            "given": int(given[row]),
            "redemptions": json_number(redeemed[row]),
            "limit": json_number(offer["max_redemptions"]),
            "own_spend": json_number(own[row]),
        }
        for row, offer in enumerate(offers.iter_rows(named=True))
    ]
