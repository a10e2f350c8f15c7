"""Snapshots in a table beside the events."""

from __future__ import annotations

import json

import sqlalchemy as sa

from planner.adapters.event_log_schema import SNAPSHOTS, snapshot_of_row
from planner.adapters.sql_database import SqlDatabase
from planner.events.snapshot import Snapshot


class SqlSnapshots:
    """Implements :class:`planner.ports.snapshot_store.SnapshotStore`."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, unless there is a later one."""
        own = (SNAPSHOTS.c.aggregate == snapshot.aggregate, SNAPSHOTS.c.version == snapshot.version)
        content = {"sequence": snapshot.sequence, "data": json.dumps(snapshot.data, sort_keys=True)}
        # Writers take turns, so nobody comes between the look and the change.
        with self._database.writing() as connection:
            kept = connection.execute(sa.select(SNAPSHOTS.c.sequence).where(*own)).scalar()
            if kept is None:
                row = {"aggregate": snapshot.aggregate, "version": snapshot.version, **content}
                connection.execute(sa.insert(SNAPSHOTS).values(row))
            elif kept < snapshot.sequence:
                connection.execute(sa.update(SNAPSHOTS).where(*own).values(content))

    def newest(self, aggregate: str, version: int) -> Snapshot | None:
        """Return the newest snapshot of an aggregate and version."""
        query = sa.select(SNAPSHOTS).where(SNAPSHOTS.c.aggregate == aggregate, SNAPSHOTS.c.version == version)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else snapshot_of_row(row)
