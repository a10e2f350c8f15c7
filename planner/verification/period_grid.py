"""Sums of a table's quantities by name and period, as the facts of a plan show them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Grid = npt.NDArray[np.float64]


def period_grid(frame: pl.DataFrame, names: pl.DataFrame, periods: int, *, value: str = "quantity") -> Grid:
    """Return float64 of shape (rows of ``names``, periods): ``value`` summed per name and period.

    ``names`` holds unique names in the columns they are joined by; it must not have a column ``period`` or
    ``place``. Rows of other names or outside the horizon are left out. Sums run in row order, so that equal frames
    give equal bits.
    """
    keys = names.columns
    placed = frame.join(names.with_row_index("place"), on=keys, how="inner", maintain_order="left").filter(
        pl.col("period").is_between(0, periods - 1)
    )
    cells = placed["place"].to_numpy().astype(np.int64) * periods + placed["period"].to_numpy()
    sums = np.bincount(cells, weights=placed[value].to_numpy(), minlength=len(names) * periods)
    return sums.astype(np.float64).reshape(len(names), periods)


def unique_names(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return the distinct names in ``columns``, in order of first appearance."""
    return frame.select(columns).unique(maintain_order=True)


def json_number(value: float | None) -> float | None:
    """Return a number as it is stored in facts: six decimals, no negative zero, nothing that is not finite."""
    if value is None or not np.isfinite(value):
        return None
    return round(float(value), 6) + 0.0


def json_numbers(values: Grid) -> list[float | None]:
    """Return a vector as stored in facts."""
    return [json_number(value) for value in values.tolist()]
