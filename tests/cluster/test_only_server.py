"""One server plans on a log, also where servers have data folders of their own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from planner.adapters.event_log_sql import open_database
from planner.adapters.sql_claim import SqlClaim
from planner.adapters.sql_database import SqlDatabase
from planner.domain.errors import StorageFailure
from tests.gateway import Knock, gateway


async def second_server(data: Path, place: str) -> None:
    """Try to serve on a log."""
    async with gateway(data, database=place):
        pass


def test_a_second_server_on_a_log_is_refused(place: str, tmp_path: Path) -> None:
    """Another data folder does not help; once the first server has ended, the second may serve."""

    async def visit() -> None:
        async with gateway(tmp_path / "one", database=place) as knock:
            assert isinstance(knock, Knock)
            with pytest.raises(StorageFailure, match="another server"):
                await second_server(tmp_path / "two", place)
        await second_server(tmp_path / "two", place)

    asyncio.run(asyncio.wait_for(visit(), 60))


def test_a_server_whose_place_was_taken_ends_itself(
    postgres_schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that lost its connection, and finds another one in its place, asks itself to stop."""
    told, signals = asyncio.Event(), []

    def kill(*arguments: int) -> None:
        signals.append(arguments)
        told.set()

    monkeypatch.setattr("cluster.only_server.TURN_SECONDS", 0.5)
    monkeypatch.setattr("cluster.only_server.os.kill", kill)
    other = SqlClaim(open_database(postgres_schema))

    async def visit() -> None:
        async with gateway(tmp_path / "data", database=postgres_schema):
            await asyncio.sleep(0.6)
            assert signals == [], "as long as the place is its own it stays"
            await asyncio.to_thread(_take_over, other, postgres_schema)
            await told.wait()
        assert signals == [(os.getpid(), signal.SIGTERM)]

    asyncio.run(asyncio.wait_for(visit(), 20))
    other.release()


@pytest.fixture
def claim(postgres_schema: str) -> Iterator[SqlClaim]:
    """Give a claim on a database of PostgreSQL."""
    database = open_database(postgres_schema)
    claim = SqlClaim(database)
    yield claim
    claim.release()
    database.close()


def test_a_claim_is_renewed_given_up_and_had_by_others_then(claim: SqlClaim, postgres_schema: str) -> None:
    """Renewing takes nothing twice: after one release another process has the place at once."""
    other = SqlClaim(open_database(postgres_schema))
    for _ in range(3):
        claim.renew()
    with pytest.raises(StorageFailure, match="another server plans"):
        other.renew()
    claim.release()
    other.renew()
    with pytest.raises(StorageFailure, match="another server plans"):
        claim.renew()
    other.release()


def test_a_lost_connection_costs_the_place_only_if_another_took_it(claim: SqlClaim, postgres_schema: str) -> None:
    """After its connection was ended by the database a claim takes its place again, unless somebody else was faster."""
    claim.renew()
    _end_connections(postgres_schema)
    with pytest.raises(StorageFailure):
        claim.renew()
    claim.renew()
    other = SqlClaim(open_database(postgres_schema))
    _end_connections(postgres_schema)
    other.renew()
    for _ in range(2):
        with pytest.raises(StorageFailure):
            claim.renew()
    other.release()


def test_schemas_of_one_database_have_a_server_each(postgres: str, claim: SqlClaim) -> None:
    """A claim on one schema says nothing about another one."""
    claim.renew()
    neighbour = SqlClaim(SqlDatabase(f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3Dpublic"))
    neighbour.renew()
    neighbour.release()


def _take_over(claim: SqlClaim, url: str) -> None:
    """Take the place of a server that is faster now and then to take it again."""
    for _ in range(50):
        _end_connections(url)
        with suppress(StorageFailure):
            claim.renew()
            return
    raise AssertionError("the server kept its place")


def _end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'concordat' AND pid <> pg_backend_pid()"
        )
