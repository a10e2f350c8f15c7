"""Facts of rewards: what partners and we spend, against which budgets, on which offers."""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.domain.clauses import BudgetClause, clause_scopes
from planner.domain.scenario import Scenario
from planner.verification.period_grid import json_number, json_numbers, period_grid


def incentive_facts(scenario: Scenario, redemptions: pl.DataFrame, funding: pl.DataFrame) -> dict[str, object]:
    """Return ``incentives`` per partner, ``own_spend`` per window and ``offers``, all as expectations.

    A partner is listed if it funds an offer, spends, or has a budget clause. ``funding`` has the columns partner,
    window, expected_spend.
    """
    offers = scenario["offers"].select("offer", "face_value", "own_share")
    money = redemptions.join(offers, on="offer", maintain_order="left").with_columns(
        own=pl.col("redemptions") * pl.col("face_value") * pl.col("own_share")
    )
    windows = len(scenario.horizon.windows)
    own = np.bincount(money["window"].to_numpy(), weights=money["own"].to_numpy(), minlength=windows)
    return {
        "incentives": _partner_spend(scenario, funding),
        "own_spend": json_numbers(own.astype(np.float64)),
        "offers": _offers(scenario, money),
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


def _offers(scenario: Scenario, money: pl.DataFrame) -> list[dict[str, object]]:
    names = scenario["offers"].select("offer")
    whole = money.with_columns(period=pl.lit(0, dtype=pl.Int64), given=pl.col("given").cast(pl.Float64))
    sums = {value: period_grid(whole, names, 1, value=value)[:, 0] for value in ("given", "redemptions", "own")}
    return [
        {
            "offer": offer["offer"],
            "sponsor": offer["sponsor"],
            "campaign_type": offer["campaign_type"],
            "face_value": json_number(offer["face_value"]),
            "given": int(sums["given"][row]),
            "redemptions": json_number(sums["redemptions"][row]),
            "limit": json_number(offer["max_redemptions"]),
            "own_spend": json_number(sums["own"][row]),
        }
        for row, offer in enumerate(scenario["offers"].iter_rows(named=True))
    ]
