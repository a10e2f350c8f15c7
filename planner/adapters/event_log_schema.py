"""The tables of the event log as this release reads and writes them, and their rows as values of the business.

Texts are plain text on every database: JSON types of databases refuse or reorder what JSON allows.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planner.events.envelope import Envelope
from planner.events.snapshot import Snapshot

METADATA = sa.MetaData()

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("position", _NUMBER, sa.Identity(always=True), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("aggregate", sa.Text, nullable=False),
    sa.Column("sequence", _NUMBER, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("correlation", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.UniqueConstraint("aggregate", "sequence"),
    sa.Index("events_by_type", "type", "position"),
    sqlite_autoincrement=True,
)

SNAPSHOTS = sa.Table(
    "snapshots",
    METADATA,
    sa.Column("aggregate", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("sequence", _NUMBER, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)


def row_of_event(envelope: Envelope) -> dict[str, object]:
    """Return an event as a row; its position is the database's to give."""
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


def event_of_row(row: Any) -> Envelope:
    """Return the event in a row."""
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


def snapshot_of_row(row: Any) -> Snapshot:
    """Return the snapshot in a row."""
    return Snapshot(aggregate=row.aggregate, version=row.version, sequence=row.sequence, data=json.loads(row.data))
