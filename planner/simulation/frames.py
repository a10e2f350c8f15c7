"""Frames of declared tables from rows or columns, in the declared types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from planner.domain.schema import POLARS_TYPE, TABLES, Kind

Cell = str | float | bool | None


def frame_of_rows(table: str, rows: Iterable[Sequence[Cell]]) -> pl.DataFrame:
    """Return the frame of a declared table from rows whose cells stand in the order of its declared columns."""
    declared = TABLES[table].columns
    columns: list[list[Cell]] = [list(cells) for cells in zip(*rows, strict=True)] or [[] for _ in declared]
    series = []
    for column, cells in zip(declared, columns, strict=True):
        values = [_number(cell) for cell in cells] if column.kind is Kind.NUMBER else cells
        series.append(pl.Series(column.name, values, dtype=POLARS_TYPE[column.kind]))
    return pl.DataFrame(series)


def _number(cell: Cell) -> float | None:
    return None if cell is None else float(cell)


def declared_types(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the declared columns first, cast to their declared types; further columns are kept."""
    declared = TABLES[table].columns
    casts = [pl.col(column.name).cast(POLARS_TYPE[column.kind]) for column in declared]
    names = set(TABLES[table].column_names)
    return frame.select(*casts, *(name for name in frame.columns if name not in names))
