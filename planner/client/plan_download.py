"""Files of a plan, received into a folder that is complete or untouched."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from planner.domain.errors import FolderNotWritable, PlanUnreadable
from planner.domain.folder_files import DOWNLOADED_FILES, SOLVER_LOGS

_SUMMARY = DOWNLOADED_FILES[-1]
_LOG_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}\.log")


def check_target(folder: Path, *, overwrite: bool) -> None:
    """Find out, before anything is planned, whether a plan may be put into a folder.

    Raises
    ------
    FolderNotWritable
        If the folder holds anything and may not be overwritten, holds something else than a plan, or cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderNotWritable(f"{folder} is a file: name a folder for the plan")
    if folder.is_dir() and any(folder.iterdir()):
        if not overwrite:
            raise FolderNotWritable(f"{folder} is not empty: name another folder, or say --overwrite")
        if not any((folder / file).exists() for file in (*DOWNLOADED_FILES, SOLVER_LOGS)):
            raise FolderNotWritable(
                f"{folder} holds something else than a plan and is not overwritten: name another folder"
            )
    _beside(folder).rmdir()


async def receive_plan(parts: AsyncIterator[tuple[str, bytes]], folder: Path, *, overwrite: bool) -> None:
    """Put the files of a plan into a folder, ``plan.json`` last; other files there are left alone.

    Raises
    ------
    FolderNotWritable
        If the folder may not be overwritten, or the disk fails.
    PlanUnreadable
        If something else than a plan is received.
    """
    check_target(folder, overwrite=overwrite)
    received = _beside(folder)
    try:
        await _receive(parts, received)
        _put_in_place(received, folder)
    except OSError as error:
        raise FolderNotWritable(f"the plan cannot be written to {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(received, ignore_errors=True)


async def receive_solver_logs(parts: AsyncIterator[tuple[str, bytes]], folder: Path) -> Path:
    """Put what solvers told into the folder ``solver_logs`` of a plan's own, in the place of older ones; return it.

    Raises
    ------
    FolderNotWritable
        If the disk fails.
    PlanUnreadable
        If something else than logs is received.
    """
    received, target = _beside(folder), folder / SOLVER_LOGS
    try:
        async for file, data in parts:
            if not _LOG_FILE.fullmatch(file):
                raise PlanUnreadable(f"the server sent {file[:80]!r}, which is no solver's log: do its versions fit?")
            with (received / file).open("ab") as stream:
                stream.write(data)
        _take_place(received, target)
    except OSError as error:
        raise FolderNotWritable(f"solver logs cannot be written to {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(received, ignore_errors=True)
    return target


def _beside(folder: Path) -> Path:
    """Make an empty folder next to another one."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise FolderNotWritable(f"{folder} cannot be made: {error.strerror}; name another folder") from error


async def _receive(parts: AsyncIterator[tuple[str, bytes]], folder: Path) -> None:
    async for file, data in parts:
        if file not in DOWNLOADED_FILES:
            raise PlanUnreadable(f"the server sent {file[:80]!r}, which is no file of a plan: do its versions fit?")
        with (folder / file).open("ab") as stream:
            stream.write(data)
    if not (folder / _SUMMARY).exists():
        raise PlanUnreadable(f"the server sent no {_SUMMARY}: download the plan again")


def _put_in_place(received: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    # Without plan.json the folder is no plan: whoever reads it meanwhile is told so.
    (folder / _SUMMARY).unlink(missing_ok=True)
    _remove(folder / SOLVER_LOGS)
    for file in DOWNLOADED_FILES:
        (folder / file).unlink(missing_ok=True)
        if (received / file).exists():
            (received / file).rename(folder / file)


def _take_place(received: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    _remove(target)
    received.rename(target)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)
