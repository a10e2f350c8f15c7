"""What the plans of a run mean to each partner: as one case has it, and how far the others move it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from planner.domain.case_measures import PARTNER_MEASURES

MEASURES = ("money", "orders", "uplift_units")
"""What is followed across cases: flows of money, orders served, demand that the partner's offers add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerMove:
    """A measure of a partner in the case of reference, and its lowest and highest amount with the cases they are in."""

    partner: str
    measure: str
    at_reference: float | None
    low: float
    low_case: str
    high: float
    high_case: str

    @property
    def moves_by(self) -> float:
        """How far the amount moves across cases."""
        return self.high - self.low


def partner_amounts(cases: pl.DataFrame) -> pl.DataFrame:
    """Return columns key, name, partner and one for each of ``PARTNER_MEASURES``, a row per planned case and partner.

    Results of older versions have none.
    """
    if "partners" not in cases.columns:
        kinds = dict.fromkeys((measure.name for measure in PARTNER_MEASURES), pl.Float64())
        return pl.DataFrame(schema={"key": pl.String(), "name": pl.String(), "partner": pl.String(), **kinds})
    planned = cases.filter(pl.col("value").is_not_null()).select("key", "name", "partners")
    return planned.explode("partners").drop_nulls("partners").unnest("partners").sort("partner", "name", "key")


def partner_moves(cases: pl.DataFrame, reference: str) -> tuple[PartnerMove, ...]:
    """Return what is not zero in every case: partners by name, their measures in the order of `MEASURES`."""
    found = []
    for (partner,), rows in partner_amounts(cases).partition_by("partner", as_dict=True, maintain_order=True).items():
        at = rows.filter(pl.col("name") == reference)
        for measure in MEASURES:
            amounts = rows[measure]
            low, high = amounts.arg_min(), amounts.arg_max()
            if low is None or high is None or (amounts[low] == 0 and amounts[high] == 0):
                continue
            found.append(
                PartnerMove(
                    partner=str(partner),
                    measure=measure,
                    at_reference=at[measure][0] if at.height else None,
                    low=amounts[low],
                    low_case=rows["name"][low],
                    high=amounts[high],
                    high_case=rows["name"][high],
                )
            )
    return tuple(found)
