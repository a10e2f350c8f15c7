"""Being the only server that plans on a log: two would make every plan twice."""

from __future__ import annotations

import sqlalchemy as sa

from planner.adapters.sql_database import SqlDatabase
from planner.domain.errors import StorageFailure


class SqlClaim:
    """The place of the one server of a database, for as long as this process has its connection.

    A database that restarts forgets its claims: :meth:`renew` takes the place again, or finds that another has it.
    """

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database
        self._connection: sa.Connection | None = None

    def renew(self) -> None:
        """Take the place, or make sure that it is still this process's.

        Raises
        ------
        StorageUnavailable
            If the database does not answer now: then nobody else can take the place either.
        StorageFailure
            If another server has it.
        """
        if self._database.file is not None:
            return  # nothing to hold a connection for: whoever serves on a file locks its folder
        try:
            if self._connection is None:
                self._connection = self._database.connection()
            with self._database.translated():
                held = self._database.dialect.claim(self._connection)
        except StorageFailure:
            self.release()
            raise
        if not held:
            self.release()
            raise StorageFailure(
                f"another server plans on the event log {self._database.name}: use that one, or give this one a "
                "database or schema of its own"
            )

    def release(self) -> None:
        """Give the place up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Closed for good instead of going back to the pool, where its lock would live on.
            connection.invalidate()
            connection.close()
