"""Copies of SQLite databases that others may be writing to at the time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from planner.domain.errors import StorageFailure

_PAGES = 4096
"""How many pages are copied before writers get a turn."""


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it stands at one moment, and check the copy page by page.

    Raises
    ------
    StorageFailure
        If the source cannot be read, the target cannot be written, or the copy is damaged.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written, pages=_PAGES)
            # One file, without a write-ahead log beside it: it may be moved by any means.
            written.execute("PRAGMA journal_mode=DELETE")
            found = [str(row[0]) for row in written.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        raise StorageFailure(
            f"{source} cannot be copied to {target}: {error}; check that both folders can be used and have room"
        ) from error
    if found != ["ok"]:
        raise StorageFailure(
            f"the copy of {source} is damaged ({'; '.join(found)}): keep the file, and restore an earlier backup"
        )
