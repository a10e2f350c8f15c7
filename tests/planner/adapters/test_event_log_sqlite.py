"""The append-only log on SQLite."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.adapters.event_log_sqlite import SqliteEventLog
from planner.domain.errors import StorageFailure
from planner.events.envelope import Envelope
from planner.ports.event_log import SequenceConflict

MOMENT = datetime(2026, 1, 5, 6, 7, 8, 900, tzinfo=UTC)


def event(aggregate: str, sequence: int, kind: str = "PlanStarted", *, identifier: str = "") -> Envelope:
    """Return an envelope."""
    return Envelope(
        id=identifier or f"{aggregate}-{sequence}",
        type=kind,
        version=1,
        aggregate=aggregate,
        sequence=sequence,
        time=MOMENT,
        cause="c",
        correlation="r",
        data={"attempt": sequence, "text": "ü", "none": None, "list": [1, 2.5]},
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the log of a test is kept."""
    return tmp_path / "events.sqlite"


def test_what_is_appended_is_read_after_a_restart(file: Path) -> None:
    """Another process that opens the file finds every field of every event, in order."""
    events = [event("plan/a", 0), event("plan/b", 0), event("plan/a", 1)]
    log = SqliteEventLog(file)
    log.append(events)
    log.close()
    again = SqliteEventLog(file)
    assert again.history("plan/a") == (events[0], events[2])
    assert again.history("plan/c") == ()


def test_a_taken_sequence_is_a_conflict_and_nothing_is_stored(file: Path) -> None:
    """Of two events with one sequence the second is refused together with all it came with."""
    log = SqliteEventLog(file)
    log.append([event("plan/a", 0)])
    with pytest.raises(SequenceConflict):
        log.append([event("plan/b", 0), event("plan/a", 0, identifier="other")])
    assert log.history("plan/b") == ()


def test_of_many_writers_one_wins(file: Path) -> None:
    """Threads that append the same sequence at once leave exactly one event."""
    log = SqliteEventLog(file)

    def write(number: int) -> bool:
        try:
            log.append([event("plan/a", 0, identifier=f"writer-{number}")])
        except SequenceConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(16)))
    assert sum(won) == 1
    assert len(log.history("plan/a")) == 1


@pytest.mark.parametrize("change", ["UPDATE events SET data = '{}'", "DELETE FROM events"])
def test_events_cannot_be_changed_or_deleted(file: Path, change: str) -> None:
    """Even whoever opens the file directly is refused to rewrite what happened."""
    SqliteEventLog(file).append([event("plan/a", 0)])
    with sqlite3.connect(file) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(change)


def test_pages_of_a_type_come_newest_first(file: Path) -> None:
    """The latest events of a type are paged by position without gap or repetition."""
    log = SqliteEventLog(file)
    log.append([event(f"plan/{number}", 0, "PlanRequested") for number in range(5)])
    log.append([event("plan/1", 1, "PlanStarted")])
    first = log.latest("PlanRequested", limit=2)
    second = log.latest("PlanRequested", before=first[-1][0], limit=10)
    assert [envelope.aggregate for _, envelope in (*first, *second)] == [f"plan/{n}" for n in (4, 3, 2, 1, 0)]


def test_unended_aggregates_are_those_without_an_ending(file: Path) -> None:
    """Only what began and did not end is unended, oldest first."""
    log = SqliteEventLog(file)
    log.append([event(f"plan/{name}", 0, "PlanRequested") for name in ("b", "a", "c")])
    log.append([event("plan/a", 1, "PlanFailed"), event("plan/b", 1, "PlanStarted")])
    assert log.unended("PlanRequested", ["PlanFailed", "PlanCompleted"]) == ("plan/b", "plan/c")


def test_a_file_that_is_no_database_is_a_storage_failure(file: Path) -> None:
    """A log that cannot be used is told in the words of the business."""
    file.write_text("not a database, but long enough to look like one" * 50)
    with pytest.raises(StorageFailure, match=r"events\.sqlite"):
        SqliteEventLog(file)
    with pytest.raises(StorageFailure):
        SqliteEventLog(file.parent / "absent" / "events.sqlite")
