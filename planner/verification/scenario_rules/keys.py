"""Rules between rows: keys are unique, references are found."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES, Column, Presence, Table
from planner.verification.scenario_rules.rows import row_findings

ALL_PRODUCTS = "*"
_MANY = 100_000


def key_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield a finding for every row whose key was already taken by a row before it."""
    for name, table in TABLES.items():
        frame = scenario[name]
        if _has_duplicates(frame, table.key):
            again = ~pl.struct(table.key).is_first_distinct() & ~pl.any_horizontal(pl.col(table.key).is_null())
            message = "this key stands in an earlier row too; keys must be unique"
            yield from row_findings(frame, name, again, ", ".join(table.key), "duplicate", message)


def _has_duplicates(frame: pl.DataFrame, key: tuple[str, ...]) -> bool:
    """Return whether two rows may share a key: equal hashes are counted, which is cheaper than equal texts."""
    if len(key) > 1:
        return frame.select(key).hash_rows().n_unique() < frame.height
    ids = frame[key[0]]
    return not _is_counted_up(ids) and ids.hash().n_unique() < frame.height


def _is_counted_up(ids: pl.Series) -> bool:
    """Return whether every id is longer than the one before, or as long and greater: so all differ.

    Numbered ids written as text usually are, and comparing neighbours is far cheaper than hashing a million.
    """
    length = ids.str.len_bytes()
    before, after = length[:-1], length[1:]
    return bool(((after > before) | ((after == before) & (ids[1:] > ids[:-1]))).all(ignore_nulls=False))


def reference_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield a finding for every value that its table of reference does not hold."""
    for name, table in TABLES.items():
        for column in table.columns:
            if column.refers:
                yield from _unknown(scenario, name, column)
        if table.part_of:
            yield from _without_whole(scenario, table)
    lanes = scenario["lanes"]
    known = [*scenario["products"]["product"].to_list(), ALL_PRODUCTS]
    unknown = pl.col("product").is_in(known).not_()
    message = f"no such product; name one of products, or {ALL_PRODUCTS} for all"
    yield from row_findings(lanes, "lanes", unknown, "product", "unknown-reference", message)


def _without_whole(scenario: Scenario, table: Table) -> list[Finding]:
    """Return a finding for every row that belongs to no row of the table that this one is part of."""
    whole, frame = TABLES[table.part_of], scenario[table.name]
    if frame.is_empty():
        return []
    there = scenario[whole.name].select(whole.key).unique().with_columns(pl.lit(value=True).alias("?"))
    marked = frame.join(there, on=list(whole.key), how="left", maintain_order="left")
    message = f"{whole.name} has no such row; write {', '.join(whole.key)} as they stand there"
    return row_findings(marked, table.name, pl.col("?").is_null(), ", ".join(whole.key), "unknown-reference", message)


def _unknown(scenario: Scenario, name: str, column: Column) -> list[Finding]:
    home, key = column.refers.split(".")
    frame = scenario[name]
    cells = frame[column.name]
    if len(cells) > _MANY:
        # Exports are mostly sorted: dropping repetitions of the row before leaves few values to hash.
        cells = cells.filter(cells.ne_missing(cells.shift()))
    strange = {*cells.unique().to_list()} - {*scenario[home][key].to_list(), None}
    if column.presence is Presence.DEFAULT:
        strange.discard("")
    if not strange:
        return []
    broken = pl.col(column.name).is_in(sorted(strange))
    return row_findings(frame, name, broken, column.name, "unknown-reference", f"not found in {home}")
