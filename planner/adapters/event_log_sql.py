"""The event log as one append-only table, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from planner.adapters.event_log_schema import EVENTS, event_of_row, row_of_event
from planner.adapters.event_log_versions import make_current
from planner.adapters.sql_database import RowTaken, SqlDatabase
from planner.events.envelope import Envelope
from planner.ports.event_log import SequenceConflict


def open_database(place: str | Path) -> SqlDatabase:
    """Return the database at a URL, or in an SQLite file, with the tables of this release.

    Raises
    ------
    InvalidRequest
        If the URL cannot be read.
    StorageFailure
        If the database cannot be used, or holds the log of a newer release.
    """
    database = SqlDatabase(place)
    try:
        make_current(database)
    except BaseException:
        database.close()
        raise
    return database


class SqlEventLog:
    """Implements :class:`planner.ports.event_log.EventLog`."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def append(self, events: Sequence[Envelope]) -> None:
        """Store all the events durably, or none; see the port."""
        if not events:
            return
        rows = [row_of_event(envelope) for envelope in events]
        try:
            with self._database.writing() as connection:
                connection.execute(sa.insert(EVENTS), rows)
        except RowTaken as error:
            raise SequenceConflict(f"somebody else appended to the event log first: {error}") from error

    def history(self, aggregate: str, *, after: int = -1) -> tuple[Envelope, ...]:
        """Return the events of an aggregate beyond a sequence, in that order."""
        query = (
            sa.select(EVENTS)
            .where(EVENTS.c.aggregate == aggregate, EVENTS.c.sequence > after)
            .order_by(EVENTS.c.sequence)
        )
        with self._database.reading() as connection:
            return tuple(event_of_row(row) for row in connection.execute(query))

    def last(self, aggregate: str) -> Envelope | None:
        """Return the latest event of an aggregate."""
        query = sa.select(EVENTS).where(EVENTS.c.aggregate == aggregate).order_by(EVENTS.c.sequence.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else event_of_row(row)

    def since(self, position: int, *, limit: int) -> tuple[tuple[int, Envelope], ...]:
        """Return up to ``limit`` events beyond a position with their positions, in order."""
        query = sa.select(EVENTS).where(EVENTS.c.position > position).order_by(EVENTS.c.position).limit(limit)
        return self._positioned(query)

    def latest(self, type_: str, *, before: int | None = None, limit: int) -> tuple[tuple[int, Envelope], ...]:
        """Return up to ``limit`` events of a type with their positions, newest first."""
        query = sa.select(EVENTS).where(EVENTS.c.type == type_).order_by(EVENTS.c.position.desc()).limit(limit)
        return self._positioned(query if before is None else query.where(EVENTS.c.position < before))

    def unended(self, begin: str, endings: Sequence[str]) -> tuple[str, ...]:
        """Return the aggregates with a ``begin`` event and no ending, in the order in which they began."""
        ended = sa.select(EVENTS.c.aggregate).where(EVENTS.c.type.in_(endings))
        query = (
            sa.select(EVENTS.c.aggregate)
            .where(EVENTS.c.type == begin, EVENTS.c.aggregate.not_in(ended))
            .order_by(EVENTS.c.position)
        )
        with self._database.reading() as connection:
            # An aggregate may begin more than once.
            return tuple(dict.fromkeys(connection.execute(query).scalars()))

    def _positioned(self, query: sa.Select[tuple[object, ...]]) -> tuple[tuple[int, Envelope], ...]:
        with self._database.reading() as connection:
            return tuple((row.position, event_of_row(row)) for row in connection.execute(query))
