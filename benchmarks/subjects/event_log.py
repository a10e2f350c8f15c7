"""Events appended in batches to the log, on SQLite and on PostgreSQL, beside a bare loop of inserts.

Both make every batch durable before the next one. The log also keeps a second index, refuses changes by triggers, and
lets its writers take turns.
"""

from __future__ import annotations

import atexit
import os
import random
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.own_postgres import SERVER_VARIABLE, NoPostgres, own_postgres
from benchmarks.peers.bare_inserts import insert_into_postgresql, insert_into_sqlite
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.events.catalogue import AgentNoted
from planner.events.codec import encode
from planner.events.envelope import Envelope

BATCH = 100
_PAGE = 5000
_AGENTS = 50
_START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Batches of events, and an empty database for them; no ``place`` where there is no server, and ``why``."""

    batches: tuple[tuple[Envelope, ...], ...]
    place: str = ""
    why: str = ""


def _prepare(case: Case, _: Path | None, seed: int) -> Ready:
    batches = _batches(int(case.parameters["events"]), random.Random(seed))  # noqa: S311 - a seed, not a secret
    if case.parameters["database"] == "sqlite":
        return Ready(batches=batches, place=f"sqlite:///{tempfile.mkdtemp(prefix='concordat-log-')}/events.sqlite")
    try:
        return Ready(batches=batches, place=_server())
    except NoPostgres as why:
        return Ready(batches=batches, why=str(why))


def _server() -> str:
    """Return the database of a server that lives as long as this process; a named one has to be empty."""
    if named := os.environ.get(SERVER_VARIABLE):
        return named
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(own_postgres()).url


def _batches(events: int, chance: random.Random) -> tuple[tuple[Envelope, ...], ...]:
    """Return what agents note: a journal each, written to in turn, in batches that are appended as a whole."""
    sequences = dict.fromkeys(range(_AGENTS), 0)
    envelopes = []
    for number in range(events):
        agent = number // BATCH % _AGENTS
        content = {"round": number, "prices": [round(chance.random(), 6) for _ in range(5)]}
        kind, version, data = encode(AgentNoted(agent=f"plant-{agent}", epoch=1, kind="round", content=content))
        envelopes.append(
            Envelope(
                id=f"{number:012x}-{chance.getrandbits(80):020x}",  # begins with the time, as the ids of a server do
                type=kind,
                version=version,
                aggregate=f"agent/plant-{agent}",
                sequence=sequences[agent],
                time=_START + timedelta(milliseconds=number),
                cause="",
                correlation="",
                data=data,
            )
        )
        sequences[agent] += 1
    return tuple(tuple(envelopes[start : start + BATCH]) for start in range(0, events, BATCH))


def _log(ready: Ready, watch: Stopwatch, _: Case) -> Answer:
    if not ready.place:
        return Answer(failure=ready.why)
    database = open_database(ready.place)
    log = SqlEventLog(database)
    with watch.measure("append"):
        for batch in ready.batches:
            log.append(batch)
    database.close()
    return _answer(ready, watch, ready.place)


def _bare(ready: Ready, watch: Stopwatch, _: Case) -> Answer:
    if not ready.place:
        return Answer(failure=ready.why)
    write: Callable[[], int] = (
        (lambda: insert_into_sqlite(Path(ready.place.removeprefix("sqlite:///")), ready.batches))
        if ready.place.startswith("sqlite")
        else (lambda: insert_into_postgresql(ready.place, ready.batches))
    )
    with watch.measure("append"):
        rows = write()
    return _answer(ready, watch, rows)


def _answer(ready: Ready, watch: Stopwatch, solution: object) -> Answer:
    events = sum(map(len, ready.batches))
    return Answer(solution=solution, figures={"events_per_second": events / watch.seconds()})


def _check(ready: Ready, answer: Answer, _: Case) -> Verdict:
    """Read everything back: each event once, in the order in which it was appended, as it was."""
    sent = [envelope for batch in ready.batches for envelope in batch]
    if isinstance(answer.solution, int):
        wrong = answer.solution != len(sent)
        return Verdict(problems=(f"{answer.solution} rows of {len(sent)} events",) if wrong else ())
    database = open_database(str(answer.solution))
    log = SqlEventLog(database)
    read: list[Envelope] = []
    position = 0
    while page := log.since(position, limit=_PAGE):
        position = page[-1][0]
        read += [envelope for _, envelope in page]
    database.close()
    if read != sent:
        return Verdict(problems=(f"what was read back ({len(read)} events) is not what was appended ({len(sent)})",))
    return Verdict()


def _case(name: str, database: str, events: int, *suites: str) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset(suites),
        parameters={"database": database, "events": events, "batch": BATCH},
        time_limit=120.0,
    )


SUBJECT = Subject(
    name="event_log",
    title=f"Events appended in batches of {BATCH}, durable batch by batch, beside a bare loop of inserts",
    cases=(
        _case("tiny", "sqlite", 500, "smoke"),
        _case("tiny-postgresql", "postgresql", 500),
        _case("sqlite", "sqlite", 100_000, "service"),
        _case("postgresql", "postgresql", 50_000, "service"),
    ),
    prepare=_prepare,
    contenders=(Contender(name="concordat", run=_log, ours=True), Contender(name="bare", run=_bare)),
    peer="bare",
    check=_check,
    targets=tuple(
        Target(
            text=f"{least:,} events a second on {database}",
            case=database,
            contender="concordat",
            figure="events_per_second",
            at_least=float(least),
        )
        for database, least in (("sqlite", 20_000), ("postgresql", 5_000))
    ),
)
