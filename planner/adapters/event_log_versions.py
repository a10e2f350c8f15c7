"""Which version the tables of an event log have, and the way to another one.

``schema_version`` holds a row per step that was taken. A log without it is empty, or was written by the first release,
which is version 1.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from planner.adapters.event_log_migrations import MIGRATIONS, NEWEST
from planner.adapters.sql_database import SqlDatabase
from planner.domain.errors import InvalidRequest, StorageFailure

_STEPS = sa.Table(
    "schema_version",
    sa.MetaData(),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
)


def schema_version(database: SqlDatabase) -> int:
    """Return the version of a log's tables; 0 where there are none.

    Raises
    ------
    StorageFailure
        If the database cannot be used.
    """
    with database.reading() as connection:
        return _version(connection)


def make_current(database: SqlDatabase) -> None:
    """Bring a log to the version of this release, if it is older.

    Raises
    ------
    StorageFailure
        If it is newer, or the database cannot be used or is too old.
    """
    with database.reading() as connection:
        database.dialect.check_version(connection)
        version = _version(connection)
    if version < NEWEST:
        migrate(database, NEWEST)
    elif version > NEWEST:
        raise _too_new(database, version)


def migrate(database: SqlDatabase, to: int) -> tuple[int, int]:
    """Bring a log to a version, forward or back, in one transaction; return the version before and after.

    Raises
    ------
    InvalidRequest
        If this release does not know that version, or events would be lost on the way.
    StorageFailure
        If the log is of a newer release, or the database cannot be used.
    """
    if not 1 <= to <= NEWEST:
        raise InvalidRequest(f"this release knows versions 1 to {NEWEST} of the event log, not {to}", "to")
    # Writers take turns: of two processes that open an old log at once, one finds the work done.
    with database.writing() as connection:
        before = _version(connection)
        if before > NEWEST:
            raise _too_new(database, before)
        _STEPS.create(connection, checkfirst=True)
        noted = set(connection.execute(sa.select(_STEPS.c.version)).scalars())
        for step in MIGRATIONS[:before]:
            if step.number not in noted:
                _note(connection, step.number, step.title)
        for step in MIGRATIONS[before:to]:
            step.up(connection, database.dialect)
            _note(connection, step.number, step.title)
        for step in reversed(MIGRATIONS[to:before]):
            if step.down is None:
                raise InvalidRequest(f"version {step.number} of the event log has no way back", "to")
            step.down(connection, database.dialect)
            connection.execute(sa.delete(_STEPS).where(_STEPS.c.version == step.number))
    return before, to


def _version(connection: sa.Connection) -> int:
    tables = sa.inspect(connection)
    if tables.has_table(_STEPS.name):
        return max(connection.execute(sa.select(_STEPS.c.version)).scalars(), default=0)
    return 1 if tables.has_table("events") else 0


def _note(connection: sa.Connection, version: int, title: str) -> None:
    row = {"version": version, "title": title, "time": datetime.now(UTC).isoformat()}
    connection.execute(sa.insert(_STEPS).values(row))


def _too_new(database: SqlDatabase, version: int) -> StorageFailure:
    return StorageFailure(
        f"the event log {database.name} has version {version} and this release knows {NEWEST} at most: start the newer "
        f"release that wrote it, or take it back there by `concordat log migrate --to {NEWEST}`"
    )
