"""Events written by a loop of inserts into a bare table, as whoever keeps no log would: one commit a batch."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.events.envelope import Envelope

_COLUMNS = ("id", "type", "version", "aggregate", "sequence", "time", "cause", "correlation", "data")
_KEYS = "UNIQUE (id), UNIQUE (aggregate, sequence)"


def insert_into_sqlite(file: Path, batches: Sequence[Sequence[Envelope]]) -> int:
    """Insert row by row, with the log's keys and its durability; return how many rows are there then."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE bare (position INTEGER PRIMARY KEY, {', '.join(_COLUMNS)}, {_KEYS})")
    insert = f"INSERT INTO bare ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - constants
    for batch in batches:
        connection.execute("BEGIN")
        for envelope in batch:
            connection.execute(insert, _row(envelope))
        connection.execute("COMMIT")
    rows = int(connection.execute("SELECT count(*) FROM bare").fetchone()[0])
    connection.close()
    return rows


def insert_into_postgresql(url: str, batches: Sequence[Sequence[Envelope]]) -> int:
    """Insert row by row, with the log's keys; return how many rows are there then."""
    import psycopg  # noqa: PLC0415 - an optional driver, absent where there is no PostgreSQL

    types = ", ".join(f"{name} {'bigint' if name in {'version', 'sequence'} else 'text'}" for name in _COLUMNS)
    insert: Any = f"INSERT INTO bare ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608 - constants
    table: Any = f"CREATE TABLE bare (position bigserial PRIMARY KEY, {types}, {_KEYS})"
    with psycopg.connect(url) as connection:
        connection.execute(table)
        connection.commit()
        for batch in batches:
            for envelope in batch:
                connection.execute(insert, _row(envelope))
            connection.commit()
        found = connection.execute("SELECT count(*) FROM bare").fetchone()
        return int(found[0]) if found else 0


def _row(envelope: Envelope) -> tuple[object, ...]:
    return (
        envelope.id,
        envelope.type,
        envelope.version,
        envelope.aggregate,
        envelope.sequence,
        envelope.time.isoformat(),
        envelope.cause,
        envelope.correlation,
        json.dumps(envelope.data),
    )
