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
    known = pl.DataFrame({"key": keys}).with_row_index("row").unique("key", keep="first", maintain_order=True)
    found = pl.DataFrame({"key": values}).join(known, on="key", how="left", maintain_order="left")
    return found["row"].cast(pl.Int64).fill_null(-1).to_numpy()
