"""PostgreSQL under the event log: many processes on many machines, one writer at a time.

An identity column hands out numbers when a row is inserted, not when it is committed: without care a reader that has
seen position 8 could later miss a 7 whose transaction took longer. So every writer takes an advisory lock before its
first row. It is released after the commit has become visible, hence positions become readable in their order.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from planner.domain.errors import InvalidRequest, StorageFailure

OLDEST_VERSION = 15
CONNECT_SECONDS = 10
ANSWER_SECONDS = 25
"""How long a server's machine may be silent: a write behind a cut network would else wait for a quarter of an hour."""
_LIMITS = ("lock_timeout = '10s'", "idle_in_transaction_session_timeout = '30s'")
"""A writer that hangs, or whose machine is gone, must not keep all others waiting for ever."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('concordat events'), hashtext(current_schema()))"
_SIGNS_OF_LIFE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")
"""A server whose machine is gone gives its place up after 25 s, not after the two hours that are usual."""

_CLAIM_KEYS = "hashtext('concordat server'), hashtext(current_schema())"
_CLAIM = f"SELECT pg_try_advisory_lock({_CLAIM_KEYS})"
_HOLDS_CLAIM = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid, objid) = (hashtext('concordat server')::oid, hashtext(current_schema())::oid))"
)
_UNIQUE_VIOLATION = "23505"
_DISK_FULL = "53100"
_PASSING_CLASSES = {"08", "40", "57"}
"""SQLSTATE classes: the connection failed, the transaction was rolled back, an operator intervened."""

_PASSING = {"53200", "53300", "55P03"}
"""SQLSTATE: out of memory, too many connections, a lock was not had in time."""


class Postgresql:
    """Implements :class:`planner.adapters.sql_dialect.SqlDialect` by psycopg 3."""

    cure = "check that the database server runs, that the URL names it and that its user may use it"

    def engine(self, url: sa.URL) -> sa.Engine:
        """Return an engine that tries a connection before it is used, so that a restart costs no request."""
        try:
            engine = sa.create_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_timeout=CONNECT_SECONDS,
                connect_args={
                    "connect_timeout": CONNECT_SECONDS,
                    "application_name": "concordat",
                    "tcp_user_timeout": ANSWER_SECONDS * 1000,
                    "keepalives_idle": 10,
                    "keepalives_interval": 5,
                    "keepalives_count": 3,
                },
            )
        except ModuleNotFoundError as error:
            raise InvalidRequest(
                "a PostgreSQL URL needs the driver psycopg: install `concordat[postgres]`", "database"
            ) from error
        sa.event.listen(engine, "connect", _set_limits)
        return engine

    def hold_writers(self, connection: sa.Connection) -> None:
        """Take the lock that writers of this schema share."""
        connection.exec_driver_sql(_LOCK)

    def claim(self, connection: sa.Connection) -> bool:
        """Take a lock that goes with the session; taking it again is no harm."""
        for limit in _SIGNS_OF_LIFE:
            connection.exec_driver_sql(f"SET {limit}")
        held = connection.exec_driver_sql(_HOLDS_CLAIM).scalar_one()
        return bool(held) or bool(connection.exec_driver_sql(_CLAIM).scalar_one())

    def refuse_changes(self, table: str) -> tuple[str, ...]:
        """Return the trigger function and the triggers that refuse to change, delete or truncate."""
        function = f"{table}_refuse_change"
        body = "BEGIN RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'restrict_violation'; END"
        return (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"CREATE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
            f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {function}()",
        )

    def is_taken(self, error: exc.IntegrityError) -> bool:
        """Tell whether a row was refused because there is one like it."""
        return getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION

    def may_pass(self, error: exc.DBAPIError) -> bool:
        """Tell whether the server went away, restarts, is full of connections or was busy for too long."""
        state = getattr(error.orig, "sqlstate", None)
        if state is None:
            # The driver itself lost or could not make the connection.
            return error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError)
        return state[:2] in _PASSING_CLASSES or state in _PASSING

    def is_full(self, error: exc.DBAPIError) -> bool:
        """Tell whether the server's disk is full."""
        return getattr(error.orig, "sqlstate", None) == _DISK_FULL

    def check_version(self, connection: sa.Connection) -> None:
        """Raise StorageFailure if the server is older than PostgreSQL 15."""
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        major = int(version) // 10_000
        if major < OLDEST_VERSION:
            raise StorageFailure(f"the database server is PostgreSQL {major}: {OLDEST_VERSION} or newer is needed")


def _set_limits(connection: Any, _record: object) -> None:
    # Inside a transaction a rollback would forget them.
    connection.autocommit = True
    for limit in _LIMITS:
        connection.execute(f"SET {limit}")
    connection.autocommit = False
