"""From a condition on a table's rows to a finding for each row that meets it."""

from __future__ import annotations

import polars as pl

from planner.domain.finding import Finding


def row_findings(
    frame: pl.DataFrame, table: str, broken: pl.Expr, column: str, rule: str, message: str
) -> list[Finding]:
    """Return a finding for every row where ``broken`` is true, with the value of ``column`` (or of ``a, b, …``)."""
    columns = column.split(", ")
    row = frame.with_row_index("#").filter(broken).select(pl.col("#").cast(pl.Int64), *columns)
    return [
        Finding(table, number, column, rule, ", ".join("" if v is None else str(v) for v in values), message)
        for number, *values in row.iter_rows()
    ]
