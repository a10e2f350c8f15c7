"""What the chosen rewards are expected to cause: redemptions and the demand they add."""

from __future__ import annotations

import numpy as np
import polars as pl

from planner.domain.scenario import Scenario


def expected_redemptions(scenario: Scenario, rewards: pl.DataFrame) -> pl.DataFrame:
    """Return how often each offer was given and is expected to be redeemed, per segment and window.

    Columns segment, window, offer, given, redemptions (Σ over customers of min(1, weight · redeem_probability)), in
    the order of the scenario's tables; combinations nobody was given are left out. Pairs naming an unknown customer
    or offer are ignored: verification has reported them.
    """
    segments, offers = scenario["segments"]["segment"], scenario["offers"]["offer"]
    windows = len(scenario.horizon.windows)
    placed = (
        rewards.filter(pl.col("window").is_between(0, windows - 1))
        .join(scenario["customers"].select("customer", "segment", "weight"), on="customer", maintain_order="left")
        .join(scenario["responses"], on=["segment", "offer"], how="left", maintain_order="left")
        .join(pl.DataFrame({"segment": segments}).with_row_index("s"), on="segment", maintain_order="left")
        .join(pl.DataFrame({"offer": offers}).with_row_index("o"), on="offer", maintain_order="left")
        .select("s", "o", "window", p=(pl.col("weight") * pl.col("redeem_probability").fill_null(0.0)).clip(0.0, 1.0))
    )
    cell = placed["s"].to_numpy().astype(np.int64) * windows + placed["window"].to_numpy()
    cell = cell * len(offers) + placed["o"].to_numpy()
    size = len(segments) * windows * len(offers)
    given = np.bincount(cell, minlength=size)
    expected = np.bincount(cell, weights=placed["p"].to_numpy(), minlength=size)
    chosen = np.flatnonzero(given)
    pair, offer = np.divmod(chosen, max(len(offers), 1))
    segment, window = np.divmod(pair, max(windows, 1))
    return pl.DataFrame(
        {
            "segment": segments.gather(segment),
            "window": pl.Series(window, dtype=pl.Int64),
            "offer": offers.gather(offer),
            "given": pl.Series(given[chosen], dtype=pl.Int64),
            "redemptions": pl.Series(expected[chosen], dtype=pl.Float64),
        }
    )


def uplift_demand(scenario: Scenario, redemptions: pl.DataFrame) -> pl.DataFrame:
    """Return the demand that expected redemptions add, as columns segment, product, period, quantity.

    A redemption's units are spread evenly over the periods of its window.
    """
    spans = pl.DataFrame(
        [
            (window, period, 1.0 / len(scenario.horizon.window_periods(window)))
            for window in range(len(scenario.horizon.windows))
            for period in scenario.horizon.window_periods(window)
        ],
        schema={"window": pl.Int64, "period": pl.Int64, "part": pl.Float64},
        orient="row",
    )
    return (
        redemptions.join(scenario["offer_effects"], on="offer", maintain_order="left_right")
        .join(spans, on="window", maintain_order="left_right")
        .select(
            "segment",
            "product",
            "period",
            quantity=pl.col("redemptions") * pl.col("units_per_redemption") * pl.col("part"),
        )
    )
