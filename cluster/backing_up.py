"""`concordat log backup`: the event log, the audit log and the folders that they name, copied to another folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from cluster.serving import gateway_settings
from cluster.settings import EVENT_LOG_FILE
from planner.adapters.folder_swap import replacing_folder
from planner.adapters.sql_database import SqlDatabase
from planner.adapters.sqlite_backup import copy_database
from planner.cli.launchers import LogPlace, ServeOptions
from planner.domain.errors import FolderNotWritable, InvalidRequest

AUDIT_LOG_FILE, AUDIT_HEAD_FILE = "audit.sqlite", "audit.head"
FOLDERS = ("what-if", "scenarios", "plans")
_ATTEMPTS = 3
"""A folder may be replaced by a newer one while it is copied."""


def back_up(place: LogPlace, target: Path) -> Iterator[str]:
    """Copy what a server keeps, and yield what was copied.

    Logs come first: a scenario or plan folder is there before an event names it, so that the copy of a log names none
    that is not copied after it; so do what-if jobs, which name scenarios.

    Raises
    ------
    InvalidRequest
        If there is no data folder, or the target lies in it or holds something.
    StorageFailure
        If a log cannot be read, or its copy is damaged.
    FolderNotWritable
        If the copy cannot be written.
    """
    settings = gateway_settings(ServeOptions(config=place.config, data=place.data, database=place.database))
    _check(settings.data, target)
    with replacing_folder(target, marker=EVENT_LOG_FILE) as fresh:
        database = SqlDatabase(settings.database or settings.data / EVENT_LOG_FILE)
        try:
            yield _event_log(database, fresh)
        finally:
            database.close()
        yield from _audit_log(settings.data, fresh)
        for name in FOLDERS:
            yield f"{name}: {_copied(settings.data / name, fresh / name)}"


def _check(data: Path, target: Path) -> None:
    if not data.is_dir():
        raise InvalidRequest(f"there is no data folder {data}: name that of the server by --data", "data")
    if target.absolute().is_relative_to(data.absolute()):
        raise InvalidRequest(
            f"{target} lies in the data folder {data}: name a folder outside, on another disk", "target"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidRequest(f"{target} is there already: name a new folder, a backup replaces none", "target")


def _event_log(database: SqlDatabase, fresh: Path) -> str:
    if database.file is None:
        return f"event log: stays in {database.name}; what pg_dump took before belongs to this copy"
    if not database.file.is_file():
        raise InvalidRequest(f"there is no event log {database.file}: name the server's folder by --data", "data")
    copy_database(database.file, fresh / EVENT_LOG_FILE)
    return f"event log: {EVENT_LOG_FILE}"


def _audit_log(data: Path, fresh: Path) -> Iterator[str]:
    if (data / AUDIT_LOG_FILE).is_file():
        # The head first: rows beyond it are no flaw, rows that it misses are one.
        if (data / AUDIT_HEAD_FILE).is_file():
            shutil.copy2(data / AUDIT_HEAD_FILE, fresh / AUDIT_HEAD_FILE)
        copy_database(data / AUDIT_LOG_FILE, fresh / AUDIT_LOG_FILE)
        yield f"audit log: {AUDIT_LOG_FILE}"


def _copied(source: Path, target: Path) -> int:
    """Copy the folders in a folder, without those that are still being written; returns how many."""
    target.mkdir()
    if not source.is_dir():
        return 0
    names = sorted(entry.name for entry in source.iterdir() if not entry.name.startswith("."))
    return sum(_copied_one(source / name, target / name) for name in names)


def _copied_one(source: Path, target: Path) -> bool:
    for _ in range(_ATTEMPTS):
        try:
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.part"))
            else:
                shutil.copy2(source, target)
        except (FileNotFoundError, shutil.Error) as error:
            shutil.rmtree(target, ignore_errors=True)
            if not source.exists():
                return False  # it expired, or was never finished
            last = error
        else:
            return True
    raise FolderNotWritable(f"{source} cannot be copied to {target}: {last}; try again, and check the disk") from last
