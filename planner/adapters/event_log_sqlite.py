"""The event log as one append-only table in SQLite.

WAL lets readers go on while one writer appends; ``synchronous=FULL`` makes an acknowledged event survive a power cut.
Triggers refuse to change or delete a row, whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from planner.domain.errors import StorageFailure
from planner.events.envelope import Envelope
from planner.ports.event_log import SequenceConflict

BUSY_TIMEOUT_MS = 10_000
_METADATA = sa.MetaData()
_EVENTS = sa.Table(
    "events",
    _METADATA,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("aggregate", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("correlation", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.UniqueConstraint("aggregate", "sequence"),
    sa.Index("events_by_type", "type", "position"),
    sqlite_autoincrement=True,
)
_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS events_refuse_{verb.lower()} BEFORE {verb} ON events "
    f"BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)


class SqliteEventLog:
    """Implements :class:`planner.ports.event_log.EventLog` in one file.

    Raises
    ------
    StorageFailure
        If the file cannot be opened or is no SQLite database.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._engine = sa.create_engine(f"sqlite:///{file}")
        sa.event.listen(self._engine, "connect", _set_pragmas)
        with self._translated():
            _METADATA.create_all(self._engine)
            with self._engine.begin() as connection:
                for trigger in _APPEND_ONLY:
                    connection.execute(sa.text(trigger))

    def append(self, events: Sequence[Envelope]) -> None:
        """Store all the events durably, or none; see the port."""
        if not events:
            return
        with self._translated(), self._engine.begin() as connection:
            connection.execute(sa.insert(_EVENTS), [_row(envelope) for envelope in events])

    def history(self, aggregate: str) -> tuple[Envelope, ...]:
        """Return the events of an aggregate in the order of their sequence."""
        query = sa.select(_EVENTS).where(_EVENTS.c.aggregate == aggregate).order_by(_EVENTS.c.sequence)
        with self._translated(), self._engine.connect() as connection:
            return tuple(_envelope(row) for row in connection.execute(query))

    def latest(self, type_: str, *, before: int | None = None, limit: int) -> tuple[tuple[int, Envelope], ...]:
        """Return up to ``limit`` events of a type with their positions, newest first."""
        query = sa.select(_EVENTS).where(_EVENTS.c.type == type_).order_by(_EVENTS.c.position.desc()).limit(limit)
        if before is not None:
            query = query.where(_EVENTS.c.position < before)
        with self._translated(), self._engine.connect() as connection:
            return tuple((row.position, _envelope(row)) for row in connection.execute(query))

    def unended(self, begin: str, endings: Sequence[str]) -> tuple[str, ...]:
        """Return the aggregates with a ``begin`` event and no ending, in the order in which they began."""
        ended = sa.select(_EVENTS.c.aggregate).where(_EVENTS.c.type.in_(endings))
        query = (
            sa.select(_EVENTS.c.aggregate)
            .where(_EVENTS.c.type == begin, _EVENTS.c.aggregate.not_in(ended))
            .order_by(_EVENTS.c.position)
        )
        with self._translated(), self._engine.connect() as connection:
            return tuple(connection.execute(query).scalars())

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.IntegrityError as error:
            if "UNIQUE" not in str(error.orig):
                raise StorageFailure(f"the event log {self._file} refused a change: {error.orig}") from error
            raise SequenceConflict(f"somebody else appended to the event log first: {error.orig}") from error
        except (exc.SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise StorageFailure(
                f"the event log {self._file} cannot be used: {cause}; check that its folder exists, is writable and "
                "has free space"
            ) from error


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _row(envelope: Envelope) -> dict[str, object]:
    return {
        "id": envelope.id,
        "type": envelope.type,
        "version": envelope.version,
        "aggregate": envelope.aggregate,
        "sequence": envelope.sequence,
        "time": envelope.time.isoformat(),
        "cause": envelope.cause,
        "correlation": envelope.correlation,
        "data": json.dumps(envelope.data, sort_keys=True),
    }


def _envelope(row: Any) -> Envelope:
    return Envelope(
        id=row.id,
        type=row.type,
        version=row.version,
        aggregate=row.aggregate,
        sequence=row.sequence,
        time=datetime.fromisoformat(row.time),
        cause=row.cause,
        correlation=row.correlation,
        data=json.loads(row.data),
    )
