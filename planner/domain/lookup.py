"""Places of keys in a table, so that columns of names become columns of row numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Index = npt.NDArray[np.int64]


def positions(values: pl.Series, keys: pl.Series) -> Index:
    """Return for every value the first row of ``keys`` that equals it, −1 where none does (or the value is null).

    The result is int64 of shape (len(values),). Both series have the same type.
    """
    return row_positions(pl.DataFrame({"key": values}), pl.DataFrame({"key": keys}))


def row_positions(rows: pl.DataFrame, keys: pl.DataFrame) -> Index:
    """Return for every row the first row of ``keys`` with the same values, −1 where none has them.

    Columns are matched by their order, not by name, and have the same types; a null equals nothing. The result is
    int64 of shape (rows.height,).
    """
    names = [f"key_{i}" for i in range(keys.width)]
    known = keys.rename(dict(zip(keys.columns, names, strict=True))).with_row_index("row").unique(names, keep="first")
    wanted = rows.rename(dict(zip(rows.columns, names, strict=True)))
    found = wanted.join(known, on=names, how="left", maintain_order="left")
    return found["row"].cast(pl.Int64).fill_null(-1).to_numpy()
