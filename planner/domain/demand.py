"""Demand, its prices and what rewards do to it, as dense arrays.

Axes are S segments, K products, T periods, M offers, each in the order of its table. Rows that name something no
table declares are left out here; they are findings of the validation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.domain.lookup import positions
from planner.domain.scenario import Scenario

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DemandCube:
    """Subscription demand of every segment, product and period: float64 arrays of shape (S, K, T).

    ``base`` is the quantity (0 where no row stands), ``revenue`` and ``penalty`` the money per unit served and lost.
    Prices are given everywhere, since rewards may create demand where no base demand stands.
    """

    base: Floats
    revenue: Floats
    penalty: Floats

    def __post_init__(self) -> None:
        if not self.base.shape == self.revenue.shape == self.penalty.shape:
            raise ValueError(f"demand arrays differ in shape: {self.base.shape}, {self.revenue.shape}")


def demand_cube(scenario: Scenario) -> DemandCube:
    """Return the demand cube of a scenario.

    A price is that of the row of its segment, product and period, else of the first row of that segment and product,
    else of the first row of that segment, else 0 (planning problem, Definitions).
    """
    shape = (scenario["segments"].height, scenario["products"].height, scenario.horizon.periods)
    demand = scenario["demand"]
    segment = positions(demand["segment"], scenario["segments"]["segment"])
    product = positions(demand["product"], scenario["products"]["product"])
    period = demand["period"].fill_null(-1).to_numpy()
    known = (segment >= 0) & (product >= 0) & (period >= 0) & (period < shape[2])
    segment, product, period = segment[known], product[known], period[known]
    rows = demand.filter(known)
    base = np.zeros(shape)
    base[segment, product, period] = rows["quantity"].to_numpy()
    row = _pricing_rows((segment, product, period), shape)
    return DemandCube(base, _priced(rows["unit_revenue"], row), _priced(rows["shortage_penalty"], row))


def units_per_redemption(scenario: Scenario) -> Floats:
    """Return the incremental units of every offer and product for one redemption: float64 of shape (M, K)."""
    effects = scenario["offer_effects"]
    return _matrix(
        positions(effects["offer"], scenario["offers"]["offer"]),
        positions(effects["product"], scenario["products"]["product"]),
        effects["units_per_redemption"],
        (scenario["offers"].height, scenario["products"].height),
    )


def redeem_probability(scenario: Scenario) -> Floats:
    """Return the redemption probability per segment and offer at weight 1, 0 without a row: float64 (S, M)."""
    responses = scenario["responses"]
    return _matrix(
        positions(responses["segment"], scenario["segments"]["segment"]),
        positions(responses["offer"], scenario["offers"]["offer"]),
        responses["redeem_probability"],
        (scenario["segments"].height, scenario["offers"].height),
    )


def _pricing_rows(
    index: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]], shape: tuple[int, int, int]
) -> npt.NDArray[np.int64]:
    segment, product, _ = index
    rows = np.arange(len(segment))
    # Which of repeated places an assignment keeps is left open by numpy: the first row is chosen before.
    segments, first = np.unique(segment, return_index=True)
    of_segment = np.full(shape[0], -1)
    of_segment[segments] = first
    of_product = np.repeat(of_segment[:, None], shape[1], axis=1)
    pairs, first = np.unique(segment * shape[1] + product, return_index=True)
    of_product.ravel()[pairs] = first
    row = np.repeat(of_product[:, :, None], shape[2], axis=2)
    row[index] = rows
    return row


def _priced(price: pl.Series, row: npt.NDArray[np.int64]) -> Floats:
    return np.append(price.to_numpy(), 0.0)[row]


def _matrix(
    row: npt.NDArray[np.int64], column: npt.NDArray[np.int64], value: pl.Series, shape: tuple[int, int]
) -> Floats:
    matrix = np.zeros(shape)
    known = (row >= 0) & (column >= 0)
    matrix[row[known], column[known]] = value.to_numpy()[known]
    return matrix
