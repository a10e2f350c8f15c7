"""The database that a URL names: connections for reading and for writing, and errors in words of the business."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from planner.adapters.sql_dialect import SqlDialect
from planner.adapters.sql_postgresql import Postgresql
from planner.adapters.sql_sqlite import Sqlite
from planner.domain.errors import InvalidRequest, StorageFailure, StorageFull, StorageUnavailable

_DIALECTS: dict[str, SqlDialect] = {"sqlite": Sqlite(), "postgresql": Postgresql(), "postgres": Postgresql()}
_EXAMPLES = "sqlite:////folder/events.sqlite or postgresql://user@host/database"


class RowTaken(Exception):
    """A row was refused because there is one like it; whoever writes says what that means."""


class SqlDatabase:
    """A database by a URL, or the path of an SQLite file; ``name`` is what people are told, without passwords.

    Nothing is opened before it is used.

    Raises
    ------
    InvalidRequest
        If the URL cannot be read or names no supported database.
    """

    def __init__(self, place: str | Path) -> None:
        url = _url(place)
        self.dialect = _DIALECTS[url.get_backend_name()]
        self.name = _name(url)
        self._password = str(url.password) if url.password else ""
        self._engine = self.dialect.engine(url)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one state after the other; raises as :meth:`writing` does."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose changes become durable together at the end, or not at all if the body raises.

        Writers of all processes take turns.

        Raises
        ------
        RowTaken
            If a row was refused because there is one like it.
        StorageUnavailable
            If the database does not answer or is busy.
        StorageFailure
            If it cannot be used.
        """
        with self._translated(), self._engine.connect() as connection:
            self.dialect.hold_writers(connection)
            yield connection
            connection.commit()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        url = self._engine.url
        return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None

    def connection(self) -> sa.Connection:
        """Return a connection of the caller's own, each statement for itself; raises as :meth:`writing` does."""
        with self._translated():
            return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what goes wrong on such a connection in words of the business."""
        with self._translated():
            yield

    def close(self) -> None:
        """Release all connections."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.IntegrityError as error:
            if self.dialect.is_taken(error):
                raise RowTaken(self._cause(error)) from error
            raise StorageFailure(f"the event log {self.name} refused a change: {self._cause(error)}") from error
        except exc.TimeoutError as error:
            raise self._unavailable(error) from error
        except exc.DBAPIError as error:
            if self.dialect.is_full(error):
                raise StorageFull(self._unusable(error)) from error
            if self.dialect.may_pass(error):
                raise self._unavailable(error) from error
            raise self._failure(error) from error
        except (exc.SQLAlchemyError, OSError) as error:
            raise self._failure(error) from error

    def _unavailable(self, error: Exception) -> StorageUnavailable:
        return StorageUnavailable(
            f"the event log {self.name} does not answer: {self._cause(error)}; try again, and if it stays so, "
            f"{self.dialect.cure}"
        )

    def _failure(self, error: Exception) -> StorageFailure:
        return StorageFailure(self._unusable(error))

    def _unusable(self, error: Exception) -> str:
        return f"the event log {self.name} cannot be used: {self._cause(error)}; {self.dialect.cure}"

    def _cause(self, error: Exception) -> str:
        text = " ".join(str(getattr(error, "orig", None) or error).split())
        return text.replace(self._password, "***") if self._password else text


def _url(place: str | Path) -> sa.URL:
    if isinstance(place, Path):
        return sa.URL.create("sqlite", database=str(place))
    try:
        url = sa.make_url(place)
        backend = url.get_backend_name()
    except (exc.ArgumentError, ValueError):
        # Neither the URL nor what its parser says of it is repeated: there may be a password in it.
        raise InvalidRequest(f"the database URL cannot be read: write it like {_EXAMPLES}", "database") from None
    if backend not in _DIALECTS:
        raise InvalidRequest(f"no event log is kept in {backend!r}: use {_EXAMPLES}", "database")
    if "password" in url.query:
        raise InvalidRequest("a database URL has no password among its options: use PGPASSFILE or user:…@", "database")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise InvalidRequest(f"an event log in memory would forget everything: use {_EXAMPLES}", "database")
    return url


def _name(url: sa.URL) -> str:
    """Return what people know a database by: the file, or host and name; no user, password or option."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or str(url.query.get("host", "localhost"))
    return f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
