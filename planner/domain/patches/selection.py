"""Which rows of a table a change means: conditions on its columns, or on those of the tables that it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from planner.domain.lookup import positions
from planner.domain.patches.change import Problem
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES, Kind

Value = str | int
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Condition:
    """One column takes one of some values.

    ``column`` is one of the table itself, or one of a table that it refers to: ``family`` of demand is that of its
    product. Where two columns refer to tables that have it, it is preceded by which one: ``market.region``.
    """

    column: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"{self.column} is compared with nothing: give at least one value")


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a table for which all conditions hold; without any, all rows."""

    table: str
    where: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ValueError(f"there is no table {self.table!r}: {nearest(self.table, TABLES)}")

    def problems(self, scenario: Scenario) -> tuple[Problem, ...]:
        """Return which columns or values do not exist there, and whether no row is meant."""
        found = [problem for condition in self.where for problem in self._wrong(scenario, condition)]
        if not found and not self.mask(scenario).any():
            field = f"where.{self.where[-1].column}" if self.where else ""
            reason = "no row satisfies all conditions at once" if self.where else "the table has no rows"
            found.append(Problem(field, f"nothing in {self.table} is meant: {reason}; leave out a condition"))
        return tuple(found)

    def mask(self, scenario: Scenario) -> pl.Series:
        """Return bool [rows]: which rows are meant; the selection has no problems with this scenario."""
        chosen = pl.repeat(value=True, n=scenario[self.table].height, dtype=pl.Boolean, eager=True)
        for condition in self.where:
            column = self._columns(scenario, condition.column)[0]
            chosen &= column.is_in(_as_in(column, condition.values)).fill_null(value=False)
        return chosen

    def _wrong(self, scenario: Scenario, condition: Condition) -> list[Problem]:
        field = f"where.{condition.column}"
        columns = self._columns(scenario, condition.column)
        if not columns:
            known = nearest(condition.column, self._names(scenario))
            return [Problem(field, f"{self.table} has no column {condition.column!r} to choose rows by: {known}")]
        if len(columns) > 1:
            ways = " or ".join(f"{name}.{condition.column}" for name in self._ways(scenario, condition.column))
            return [Problem(field, f"{condition.column!r} of {self.table} could be that of several: write {ways}")]
        there = set(columns[0].drop_nulls().to_list())
        return [
            Problem(
                field,
                f"{condition.column} is never {value!r} in {self.table}: {nearest(str(value), map(str, there))}",
            )
            for value in _as_in(columns[0], condition.values)
            if value not in there
        ]

    def _columns(self, scenario: Scenario, name: str) -> list[pl.Series]:
        """Return the columns that a name may mean, in the rows of this table."""
        frame = scenario[self.table]
        if name in frame.columns and frame[name].dtype in {pl.String(), pl.Int64()}:
            return [frame[name]]
        way, dot, name = name.rpartition(".")
        return [
            _referred(scenario, frame[column], table, name)
            for column, table in self._references()
            if (not dot or way == column) and name in _choosable(scenario, table)
        ]

    def _ways(self, scenario: Scenario, name: str) -> list[str]:
        return [column for column, table in self._references() if name in _choosable(scenario, table)]

    def _names(self, scenario: Scenario) -> list[str]:
        further = [name for _, table in self._references() for name in _choosable(scenario, table)]
        return list(dict.fromkeys((*_choosable(scenario, self.table), *further)))

    def _references(self) -> list[tuple[str, str]]:
        return [
            (column.name, column.refers.partition(".")[0]) for column in TABLES[self.table].columns if column.refers
        ]


def row_key(table: str) -> frozenset[str]:
    """Return the columns of a table that say which row it is, or that refer to another table."""
    declared = TABLES[table]
    return frozenset((*declared.key, *(column.name for column in declared.columns if column.refers)))


def numeric_columns(table: str) -> dict[str, Kind]:
    """Return the columns of a table whose numbers may change: none that says which row it is."""
    fixed = row_key(table)
    return {
        column.name: column.kind
        for column in TABLES[table].columns
        if column.kind in {Kind.NUMBER, Kind.INTEGER} and column.name not in fixed
    }


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which known names somebody may have meant, in words."""
    names = sorted(set(known))
    if not names:
        return "there is none"
    spelled = {other.casefold(): other for other in names}
    close = get_close_matches(name.casefold(), list(spelled), n=2, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(repr(spelled[other]) for other in close)}?"
    more = f" … ({len(names)} in all)" if len(names) > _SHOWN else ""
    return f"known are {', '.join(names[:_SHOWN])}{more}"


def _choosable(scenario: Scenario, table: str) -> list[str]:
    frame = scenario[table]
    return [name for name in frame.columns if frame[name].dtype in {pl.String(), pl.Int64()}]


def _as_in(column: pl.Series, values: Sequence[Value]) -> list[Value]:
    """Return values in the type of a column where they have one: a plant's id may look like a number."""
    return [str(value) if column.dtype == pl.String() else value for value in values]


def _referred(scenario: Scenario, names: pl.Series, table: str, column: str) -> pl.Series:
    """Return a column of the table that names refer to, in the rows of the names; null where there is no such row."""
    rows = positions(names, scenario[table][TABLES[table].key[0]])
    return scenario[table][column].gather(pl.Series(rows).replace({-1: None}))
