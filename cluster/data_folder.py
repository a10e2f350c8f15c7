"""Folders that one process holds: that of a server, with scenarios, plans and the event log, and that of a run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from planner.domain.errors import StorageFailure


@contextmanager
def locked_data_folder(folder: Path) -> Iterator[Path]:
    """Make the folder if need be and hold it for this process, since two servers would make every plan twice.

    The file ``lock`` in it holds the number of this process, so that it can be told to end.

    Raises
    ------
    StorageFailure
        If another server holds it, or it cannot be written.
    """
    with _locked(folder, "data folder", "server: use that one", " by --data"):
        yield folder


@contextmanager
def locked_run_folder(folder: Path) -> Iterator[Path]:
    """Make the folder of a what-if run if need be and hold it, since two would plan every case twice.

    Raises
    ------
    StorageFailure
        If another command holds it, or it cannot be written.
    """
    with _locked(folder, "run folder", "command: wait until that ends", ""):
        yield folder


@contextmanager
def _locked(folder: Path, kind: str, holder: str, how: str) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFailure(f"{kind} {folder} cannot be used: {error.strerror}; name another{how}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageFailure(f"{kind} {folder} is held by another {holder}, or name another folder{how}") from error
        with suppress(OSError):  # a full disk does not keep a server from starting
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
