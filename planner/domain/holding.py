"""Holding the first periods of a scenario to a plan: what it sets up, makes and buys there, whatever turns out else.

These decisions are made before it is known which scenario comes true: materials are ordered and lots released. What is
stocked, shipped, served and offered follows once it is known.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from planner.domain.clauses import Contract, PurchaseClause
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario

CONTRACT = "held"
_RECIPE, _SUPPLY = ["plant", "product"], ["partner", "material", "period"]
_TOLERANCE = 1e-6
"""Relative to the quantity: less than any row's tolerance, more than decimals lose."""


def first_decisions(plan: Plan, periods: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what a plan sets up and makes, and what it buys, before a period: rows of its tables in their order."""
    early = pl.col("period") < periods
    lots = plan["production"].filter(early & (pl.col("setup") == 1)).sort(*_RECIPE, "period")
    return lots, plan["purchases"].filter(early & (pl.col("quantity") > 0)).sort(_SUPPLY)


def obstacles(scenario: Scenario, plan: Plan, *, periods: int) -> tuple[str, ...]:
    """Say why the first periods of a scenario cannot be as in a plan, before anything is planned; empty: nothing known.

    A plan of another scenario may make what this one cannot: products or suppliers that are gone, lots or purchases
    outside its limits, less than what it has released.
    """
    lots, bought = first_decisions(plan, periods)
    firm = scenario["firm"].filter(pl.col("period") < periods)
    lots = lots.join(firm.rename({"quantity": "firm"}), on=[*_RECIPE, "period"], how="left").join(
        scenario["recipes"].with_columns(known=pl.lit(value=True)), on=_RECIPE, how="left"
    )
    closed = scenario["recipe_closures"].with_columns(closed=pl.lit(value=True))
    lots = lots.join(closed, on=[*_RECIPE, "period"], how="left")
    quantity, slack = pl.col("quantity"), _TOLERANCE * (1.0 + pl.col("quantity"))
    free = pl.col("firm").is_null()
    small, large = quantity < pl.col("min_lot") - slack, quantity > pl.col("max_lot").fill_null(float("inf")) + slack
    missed = firm.join(lots, on=[*_RECIPE, "period"], how="anti")
    supplies = bought.join(scenario["supplies"].with_columns(known=pl.lit(value=True)), on=_SUPPLY, how="left")
    scarce = quantity > pl.col("max_quantity").fill_null(float("inf")) + slack
    made, wanted = "makes {quantity:g} of {product} at {plant} in period {period}", "{quantity:g} of {material}"
    return (
        *_told(lots, pl.col("known").is_null(), f"the plan {made}, for which there is no recipe"),
        *_told(lots, free & pl.col("closed"), f"the plan {made}, where the recipe is closed"),
        *_told(lots, pl.col("known") & free & (small | large), f"the plan {made}, outside the limits of a lot"),
        *_told(lots, (quantity - pl.col("firm")).abs() > slack, f"the plan {made}, and {{firm:g}} are released"),
        *_told(missed, pl.lit(value=True), "{quantity:g} of {product} at {plant} in period {period} are released"),
        *_told(
            supplies,
            pl.col("known").is_null() | scarce,
            f"the plan buys {wanted} from {{partner}} in period {{period}}, which cannot be had",
        ),
    )


def held_to(scenario: Scenario, plan: Plan, *, periods: int) -> Scenario:
    """Return the scenario whose first periods are set up, made and bought as in a plan to which it has no `obstacles`.

    Lots are released as ``firm``, all other recipes are closed; of every material exactly what was bought is bought: no
    more can be had, and a contract ``held/SUPPLIER`` asks for no less. Plans of the result are plans of the scenario.

    Raises
    ------
    ValueError
        If the periods are not within the horizon.
    """
    if not 0 < periods <= scenario.horizon.periods:
        raise ValueError(f"from 1 to {scenario.horizon.periods} periods can be held, got {periods}")
    lots, bought = first_decisions(plan, periods)
    later = pl.col("period") >= periods
    early = pl.DataFrame({"period": pl.Series(range(periods), dtype=pl.Int64)})
    every = scenario["recipes"].select(_RECIPE).join(early, how="cross", maintain_order="left_right")
    closed = every.join(lots, on=[*_RECIPE, "period"], how="anti", maintain_order="left")
    firm = lots.select(scenario["firm"].columns)
    amounts = bought.rename({"quantity": "held"})
    supplies = scenario["supplies"].join(amounts, on=_SUPPLY, how="left", maintain_order="left")
    most = pl.when(later).then(pl.col("max_quantity")).otherwise(pl.col("held").fill_null(0.0))
    tables = {
        "firm": pl.concat([firm, scenario["firm"].filter(later)]),
        "recipe_closures": pl.concat([closed, scenario["recipe_closures"].filter(later)]),
        "supplies": supplies.with_columns(most.alias("max_quantity")).drop("held"),
    }
    contracts = (*scenario.contracts, *_purchases(scenario, bought))
    return replace(scenario, tables={**scenario.tables, **tables}, contracts=contracts)


def _purchases(scenario: Scenario, bought: pl.DataFrame) -> list[Contract]:
    """Return a contract with every supplier that holds what is bought from it in each period."""
    totals = bought.group_by("partner", "period").agg(pl.col("quantity").sum()).sort("partner", "period")
    contracts = []
    for (partner,), rows in totals.group_by("partner", maintain_order=True):
        name = f"{CONTRACT}/{partner}"
        clauses = tuple(
            PurchaseClause(
                id=f"{name}/{period}",
                contract=name,
                partner=str(partner),
                supplier=str(partner),
                effective_from=scenario.horizon.first_day(period),
                effective_to=scenario.horizon.first_day(period),
                min=quantity,
            )
            for period, quantity in rows.select("period", "quantity").iter_rows()
        )
        contracts.append(Contract(name, str(partner), 1, None, None, clauses))
    return contracts


def _told(rows: pl.DataFrame, wrong: pl.Expr, message: str) -> list[str]:
    return [message.format(**row) for row in rows.filter(wrong.fill_null(value=False)).iter_rows(named=True)]
