"""The folder in which one server keeps scenarios, plans and the event log."""

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
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFailure(
            f"data folder {folder} cannot be used: {error.strerror}; name another by --data"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageFailure(
                f"data folder {folder} is held by another server: use that one, or name another folder by --data"
            ) from error
        with suppress(OSError):  # a full disk does not keep a server from starting
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield folder
    finally:
        os.close(descriptor)
