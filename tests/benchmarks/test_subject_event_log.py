"""The subject of the event log: both contenders store what they were given, and what is missing is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import own_postgres
from benchmarks.own_postgres import SERVER_VARIABLE, NoPostgres
from benchmarks.subject import Answer, Stopwatch
from benchmarks.subjects import event_log
from benchmarks.subjects.event_log import SUBJECT, Ready
from planner.adapters.event_log_sql import SqlEventLog, open_database

RUNS = {contender.name: contender.run for contender in SUBJECT.contenders}


def answered(ready: Ready, contender: str, case: str = "tiny") -> Answer:
    """Let a contender answer a case."""
    run = RUNS[contender]
    assert run is not None
    return run(ready, Stopwatch(), SUBJECT.case(case))


@pytest.mark.parametrize("contender", RUNS)
def test_everything_is_stored_on_sqlite(contender: str) -> None:
    """What was appended is read back as it was, and has a rate."""
    ready = SUBJECT.prepare(SUBJECT.case("tiny"), None, 7)
    answer = answered(ready, contender)
    assert SUBJECT.check(ready, answer, SUBJECT.case("tiny")).problems == ()
    assert answer.figures["events_per_second"] > 0


@pytest.mark.parametrize("contender", RUNS)
def test_everything_is_stored_on_postgresql(
    contender: str, postgres_schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on a server that the environment names."""
    monkeypatch.setenv(SERVER_VARIABLE, postgres_schema)
    case = SUBJECT.case("tiny-postgresql")
    ready = SUBJECT.prepare(case, None, 7)
    assert SUBJECT.check(ready, answered(ready, contender, case.name), case).problems == ()


def test_an_event_too_few_or_too_many_is_found() -> None:
    """A log that lost the last batch, and one that holds an event nobody sent, are refuted."""
    ready = SUBJECT.prepare(SUBJECT.case("tiny"), None, 7)
    answer = answered(replace(ready, batches=ready.batches[:-1]), "concordat")
    assert SUBJECT.check(ready, answer, SUBJECT.case("tiny")).problems
    database = open_database(str(answer.solution))
    SqlEventLog(database).append([replace(ready.batches[-1][0], id="nobody's"), *ready.batches[-1][1:]])
    assert SUBJECT.check(ready, answer, SUBJECT.case("tiny")).problems
    assert SUBJECT.check(ready, Answer(solution=3), SUBJECT.case("tiny")).problems


def test_without_a_server_the_reason_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PostgreSQL is not installed the case fails with why, and measures nothing."""

    def none() -> None:
        raise NoPostgres("no PostgreSQL programs here")

    monkeypatch.delenv(SERVER_VARIABLE, raising=False)
    monkeypatch.setattr(own_postgres, "programs", none)
    ready = event_log.SUBJECT.prepare(SUBJECT.case("tiny-postgresql"), None, 7)
    for contender in RUNS:
        answer = answered(ready, contender, "tiny-postgresql")
        assert (answer.failure, answer.figures) == ("no PostgreSQL programs here", {})
