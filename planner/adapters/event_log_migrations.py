"""The steps by which the tables of the event log became what they are, each with its way back.

A step that was released is never changed: it says what databases of its time look like, whatever the tables are now.
The events themselves need no steps. They stay as they were written and are lifted when they are read
(:mod:`planner.events.codec`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from planner.adapters.sql_dialect import SqlDialect

Step = Callable[[sa.Connection, SqlDialect], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The step to version ``number`` from the one before, and back where that loses no event."""

    number: int
    title: str
    up: Step
    down: Step | None


def _numbers() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _create_events(connection: sa.Connection, dialect: SqlDialect) -> None:
    tables = sa.MetaData()
    sa.Table(
        "events",
        tables,
        sa.Column("position", _numbers(), sa.Identity(always=True), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False, unique=name == "id") for name in ("id", "type")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("aggregate", sa.Text, nullable=False),
        sa.Column("sequence", _numbers(), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("time", "cause", "correlation", "data")),
        sa.UniqueConstraint("aggregate", "sequence"),
        sa.Index("events_by_type", "type", "position"),
        sqlite_autoincrement=True,
    )
    tables.create_all(connection)
    for statement in dialect.refuse_changes("events"):
        connection.exec_driver_sql(statement)


def _create_snapshots(connection: sa.Connection, _: SqlDialect) -> None:
    tables = sa.MetaData()
    sa.Table(
        "snapshots",
        tables,
        sa.Column("aggregate", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("sequence", _numbers(), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    tables.create_all(connection)


def _drop_snapshots(connection: sa.Connection, _: SqlDialect) -> None:
    connection.exec_driver_sql("DROP TABLE snapshots")


MIGRATIONS: tuple[Migration, ...] = (
    Migration(number=1, title="events, append-only", up=_create_events, down=None),
    Migration(number=2, title="snapshots beside the events", up=_create_snapshots, down=_drop_snapshots),
)
"""In order, numbered from 1 without gaps."""

NEWEST = MIGRATIONS[-1].number
"""The version that this release works with."""
