"""SQLite under the event log: one file, one writer at a time.

WAL lets readers go on while the writer appends; ``synchronous=FULL`` makes an acknowledged event survive a power cut.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

BUSY_TIMEOUT_MS = 10_000
_WRITES = "concordat_writes"
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Sqlite:
    """Implements :class:`planner.adapters.sql_dialect.SqlDialect`."""

    cure = "check that its folder exists, is writable and has free space"

    def engine(self, url: sa.URL) -> sa.Engine:
        """Return an engine that begins its transactions itself, which Python's driver does too late."""
        engine = sa.create_engine(url)
        sa.event.listen(engine, "connect", _set_pragmas)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def hold_writers(self, connection: sa.Connection) -> None:
        """Begin as a writer, so that what is read before the first change is what is changed."""
        connection.execution_options(**{_WRITES: True})

    def claim(self, connection: sa.Connection) -> bool:
        """Let everybody have it: a file stands in a folder, and servers lock folders."""
        return not connection.closed

    def refuse_changes(self, table: str) -> tuple[str, ...]:
        """Return the triggers that refuse to change or delete a row."""
        return tuple(
            f"CREATE TRIGGER IF NOT EXISTS {table}_refuse_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )

    def is_taken(self, error: exc.IntegrityError) -> bool:
        """Tell whether a row was refused because there is one like it."""
        codes = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
        return getattr(error.orig, "sqlite_errorcode", None) in codes

    def may_pass(self, error: exc.DBAPIError) -> bool:
        """Tell whether another process kept the file for longer than was waited."""
        # Extended codes carry the plain one in their lowest byte.
        return (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF in _PASSING

    def is_full(self, error: exc.DBAPIError) -> bool:
        """Tell whether the disk, or the file as large as it may become, is full."""
        return (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_FULL

    def check_version(self, connection: sa.Connection) -> None:
        """Python ships a version that is new enough."""


def _set_pragmas(connection: Any, _record: object) -> None:
    # The driver's own transactions begin at the first change and never around a change of the schema.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
