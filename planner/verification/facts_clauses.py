"""Facts of contracts: every clause in words, with the rows it was measured in."""

from __future__ import annotations

import polars as pl

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    RebateClause,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.scenario import Scenario
from planner.verification.period_grid import json_number

_ROW_NUMBERS = ("measure", "lower", "upper", "violation", "penalty")


def clause_facts(scenario: Scenario, measured: pl.DataFrame) -> list[dict[str, object]]:
    """Return every clause, in the order of the contracts.

    ``penalty_rate`` is money per unit of violation (null: hard); ``rows`` are those of ``measured`` (one per window
    or period, none for a ban), in its order. A rebate also has ``tiers`` as [from_quantity, rate] pairs.
    """
    rows: dict[str, list[dict[str, object]]] = {}
    for row in measured.iter_rows(named=True):
        numbers = {name: json_number(row[name]) for name in _ROW_NUMBERS}
        rows.setdefault(row["clause"], []).append({"window": row["window"], **numbers})
    return [
        {
            "clause": clause.id,
            "contract": clause.contract,
            "partner": clause.partner,
            "kind": clause.kind,
            "terms": clause_terms(clause),
            "each_window": clause.each_window,
            "penalty_rate": json_number(clause.penalty),
            "rows": rows.get(clause.id, []),
            **_tiers(clause),
        }
        for clause in scenario.clauses
    ]


def _tiers(clause: Clause) -> dict[str, object]:
    if not isinstance(clause, RebateClause):
        return {}
    return {"supplier": clause.supplier, "tiers": [[tier.from_quantity, tier.rate] for tier in clause.tiers]}


def clause_terms(clause: Clause) -> str:  # noqa: C901 - one case per clause kind
    """Return what a clause demands, in one phrase of contract language."""
    match clause:
        case BudgetClause():
            terms = f"{clause.partner} funds expected redemptions of {_between(clause.min, clause.max)}"
        case VolumeClause():
            terms = f"units served of orders of {clause.orders_of}: {_between(clause.min, clause.max)}"
        case ServiceClause():
            timing = " on time" if clause.on_time else ""
            terms = f"at least {_share(clause.min_fill_rate)} of orders of {clause.orders_of} served{timing}"
        case ReservationClause():
            families = ", ".join(clause.families)
            terms = f"{_share(clause.share)} of {clause.plant} kept from {families} for orders of {clause.orders_of}"
        case PurchaseClause():
            terms = f"bought from {clause.supplier}: {_between(clause.min, clause.max)}"
        case RebateClause():
            steps = ", ".join(f"{_share(tier.rate)} from {tier.from_quantity:,.12g}" for tier in clause.tiers)
            terms = f"{clause.supplier} pays back {steps}"
        case ParityClause():
            partners = ", ".join(clause.orders_of)
            terms = f"fill rates of {partners} differ by at most {_share(clause.max_fill_gap)}"
        case ExclusivityClause():
            terms = f"offers of {clause.offers_of} only in {', '.join(clause.markets)}"
        case PriceFloorClause():
            share = _share(clause.min_net_revenue_share)
            terms = f"offers of {clause.offers_of} leave at least {share} of the revenue they bring"
        case RewardFloorClause():
            terms = f"at least {_share(clause.min_share)} of {clause.tier} customers receive an offer"
        case StabilityClause():
            frozen = ", ".join(str(period) for period in clause.frozen_periods)
            terms = f"production of periods {frozen} moves by at most {clause.max:,.12g} from the baseline"
        case _:
            terms = clause.kind
    return terms


def clause_application(clause: Clause) -> str:
    """Return where a clause counts: in every reward window or period, or over the horizon, and between which dates."""
    if isinstance(clause, ReservationClause):
        where = "in every period"
    else:
        where = "in every reward window" if clause.each_window else "over the horizon"
    if clause.effective_from is not None:
        where += f" from {clause.effective_from.isoformat()}"
    if clause.effective_to is not None:
        where += f" until {clause.effective_to.isoformat()}"
    return where


def _share(share: float) -> str:
    return f"{100 * share:.6g} %"


def _between(low: float | None, high: float | None) -> str:
    parts = [f"at least {low:,.12g}"] if low is not None else []
    parts += [f"at most {high:,.12g}"] if high is not None else []
    return " and ".join(parts) or "any amount"
