"""The measures of a case's plan, recomputed from its tables: how it serves, what its offers do, what partners get."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import polars as pl

from planner.domain.clauses import BudgetClause
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.verification.breaches import tolerance
from planner.verification.partner_ledger import Ledger, partner_ledger


def case_measures(scenario: Scenario, plan: Plan) -> dict[str, float]:
    """Return the measures of a plan of a scenario by the names of ``CASE_MEASURES``.

    Shares of nothing (no order, no budget) are left out. The plan's facts, which are recomputed as the plan is
    finished, give sums over rewards; the rest comes from the tables.
    """
    facts = _mapping(plan.summary.get("facts"))
    orders = _orders(scenario, plan["service"])
    families = _entries(facts, "families")
    demand = _total(families, "base_demand") + _total(families, "uplift")
    served = math.fsum(plan["service"].filter(pl.col("kind") == "segment")["quantity"])
    lost = demand - served
    measures: dict[str, float | None] = {
        "fill_rate": _share(orders["served"] + served, orders["ordered"] + demand),
        "order_fill_rate": _share(orders["served"], orders["ordered"]),
        "on_time_rate": _share(orders["on_time"], orders["ordered"]),
        "late_orders": orders["late_orders"],
        "late_units": orders["served"] - orders["on_time"],
        "short_orders": orders["short_orders"],
        "short_units": orders["short_units"],
        "lost_sales": lost if lost > tolerance(demand) else 0.0,
        **_incentives(scenario, plan, facts),
    }
    return {name: amount + 0.0 for name, amount in measures.items() if amount is not None}


def case_partners(scenario: Scenario, plan: Plan) -> Ledger:
    """Return what a plan of a scenario means to each partner, by the names of ``PARTNER_MEASURES``."""
    offers = _entries(_mapping(plan.summary.get("facts")), "offers")
    redemptions = {str(offer.get("offer")): _number(offer.get("redemptions")) for offer in offers}
    return partner_ledger(scenario, plan.tables, redemptions)


def _orders(scenario: Scenario, service: pl.DataFrame) -> Mapping[str, float]:
    """Return sums and counts over orders; a difference within rounding is none."""
    orders = scenario["orders"].select(id="order", due="period", ordered="quantity")
    rows = service.filter(pl.col("kind") == "order").join(orders.select("id", "due"), on="id", maintain_order="left")
    late = pl.col("quantity").filter(pl.col("period") > pl.col("due"))
    given = rows.group_by("id").agg(served=pl.col("quantity").sum(), late=late.sum())
    each = orders.join(given, on="id", how="left", maintain_order="left").with_columns(
        pl.col("served", "late").fill_null(0.0)
    )
    missed = (each["ordered"] - each["served"]).to_numpy()
    least = tolerance(each["ordered"].to_numpy())
    short, delayed = missed > least, each["late"].to_numpy() > least
    served, delay = math.fsum(each["served"]), math.fsum(each["late"].to_numpy()[delayed])
    return {
        "ordered": math.fsum(each["ordered"]),
        "served": served,
        "on_time": served - delay,
        "late_orders": float(delayed.sum()),
        "short_orders": float(short.sum()),
        "short_units": math.fsum(missed[short]),
    }


def _incentives(scenario: Scenario, plan: Plan, facts: Mapping[str, object]) -> dict[str, float | None]:
    own = math.fsum(_numbers(facts.get("own_spend")))
    partners = math.fsum(plan["funding"]["expected_spend"])
    offers = _entries(facts, "offers")
    customers = _mapping(facts.get("customers"))
    budgets = [clause.id for clause in scenario.clauses if isinstance(clause, BudgetClause)]
    capped = plan["clauses"].filter(pl.col("clause").is_in(budgets) & pl.col("upper").is_not_null())
    return {
        "rewarded": _number(customers.get("rewarded")),
        "redemptions": math.fsum(_number(offer.get("redemptions")) for offer in offers),
        "uplift_units": _total(_entries(facts, "families"), "uplift"),
        "offer_spend": own + partners,
        "own_spend": own,
        "partner_spend": partners,
        "budget_used": _share(math.fsum(capped["measure"]), math.fsum(capped["upper"])),
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _total(entries: Iterable[Mapping[str, object]], name: str) -> float:
    return math.fsum(amount for entry in entries for amount in _numbers(entry.get(name)))


def _mapping(content: object) -> Mapping[str, object]:
    return content if isinstance(content, Mapping) else {}


def _entries(facts: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    found = facts.get(name)
    return [_mapping(entry) for entry in found] if isinstance(found, list) else []


def _numbers(content: object) -> list[float]:
    return [_number(amount) for amount in content] if isinstance(content, list) else []


def _number(content: object) -> float:
    return float(content) if isinstance(content, int | float) else 0.0
