"""The tables of the log have a version, and can be taken forward and back on every database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from planner.adapters import event_log_versions
from planner.adapters.event_log_migrations import MIGRATIONS, NEWEST, Migration
from planner.adapters.event_log_schema import METADATA
from planner.adapters.event_log_snapshots import SqlSnapshots
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.event_log_versions import migrate, schema_version
from planner.adapters.sql_database import SqlDatabase
from planner.domain.errors import InvalidRequest, StorageFailure
from planner.events.snapshot import Snapshot
from tests.planner.adapters.test_event_log_sql import event

FIRST_RELEASE = """
CREATE TABLE events (position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, type TEXT NOT NULL,
    version INTEGER NOT NULL, aggregate TEXT NOT NULL, sequence INTEGER NOT NULL, time TEXT NOT NULL,
    cause TEXT NOT NULL, correlation TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (aggregate, sequence), UNIQUE (id));
CREATE INDEX events_by_type ON events (type, position);
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
INSERT INTO events (id, type, version, aggregate, sequence, time, cause, correlation, data) VALUES
    ('plan/a-0', 'PlanStarted', 1, 'plan/a', 0, '2026-01-05T06:07:08.000900+00:00', 'c', 'r',
    '{"attempt": 0, "list": [1, 2.5], "none": null, "text": "\\u00fc\\u0000"}');
"""
"""What the first release made of an empty file, and an event it wrote."""


def tables_of(database: SqlDatabase) -> dict[str, dict[str, tuple[str, bool]]]:
    """Return the columns of all tables: type and whether they may be empty."""
    with database.reading() as connection:
        inspector = sa.inspect(connection)
        return {
            table: {
                column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)
            }
            for table in inspector.get_table_names()
            if table != "schema_version"
        }


def test_a_log_goes_back_and_forward_and_keeps_its_events(place: str) -> None:
    """Down to the first version and up again the events stay, and tables are as if made anew."""
    database = open_database(place)
    fresh = tables_of(database)
    SqlEventLog(database).append([event("plan/a", 0)])
    SqlSnapshots(database).keep(Snapshot(aggregate="plan/a", sequence=0, version=1, data={}))
    assert migrate(database, 1) == (NEWEST, 1)
    assert (schema_version(database), set(tables_of(database))) == (1, {"events"})
    assert migrate(database, NEWEST) == (1, NEWEST)
    assert (schema_version(database), tables_of(database)) == (NEWEST, fresh)
    assert SqlEventLog(database).history("plan/a") == (event("plan/a", 0),)
    database.close()


def test_the_steps_lead_to_the_tables_that_are_used(place: str) -> None:
    """The sum of all steps has the tables, columns and keys that this release reads and writes."""
    database = open_database(place)
    made = tables_of(database)
    assert {name: set(columns) for name, columns in made.items()} == {
        table.name: {column.name for column in table.columns} for table in METADATA.sorted_tables
    }
    with database.reading() as connection:
        inspector = sa.inspect(connection)
        assert inspector.get_pk_constraint("snapshots")["constrained_columns"] == ["aggregate", "version"]
        unique = {tuple(key["column_names"]) for key in inspector.get_unique_constraints("events")}
    assert unique == {("id",), ("aggregate", "sequence")}
    database.close()


def test_a_file_of_the_first_release_is_taken_up(tmp_path: Path) -> None:
    """A file without a version is version 1; it opens with every event, stays append-only, and can go back."""
    file = tmp_path / "events.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(FIRST_RELEASE)
    connection.close()
    before = SqlDatabase(file)
    assert schema_version(before) == 1
    database = open_database(file)
    log = SqlEventLog(database)
    assert schema_version(database) == NEWEST
    assert log.history("plan/a") == (event("plan/a", 0),)
    log.append([event("plan/a", 1)])
    migrate(database, 1)
    assert len(log.history("plan/a")) == 2
    with database.reading() as reading:
        noted = reading.exec_driver_sql("SELECT version FROM schema_version").scalars().all()
    assert noted == [1]


def test_a_log_of_a_newer_release_is_refused(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that meets a newer log says so, names the way back, and changes nothing."""
    newer = Migration(number=NEWEST + 1, title="of tomorrow", up=lambda *_: None, down=lambda *_: None)
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr(event_log_versions, "MIGRATIONS", (*MIGRATIONS, newer))
        tomorrow.setattr(event_log_versions, "NEWEST", NEWEST + 1)
        open_database(place).close()
    database = SqlDatabase(place)
    for attempt in (lambda: open_database(place), lambda: migrate(database, 1)):
        with pytest.raises(StorageFailure, match=f"version {NEWEST + 1}.*`concordat log migrate --to {NEWEST}`"):
            attempt()
    assert schema_version(database) == NEWEST + 1
    database.close()


@pytest.mark.parametrize("to", [0, -1, NEWEST + 1])
def test_there_is_no_way_to_a_version_nobody_knows(place: str, to: int) -> None:
    """Before the first version there is no log, and beyond the newest none this release could make."""
    database = open_database(place)
    with pytest.raises(InvalidRequest, match=f"1 to {NEWEST}"):
        migrate(database, to)
    assert schema_version(database) == NEWEST
    database.close()


def test_a_step_that_fails_leaves_the_log_as_it_was(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is done as a whole or not at all, changes of tables included."""

    def fail(connection: sa.Connection, _: object) -> None:
        connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")
        connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")

    database = open_database(place)
    steps = (*MIGRATIONS, Migration(number=NEWEST + 1, title="fails", up=fail, down=None))
    monkeypatch.setattr(event_log_versions, "MIGRATIONS", steps)
    monkeypatch.setattr(event_log_versions, "NEWEST", NEWEST + 1)
    before = tables_of(database)
    with pytest.raises(StorageFailure):
        migrate(database, NEWEST + 1)
    assert (schema_version(database), tables_of(database)) == (NEWEST, before)
    database.close()


def test_the_steps_are_numbered_without_gaps() -> None:
    """Every version but the first has a way forward and a way back."""
    assert [step.number for step in MIGRATIONS] == list(range(1, NEWEST + 1))
    assert [step.number for step in MIGRATIONS if step.down is None] == [1]
