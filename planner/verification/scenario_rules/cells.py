"""Rules for single cells: what must be there is there, numbers are finite, not negative, and shares at most 1."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from planner.domain.finding import Finding
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES, Column, Kind, Presence
from planner.verification.scenario_rules.rows import row_findings

_SHARES = frozenset({("offers", "own_share"), ("offer_funding", "share"), ("responses", "redeem_probability")})


def cell_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield the findings of all tables; each table is scanned once, and row by row only where something is wrong."""
    for name, table in TABLES.items():
        frame = scenario[name]
        if frame.is_empty():
            continue
        rules = [rule for column in table.columns for rule in _rules(name, column)]
        flags = frame.lazy().select(rule.any().alias(str(i)) for i, (_, _, _, rule) in enumerate(rules)).collect()
        for (column, rule, message, broken), is_broken in zip(rules, flags.row(0), strict=True):
            if is_broken:
                yield from row_findings(frame, name, broken, column, rule, message)


def _rules(table: str, column: Column) -> Iterator[tuple[str, str, str, pl.Expr]]:
    """Yield (column, rule, message, where it is broken); a null breaks only ``required``."""
    cell = pl.col(column.name)
    if column.presence is Presence.REQUIRED:
        empty = cell.is_null() | (cell.str.len_bytes() == 0) if column.kind is Kind.TEXT else cell.is_null()
        yield column.name, "required", "must not be empty", empty
    if column.kind is Kind.NUMBER:
        yield column.name, "not-finite", "must be a finite number", ~cell.is_finite()
    if column.kind in {Kind.NUMBER, Kind.INTEGER} and column.name != "period":
        yield column.name, "negative", "must not be negative", cell < 0
    if (table, column.name) in _SHARES:
        yield column.name, "share", "must lie between 0 and 1", (cell > 1) & cell.is_finite()
