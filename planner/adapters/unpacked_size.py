"""How large the packed files of a scenario become when they are read, found out without reading them.

A Parquet file may repeat one value a thousand million times in a few bytes, so its own size says little.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from planner.domain.errors import ScenarioUnreadable

_VALUE_BYTES = 8
"""What a value takes in memory at least, however often it is repeated."""


def unpacked_bytes(path: Path) -> int:
    """Return the bytes that the values of a Parquet file take at least, by what its footer says.

    Raises
    ------
    ScenarioUnreadable
        If it has no footer that can be read.
    """
    try:
        footer = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        cause = str(error).strip().splitlines()[0]
        raise ScenarioUnreadable(f"{path} cannot be read: {cause}; export the table {path.stem!r} again") from error
    groups = [footer.row_group(place) for place in range(footer.num_row_groups)]
    columns = [(group.num_rows, group.column(place)) for group in groups for place in range(group.num_columns)]
    return sum(
        max(0, column.total_uncompressed_size, _VALUE_BYTES * max(rows, column.num_values)) for rows, column in columns
    )


def text_bytes(table: pl.DataFrame) -> int:
    """Return the bytes of all texts of a table, each counted as often as it stands there.

    Texts that are repeated lie in memory once; whoever hashes or writes them meets them one by one.
    """
    return sum(int(column.str.len_bytes().sum()) for column in table if column.dtype == pl.String)
