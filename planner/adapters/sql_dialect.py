"""What the databases under the event log do differently; everything else is one implementation."""

from __future__ import annotations

from typing import Protocol

import sqlalchemy as sa
from sqlalchemy import exc


class SqlDialect(Protocol):
    """One kind of database; ``cure`` says what to look at when it cannot be used."""

    cure: str

    def engine(self, url: sa.URL) -> sa.Engine:
        """Return an engine whose connections keep what they were told at every commit.

        Raises
        ------
        InvalidRequest
            If its driver is not installed.
        """
        ...

    def hold_writers(self, connection: sa.Connection) -> None:
        """Keep all other writers out until the transaction ends; readers go on."""
        ...

    def claim(self, connection: sa.Connection) -> bool:
        """Take the one place of a server for as long as the connection lives; false if another connection has it."""
        ...

    def refuse_changes(self, table: str) -> tuple[str, ...]:
        """Return the statements that make a table append-only, whoever asks."""
        ...

    def is_taken(self, error: exc.IntegrityError) -> bool:
        """Tell whether a row was refused because there is one like it."""
        ...

    def may_pass(self, error: exc.DBAPIError) -> bool:
        """Tell whether the same call may succeed later without anybody's help."""
        ...

    def is_full(self, error: exc.DBAPIError) -> bool:
        """Tell whether there was no room left for what was to be written."""
        ...

    def check_version(self, connection: sa.Connection) -> None:
        """Raise StorageFailure if the database is older than what is supported."""
        ...
