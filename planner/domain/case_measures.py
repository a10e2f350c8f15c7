"""What a case of a what-if run is measured by besides its value: the catalogue of names, units and directions.

Measures are those of the plan that was found. Unlike the value they have no bound: the best plan of the same case may
serve more or less, and another plan of the same value may too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from planner.domain.plan import VALUE_PARTS

Best = Literal["max", "min"]


@dataclass(frozen=True, slots=True)
class CaseMeasure:
    """A measure: its name in files, its title for people, its unit, which direction is better, what it means.

    ``unit`` is ``share`` (of 1), ``money`` (the scenario's currency), ``units`` (as products state theirs), or what is
    counted.
    """

    name: str
    title: str
    unit: str
    best: Best
    meaning: str

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.title and self.unit and self.meaning):
            raise ValueError(f"a measure has a name, a title, a unit and a meaning, got {self.name!r}")


VALUE = CaseMeasure("value", "Value", "money", "max", "What the plan is worth; the only measure that has a bound.")

SERVICE_MEASURES = (
    CaseMeasure(
        "fill_rate", "Fill rate", "share", "max", "Units served of orders and demand ÷ units wanted, uplift included."
    ),
    CaseMeasure("order_fill_rate", "Order fill rate", "share", "max", "Units of orders served, late or not ÷ ordered."),
    CaseMeasure("on_time_rate", "On time", "share", "max", "Units of orders served by their due period ÷ ordered."),
    CaseMeasure(
        "late_orders", "Late orders", "orders", "min", "Orders of which some units are served after they are due."
    ),
    CaseMeasure("late_units", "Units late", "units", "min", "Units of orders served after their due period."),
    CaseMeasure("short_orders", "Short orders", "orders", "min", "Orders of which some units are never served."),
    CaseMeasure("short_units", "Units short", "units", "min", "Units of orders that are never served."),
    CaseMeasure("lost_sales", "Lost sales", "units", "min", "Units of segments' demand, uplift included, not served."),
)
"""How orders and demand are served."""

INCENTIVE_MEASURES = (
    CaseMeasure("rewarded", "Customers rewarded", "customers", "max", "Customers who receive at least one offer."),
    CaseMeasure(
        "redemptions", "Redemptions", "redemptions", "max", "Redemptions that are expected of the offers given."
    ),
    CaseMeasure("uplift_units", "Uplift", "units", "max", "Units of demand that expected redemptions add."),
    CaseMeasure("offer_spend", "Offer spend", "money", "min", "Face value of expected redemptions, whoever pays it."),
    CaseMeasure("own_spend", "Own spend", "money", "min", "Our own share of the face value of expected redemptions."),
    CaseMeasure("partner_spend", "Partners' spend", "money", "max", "What partners fund of expected redemptions."),
    CaseMeasure(
        "budget_used", "Budgets used", "share", "max", "Spend ÷ maximum, summed over budget clauses that state one."
    ),
)
"""What offers cost, whom they reach and what they bring."""

CASE_MEASURES = (*SERVICE_MEASURES, *INCENTIVE_MEASURES)
"""All measures that are kept of a case, in the order of the columns of its row."""

PARTNER_MEASURES = (
    CaseMeasure("money", "Money", "money", "max", "Purchases + penalties − rebates − funding: what it nets from us."),
    CaseMeasure("purchases", "Bought from it", "money", "max", "Cost of what we buy from it, before rebates."),
    CaseMeasure("rebates", "Rebates", "money", "min", "What it pays back on purchases."),
    CaseMeasure("funding", "Funding", "money", "min", "Its share of the face value of expected redemptions."),
    CaseMeasure("penalties", "Penalties", "money", "max", "What violated clauses of its contracts cost us."),
    CaseMeasure(
        "orders", "Orders served", "money", "max", "Its orders' units served, late or not, at their unit revenue."
    ),
    CaseMeasure(
        "uplift_units", "Uplift", "units", "max", "Units of demand added by redemptions of offers that it funds."
    ),
)
"""What a plan means to a partner, ``money`` first: that one is the sum of its flows of money apart from its orders.

An order served is worth at least its price to the partner, which is what it pays for it: what it gains beyond that
no scenario tells, so orders stand beside the money and are not added to it.
"""


def _chosen_by_name() -> dict[str, CaseMeasure]:
    parts = (
        CaseMeasure(
            part, f"{part.capitalize()} (part of the value)", "money", "max", "Part of the value; costs are < 0."
        )
        for part in VALUE_PARTS
    )
    return {measure.name: measure for measure in (VALUE, *CASE_MEASURES, *parts)}


MEASURES_BY_NAME = _chosen_by_name()
"""Everything by which cases can be set against each other: value, measures and parts of the value."""
