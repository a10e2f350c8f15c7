"""What a plan means to every partner: what it gets from us, pays and is served, recomputed from the plan's tables.

The figures are exact for the plan at hand, and of no other: plans of the same value can favour different partners, so
that neither a bound of the value nor a price bounds them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from planner.domain.clauses import RebateClause, clause_scopes
from planner.domain.demand import units_per_redemption
from planner.domain.scenario import Scenario
from planner.verification.breaches import tolerance

Ledger = dict[str, dict[str, float]]


def partner_ledger(scenario: Scenario, tables: Mapping[str, pl.DataFrame], redemptions: Mapping[str, float]) -> Ledger:
    """Return for each partner, in the order of the scenario, the amounts of ``PARTNER_MEASURES``.

    ``tables`` are the plan's: purchases, funding, clauses (for their penalties) and service. ``redemptions`` are those
    expected of each offer over the horizon.
    """
    bought = _purchases(scenario, tables["purchases"])
    partner_of = {clause.id: clause.partner for clause in scenario.clauses}
    paid = tables["clauses"].select(
        pl.col("clause").replace_strict(partner_of, default=None).alias("partner"), "penalty"
    )
    flows = {
        "purchases": _sums(bought, "cost"),
        "rebates": _rebates(scenario, bought),
        "funding": _sums(tables["funding"], "expected_spend"),
        "penalties": _sums(paid, "penalty"),
        "orders": _orders(scenario, tables["service"]),
        "uplift_units": _uplift(scenario, redemptions),
    }
    ledger = {}
    for partner in scenario["partners"]["partner"].to_list():
        own = {name: amounts.get(partner, 0.0) + 0.0 for name, amounts in flows.items()}
        money = math.fsum((own["purchases"], own["penalties"], -own["rebates"], -own["funding"]))
        ledger[partner] = {"money": money + 0.0, **own}
    return ledger


def _purchases(scenario: Scenario, purchases: pl.DataFrame) -> pl.DataFrame:
    """Return partner, period, quantity and cost of every purchase."""
    supplies = scenario["supplies"].select("partner", "material", "period", "unit_cost")
    return purchases.join(supplies, on=["partner", "material", "period"], maintain_order="left").select(
        "partner", "period", "quantity", cost=pl.col("quantity") * pl.col("unit_cost")
    )


def _rebates(scenario: Scenario, bought: pl.DataFrame) -> dict[str, float]:
    """Return what each supplier pays back: the rate of the highest tier reached, of all bought in the scope."""
    paid: defaultdict[str, list[float]] = defaultdict(list)
    for clause in scenario.clauses:
        if not isinstance(clause, RebateClause):
            continue
        of_supplier = bought.filter(pl.col("partner") == clause.supplier)
        for scope in clause_scopes(clause, scenario.horizon):
            inside = of_supplier.filter(pl.col("period").is_in(list(scope.periods)))
            quantity, rate = math.fsum(inside["quantity"]), 0.0
            for tier in sorted(clause.tiers, key=lambda tier: tier.from_quantity):
                if tier.from_quantity - quantity <= tolerance(tier.from_quantity):
                    rate = tier.rate
            paid[clause.supplier].append(rate * math.fsum(inside["cost"]))
    return {supplier: math.fsum(amounts) for supplier, amounts in paid.items()}


def _orders(scenario: Scenario, service: pl.DataFrame) -> dict[str, float]:
    orders = scenario["orders"].select(id="order", partner="partner", unit_revenue="unit_revenue")
    served = service.filter(pl.col("kind") == "order").join(orders, on="id", maintain_order="left")
    return _sums(served.select("partner", worth=pl.col("quantity") * pl.col("unit_revenue")), "worth")


def _uplift(scenario: Scenario, redemptions: Mapping[str, float]) -> dict[str, float]:
    offers = scenario["offers"]["offer"].to_list()
    brings = dict(zip(offers, units_per_redemption(scenario).sum(axis=1).tolist(), strict=True))
    funded = (
        scenario["offer_funding"].filter(pl.col("share") > 0).select("partner", "offer").unique(maintain_order=True)
    )
    added: defaultdict[str, list[float]] = defaultdict(list)
    for partner, offer in funded.iter_rows():
        added[partner].append(brings.get(offer, 0.0) * redemptions.get(offer, 0.0))
    return {partner: math.fsum(units) for partner, units in added.items()}


def _sums(frame: pl.DataFrame, column: str) -> dict[str, float]:
    """Return the exact sum of a column by partner; rows of nobody are left out."""
    amounts: defaultdict[str, list[float]] = defaultdict(list)
    for partner, amount in frame.drop_nulls("partner").select("partner", column).iter_rows():
        amounts[partner].append(amount or 0.0)
    return {partner: math.fsum(several) for partner, several in amounts.items()}
