"""The canonical form of a plan's tables: the decimals and the order in which a plan is written are the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from planner.domain.plan import DECISION_TABLES, PLAN_KEYS, PLAN_TABLES

# A double near 2^20 resolves 2e-10 and one near 2^30 resolves 2e-7: beyond these, rounding again could move the last
# digit, and a plan read back would not be the plan written.
_NINE_DECIMALS_BELOW = 2.0**20
_SIX_DECIMALS_BELOW = 2.0**30


def canonical_number(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to 9 decimals (6 from 2^20 on, unrounded from 2^30 on); idempotent, and -0.0 becomes 0.0."""
    size = np.abs(values)
    with np.errstate(over="ignore"):
        nine = np.round(values * 1e9) / 1e9
        six = np.round(values * 1e6) / 1e6
    return np.where(size < _NINE_DECIMALS_BELOW, nine, np.where(size < _SIX_DECIMALS_BELOW, six, values)) + 0.0


def canonical_table(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a plan table in declared columns and types, sorted by key; decision tables with canonical decimals.

    Rows whose decision is 0 are left out of decision tables, except in ``funding``, which lists every partner.
    """
    types = PLAN_TABLES[name]
    table = frame.select([pl.col(column).cast(dtype) for column, dtype in types.items()])
    if name in DECISION_TABLES:
        numbers = [column for column, dtype in types.items() if dtype == pl.Float64]
        table = table.with_columns(pl.Series(c, canonical_number(table[c].to_numpy()), pl.Float64) for c in numbers)
        if numbers == ["quantity"]:
            decided = pl.col("quantity") != 0
            table = table.filter(decided | (pl.col("setup") != 0) if "setup" in types else decided)
    keys = PLAN_KEYS[name]
    return table if _in_order(table, keys) else table.sort(keys, maintain_order=True, nulls_last=False)


def _in_order(table: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Tell whether no key is empty and rows are sorted already, which costs far less to see than sorting by text."""
    follows = pl.lit(value=True)
    for key in reversed(keys):
        column, before = pl.col(key), pl.col(key).shift(1)
        follows = (column > before) | ((column == before) & follows)
    return not any(table[key].has_nulls() for key in keys) and bool(table.select(follows.slice(1).all()).item())


def canonical_tables(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return all plan tables in canonical form: exactly what a reader of the written plan will see."""
    return {name: canonical_table(name, tables[name]) for name in PLAN_TABLES}
