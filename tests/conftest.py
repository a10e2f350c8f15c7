"""One PostgreSQL server and one Ray session for all tests that want one, and databases for tests that run on both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.own_postgres import SERVER_VARIABLE, NoPostgres, own_postgres, programs
from planner.adapters.sql_database import SqlDatabase
from planner.ports.planning_runtime import PlanningRuntime


@pytest.fixture(scope="session")
def ray_runtime() -> Iterator[PlanningRuntime]:
    """Return the Ray runtime with a cluster of its own; starting one takes longer than all tests that need it."""
    from cluster.runtimes import make_runtime  # noqa: PLC0415 - loads gRPC, and few tests need it

    runtime = make_runtime("ray")
    yield runtime
    asyncio.run(runtime.close())


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the URL of a server that was started for this session, or of the one that the environment names."""
    if named := os.environ.get(SERVER_VARIABLE):
        yield named
        return
    try:
        programs()
    except NoPostgres as why:
        pytest.skip(f"not tested on PostgreSQL: {why}")
    with own_postgres() as server:
        yield server.url


@pytest.fixture
def _databases_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every database that a test opened, so that no connection is left to the garbage collector."""
    opened: list[SqlDatabase] = []
    begin = SqlDatabase.__init__

    def note(database: SqlDatabase, place: str | Path) -> None:
        begin(database, place)
        opened.append(database)

    monkeypatch.setattr(SqlDatabase, "__init__", note)
    yield
    for database in opened:
        database.close()


@pytest.fixture
def postgres_schema(postgres: str, request: pytest.FixtureRequest, _databases_closed: None) -> Iterator[str]:
    """Give the URL of an empty schema on the server, dropped after the test."""
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")  # type: ignore[arg-type]  # put together from two numbers
        yield f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")  # type: ignore[arg-type]  # as above


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, _databases_closed: None) -> str:
    """Return the URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'events.sqlite'}"
    url: str = request.getfixturevalue("postgres_schema")
    return url
