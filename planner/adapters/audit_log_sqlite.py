"""The audit log as one append-only table in SQLite, and its head in a file beside it.

The head is written after the rows and before anybody is answered: every decision that was acted on is anchored. A
server that was cut off in between finds rows beyond the head, checks that they follow, and anchors them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from planner.domain.errors import StorageFailure
from planner.governance.audit_chain import GENESIS, chained
from planner.ports.audit_log import AuditEntry, AuditHead, AuditRow

BUSY_TIMEOUT_MS = 10_000
_CONTENT = ("time", "principal", "identity", "roles", "partner", "method", "resource", "decision", "reason", "peer")
_METADATA = sa.MetaData()
_AUDIT = sa.Table(
    "audit",
    _METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in _CONTENT),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_refuse_{verb.lower()} BEFORE {verb} ON audit "
    f"BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)


class SqliteAuditLog:
    """Implements :class:`planner.ports.audit_log.AuditLog` in two files of a folder.

    Only one process may append; with ``read_only`` any may look, also while a server appends.

    Raises
    ------
    StorageFailure
        If the files cannot be opened, are missing (``read_only``), or the last rows do not fit the head: then a server
        must not go on as if nothing had happened.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._file, self._head_file = folder / "audit.sqlite", folder / "audit.head"
        if read_only and not self._file.is_file():
            raise StorageFailure(f"{self._file} does not exist: name the data folder of a guarded server by --data")
        place = f"file:{self._file}?mode=ro&uri=true" if read_only else str(self._file)
        self._engine = sa.create_engine(f"sqlite:///{place}")
        if not read_only:
            sa.event.listen(self._engine, "connect", _set_pragmas)
            self._last = self._opened()

    def append(self, entries: Sequence[AuditEntry]) -> None:
        """Store all the entries durably and anchor the last one; see the port."""
        if not entries:
            return
        rows = list(chained(entries, self._last))
        with self._translated():
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_AUDIT), [_stored(row) for row in rows])
            # What is committed stands, whether or not it can be anchored: the next rows follow it.
            self._last = AuditHead(count=rows[-1].sequence, hash=rows[-1].hash)
            self._write_head(self._last)

    def rows(self) -> Iterator[AuditRow]:
        """Return all rows in their order, as they are stored."""
        with self._translated(), self._engine.connect() as connection:
            query = sa.select(_AUDIT).order_by(_AUDIT.c.sequence).execution_options(yield_per=1000)
            for row in connection.execute(query):
                yield _read(row)

    def newest(self) -> Iterator[AuditRow]:
        """Return all rows, the newest first."""
        query = sa.select(_AUDIT).order_by(_AUDIT.c.sequence.desc()).execution_options(yield_per=100)
        with self._translated(), self._engine.connect() as connection:
            for row in connection.execute(query):
                yield _read(row)

    def head(self) -> AuditHead | None:
        """Return the anchor; nothing where there is none."""
        try:
            content = json.loads(self._head_file.read_bytes())
            return AuditHead(count=int(content["count"]), hash=str(content["hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageFailure(f"the head of the audit log, {self._head_file}, cannot be read: {error}") from error

    def close(self) -> None:
        """Release the files."""
        self._engine.dispose()

    def _opened(self) -> AuditHead:
        with self._translated():
            _METADATA.create_all(self._engine)
            with self._engine.begin() as connection:
                for trigger in _APPEND_ONLY:
                    connection.execute(sa.text(trigger))
            last = next(self.newest(), None)
            head = self.head()
            if head is None and last is None:
                head = AuditHead(count=0, hash=GENESIS)
                self._write_head(head)
            if head is None or (last.sequence if last else 0) < head.count or not self._follows(head):
                raise StorageFailure(
                    f"the audit log {self._file} does not fit its head: rows were changed or removed, so nothing is "
                    "added to it; look at it by `concordat audit verify`, keep both files as evidence, and move them "
                    "away to begin a new log"
                )
            reached = AuditHead(count=last.sequence, hash=last.hash) if last else head
            if reached != head:
                self._write_head(reached)
            return reached

    def _follows(self, head: AuditHead) -> bool:
        """Say whether the row that the head names is there, and all later ones follow it."""
        query = sa.select(_AUDIT).where(_AUDIT.c.sequence >= head.count).order_by(_AUDIT.c.sequence)
        with self._engine.connect() as connection:
            rows = [_read(row) for row in connection.execute(query)]
        previous = GENESIS if head.count == 0 else head.hash
        if head.count and rows.pop(0).hash != head.hash:
            return False
        again = chained([row.entry for row in rows], AuditHead(count=head.count, hash=previous))
        return list(again) == rows

    def _write_head(self, head: AuditHead) -> None:
        fresh = self._head_file.with_suffix(".new")
        with fresh.open("w", encoding="ascii") as stream:
            stream.write(json.dumps({"count": head.count, "hash": head.hash}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._head_file)
        folder = os.open(self._head_file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exc.SQLAlchemyError, OSError, ValueError) as error:
            cause = getattr(error, "orig", None) or error
            raise StorageFailure(
                f"the audit log {self._file} cannot be used: {cause}; check that its folder exists, is writable and "
                "has free space"
            ) from error


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _stored(row: AuditRow) -> dict[str, object]:
    content = {name: getattr(row.entry, name) for name in _CONTENT}
    return {"sequence": row.sequence, **content, "previous": row.previous, "hash": row.hash}


def _read(row: Any) -> AuditRow:
    # Whatever was put into a cell is read as text, so that it is found to be another one and not a crash.
    content = {name: str(getattr(row, name)) for name in _CONTENT}
    return AuditRow(sequence=row.sequence, entry=AuditEntry(**content), previous=str(row.previous), hash=str(row.hash))
