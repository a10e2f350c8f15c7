"""The append-only log keeps the same promises on every database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.sql_database import SqlDatabase
from planner.domain.errors import InvalidRequest, StorageFailure, StorageUnavailable
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
        data={"attempt": sequence, "text": "ü\u0000", "none": None, "list": [1, 2.5]},
    )


@pytest.fixture
def database(place: str) -> Iterator[SqlDatabase]:
    """Give an empty database with the tables of a log."""
    database = open_database(place)
    yield database
    database.close()


@pytest.fixture
def log(database: SqlDatabase) -> SqlEventLog:
    """Return an empty log."""
    return SqlEventLog(database)


def test_what_is_appended_is_read_after_a_restart(log: SqlEventLog, place: str) -> None:
    """Another process that opens the database finds every field of every event, in order."""
    events = [event("plan/a", 0), event("plan/b", 0), event("plan/a", 1), event("plan/a", 2)]
    log.append(events)
    log.append([])
    other = open_database(place)
    again = SqlEventLog(other)
    assert again.history("plan/a") == (events[0], events[2], events[3])
    assert again.history("plan/a", after=1) == (events[3],)
    assert again.history("plan/c") == ()
    assert again.last("plan/a") == events[3]
    assert again.last("plan/c") is None
    other.close()


def test_a_taken_sequence_is_a_conflict_and_nothing_is_stored(log: SqlEventLog) -> None:
    """Of two events with one sequence the second is refused together with all it came with."""
    log.append([event("plan/a", 0)])
    with pytest.raises(SequenceConflict):
        log.append([event("plan/b", 0), event("plan/a", 0, identifier="other")])
    assert log.history("plan/b") == ()


def test_of_many_writers_one_wins(log: SqlEventLog) -> None:
    """Threads that append the same sequence at once leave exactly one event."""

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


@pytest.mark.parametrize("change", ["UPDATE events SET data = '{}'", "DELETE FROM events", "TRUNCATE events"])
def test_events_cannot_be_changed_or_deleted(log: SqlEventLog, place: str, change: str) -> None:
    """Even whoever opens the database directly is refused to rewrite what happened."""
    log.append([event("plan/a", 0)])
    url = sa.make_url(place)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    elif change.startswith("TRUNCATE"):
        return  # SQLite has no such statement
    engine = sa.create_engine(url)
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="append-only"):
        connection.exec_driver_sql(change)
    engine.dispose()
    assert log.last("plan/a") == event("plan/a", 0)


def test_pages_of_a_type_come_newest_first(log: SqlEventLog) -> None:
    """The latest events of a type are paged by position without gap or repetition."""
    log.append([event(f"plan/{number}", 0, "PlanRequested") for number in range(5)])
    log.append([event("plan/1", 1, "PlanStarted")])
    first = log.latest("PlanRequested", limit=2)
    second = log.latest("PlanRequested", before=first[-1][0], limit=10)
    assert [envelope.aggregate for _, envelope in (*first, *second)] == [f"plan/{n}" for n in (4, 3, 2, 1, 0)]


def test_all_events_are_paged_in_their_order(log: SqlEventLog) -> None:
    """Reading on from the last position seen gives every event once, the oldest first."""
    events = [event(f"plan/{number}", 0) for number in range(7)]
    log.append(events[:3])
    log.append(events[3:])
    seen: list[Envelope] = []
    position = 0
    while page := log.since(position, limit=2):
        assert page[0][0] > position
        position = page[-1][0]
        seen += [envelope for _, envelope in page]
    assert seen == events


def test_a_reader_by_position_misses_nobody(log: SqlEventLog) -> None:
    """Whoever reads on from position to position while many writers append sees every event in the end."""
    writers, each = 6, 20
    done = threading.Event()
    seen: list[str] = []

    def write(number: int) -> None:
        for sequence in range(each):
            log.append([event(f"plan/{number}", sequence)])

    def read() -> None:
        position = 0
        while True:
            last_round = done.is_set()
            page = log.since(position, limit=7)
            seen.extend(envelope.id for _, envelope in page)
            position = page[-1][0] if page else position
            if last_round and not page:
                return

    with ThreadPoolExecutor(writers + 1) as pool:
        reader = pool.submit(read)
        list(pool.map(write, range(writers)))
        done.set()
        reader.result(30)
    assert len(seen) == len(set(seen)) == writers * each


def test_a_late_commit_is_waited_for(postgres_schema: str) -> None:
    """Where positions are given out before the commit, a second writer waits, so that no lower one appears later."""
    database = open_database(postgres_schema)
    log, second = SqlEventLog(database), threading.Thread(target=lambda: log.append([event("plan/b", 0)]))
    insert = (
        "INSERT INTO events (id, type, version, aggregate, sequence, time, cause, correlation, data) "
        "VALUES ('slow', 'PlanStarted', 1, 'plan/a', 0, '2026-01-05T00:00:00+00:00', '', '', '{}')"
    )
    with database.writing() as connection:
        connection.exec_driver_sql(insert)
        second.start()
        second.join(0.5)
        assert second.is_alive()
        assert log.since(0, limit=10) == ()
    second.join(10)
    assert [envelope.id for _, envelope in log.since(0, limit=10)] == ["slow", "plan/b-0"]
    database.close()


def test_unended_aggregates_are_those_without_an_ending(log: SqlEventLog) -> None:
    """Only what began and did not end is unended, once and oldest first."""
    log.append([event(f"plan/{name}", 0, "PlanRequested") for name in ("b", "a", "c")])
    log.append([event("plan/a", 1, "PlanFailed"), event("plan/b", 1, "PlanRequested")])
    assert log.unended("PlanRequested", ["PlanFailed", "PlanCompleted"]) == ("plan/b", "plan/c")
    assert log.unended("PlanRequested", ()) == ("plan/b", "plan/a", "plan/c")


def test_a_file_that_is_no_database_is_a_storage_failure(tmp_path: Path) -> None:
    """A log that cannot be used is told in the words of the business."""
    file = tmp_path / "events.sqlite"
    file.write_text("not a database, but long enough to look like one" * 50)
    with pytest.raises(StorageFailure, match=r"events\.sqlite"):
        open_database(file)
    with pytest.raises(StorageFailure):
        open_database(tmp_path / "absent" / "events.sqlite")


def test_a_writer_that_keeps_the_database_is_a_passing_failure(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that another writer holds for too long is told to be tried again."""
    monkeypatch.setattr("planner.adapters.sql_sqlite.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr("planner.adapters.sql_postgresql._LIMITS", ("lock_timeout = '50ms'",))
    holder, other = open_database(place), open_database(place)
    with holder.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(StorageUnavailable, match="try again"):
            SqlEventLog(other).append([event("plan/a", 0)])
    SqlEventLog(other).append([event("plan/a", 0)])
    holder.close()
    other.close()


def test_a_full_disk_stores_nothing_and_is_told(tmp_path: Path) -> None:
    """A batch that does not fit any more is refused as a whole, in a failure that does not pass by itself."""
    database = open_database(tmp_path / "events.sqlite")
    log = SqlEventLog(database)
    log.append([event("plan/a", 0)])
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageFailure, match=r"full.*free space") as told:
        log.append([event("plan/b", number) for number in range(500)])
    assert not isinstance(told.value, StorageUnavailable)
    assert log.history("plan/b") == ()
    assert log.history("plan/a") == (event("plan/a", 0),)
    log.append([event("plan/a", 1)])
    database.close()


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("postgresql://ana:geheim@[::1", id="no URL"),
        pytest.param("postgresql://ana:geheim@host:port/db", id="no port"),
        pytest.param("mysql://ana:geheim@host/db", id="unsupported"),
        pytest.param("geheim", id="no scheme"),
        pytest.param("sqlite://", id="in memory"),
    ],
)
def test_a_wrong_url_is_refused_without_repeating_it(place: str) -> None:
    """What cannot be opened is told with an example, and no password of the URL is."""
    with pytest.raises(InvalidRequest, match="postgresql://user@host/database") as refused:
        SqlDatabase(place)
    shown = "".join(str(error) for error in (refused.value, refused.value.__cause__) if error is not None)
    assert "geheim" not in shown
    assert refused.value.field == "database"


def test_no_password_is_told(tmp_path: Path) -> None:
    """A server that does not answer is named by host and database, in a failure that may pass."""
    with pytest.raises(StorageUnavailable) as told:
        open_database(f"postgresql://ana:geheim@/plans?host={tmp_path}")
    assert f"postgresql://{tmp_path}/plans" in str(told.value)
    assert "geheim" not in str(told.value)
    with pytest.raises(InvalidRequest, match="PGPASSFILE") as refused:
        SqlDatabase("postgresql://ana@host/plans?password=geheim")
    assert "geheim" not in str(refused.value)
