"""Rules of who pays for an offer."""

from __future__ import annotations

import polars as pl

from planner.domain.finding import Finding
from planner.domain.scenario import Scenario

_TOLERANCE = 1e-6


def share_findings(scenario: Scenario) -> list[Finding]:
    """Return a finding for every offer whose own share and funding shares do not add up to 1."""
    funded = scenario["offer_funding"].group_by("offer").agg(pl.col("share").sum())
    totals = (
        scenario["offers"]
        .with_row_index("#")
        .join(funded, on="offer", how="left", maintain_order="left")
        .with_columns((pl.col("own_share") + pl.col("share").fill_null(0.0)).alias("total"))
        .filter((pl.col("total") - 1.0).abs() > _TOLERANCE)
    )
    message = "own_share and the shares in offer_funding must add up to 1"
    return [
        Finding("offers", int(row), "own_share", "shares-sum", f"{total:g}", message)
        for row, total in totals.select("#", "total").iter_rows()
    ]
