"""Changes of table rows: numbers scaled or set, rows left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from planner.domain.patches.change import Level, Problem, Switch, Touched
from planner.domain.patches.selection import Selection, nearest, numeric_columns
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES, Kind


def number_refusal(level: Level) -> str:
    """Say why a level is no finite number; empty for one that is."""
    return "" if not isinstance(level, str) and math.isfinite(level) else "write a finite number"


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A numeric column of the selected rows, multiplied by the level (``scaled``) or set to it.

    An empty cell, which means "no limit", stays empty when it is scaled.
    """

    rows: Selection
    column: str
    scaled: bool

    def __post_init__(self) -> None:
        known = numeric_columns(self.rows.table)
        if self.column not in known:
            raise ValueError(
                f"{self.rows.table} has no numbers {self.column!r} to change: {nearest(self.column, known)}"
            )
        if self.scaled and known[self.column] is Kind.INTEGER:
            raise ValueError(f"{self.rows.table}.{self.column} is in whole numbers: set it instead of scaling it")

    @property
    def neutral(self) -> Level | None:
        """1 where numbers are scaled; which number is set already depends on the scenario."""
        return 1.0 if self.scaled else None

    def refusal(self, level: Level) -> str:
        """Say why this is no level: see :class:`planner.domain.patches.change.Change`."""
        refusal = number_refusal(level)
        if not refusal and self.scaled and float(level) < 0:
            refusal = "a factor is at least 0"
        if not refusal and numeric_columns(self.rows.table)[self.column] is Kind.INTEGER and float(level) % 1:
            refusal = f"{self.column} is a whole number"
        return refusal

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return what the selection misses, and whether there is nothing to scale."""
        found = self.rows.problems(scenario)
        if (
            not found
            and self.scaled
            and scenario[self.rows.table].filter(self.rows.mask(scenario))[self.column].null_count()
            == int(self.rows.mask(scenario).sum())
        ):
            reason = f"every {self.column} that is meant is empty, which no factor changes: set it"
            return (Problem("scale", reason),)
        return found

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return the column and the number of its cells."""
        return (Touched(self.rows.table, int(self.rows.mask(scenario).sum()), (self.column,)),)

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario with these numbers changed."""
        frame, meant = scenario[self.rows.table], self.rows.mask(scenario)
        old = pl.col(self.column)
        new = old * float(level) if self.scaled else pl.lit(float(level)).cast(frame.schema[self.column])
        changed = pl.when(meant).then(new).otherwise(old).alias(self.column)
        return with_tables(scenario, {self.rows.table: frame.with_columns(changed)})


@dataclass(frozen=True, slots=True)
class RowsDropped(Switch):
    """The selected rows are left out (level 1), and so is every row of another table that refers to one of them."""

    rows: Selection

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return what the selection misses, and lanes that another lane of the same market would stand in for."""
        found = self.rows.problems(scenario)
        return found or (_stand_ins(scenario, self.rows) if self.rows.table == "lanes" else ())

    def touched(self, scenario: Scenario) -> tuple[Touched, ...]:
        """Return the rows of every table that are left out."""
        return tuple(Touched(name, scenario[name].height - kept.height) for name, kept in self._kept(scenario).items())

    def apply(self, scenario: Scenario, level: Level) -> Scenario:
        """Return the scenario without these rows."""
        return with_tables(scenario, self._kept(scenario)) if level else scenario

    def _kept(self, scenario: Scenario) -> dict[str, pl.DataFrame]:
        """Return what is left of every table that loses rows."""
        kept: dict[str, pl.DataFrame] = {}
        gone = {self.rows.table: scenario[self.rows.table].filter(self.rows.mask(scenario))}
        while gone:
            table, rows = gone.popitem()
            frame = kept.get(table, scenario[table])
            kept[table] = frame.join(rows, on=list(TABLES[table].key), how="anti", maintain_order="left")
            for other, column, key in _referring(table):
                named = kept.get(other, scenario[other])
                lost = named.filter(pl.col(column).is_in(rows[key].implode()))
                if lost.height:
                    gone[other] = pl.concat([gone[other], lost]).unique() if other in gone else lost
            for other in (name for name, part in TABLES.items() if part.part_of == table):
                lost = kept.get(other, scenario[other]).join(rows, on=list(TABLES[table].key), how="semi")
                if lost.height:
                    gone[other] = pl.concat([gone[other], lost]).unique() if other in gone else lost
        return kept


def with_tables(scenario: Scenario, tables: Mapping[str, pl.DataFrame]) -> Scenario:
    """Return the scenario with these tables in the place of its own."""
    return replace(scenario, tables={**scenario.tables, **tables})


def _referring(table: str) -> list[tuple[str, str, str]]:
    """Return (table, column, key) of every column that refers to the key of a table.

    Three columns refer to products where they do not say something else: a material, or `*`.
    """
    some = [("stock", "item"), ("receipts", "item"), ("lanes", "product")] if table == "products" else []
    return [(other, column, "product") for other, column in some] + [
        (other.name, column.name, column.refers.partition(".")[2])
        for other in TABLES.values()
        for column in other.columns
        if column.refers.partition(".")[0] == table
    ]


def _stand_ins(scenario: Scenario, rows: Selection) -> tuple[Problem, ...]:
    """Return lanes of one product whose end another lane for all products would make up for."""
    mask = rows.mask(scenario)
    closed, kept = scenario["lanes"].filter(mask), scenario["lanes"].filter(~mask)
    general = kept.filter(pl.col("product") == "*").select("plant", "market")
    left = closed.filter(pl.col("product") != "*").join(general, on=["plant", "market"], how="semi")
    return tuple(
        Problem(
            "where", f"without its own lane {product} goes from {plant} to {market} by lane '*': select that one too"
        )
        for plant, market, product in left.select("plant", "market", "product").head(3).iter_rows()
    )
