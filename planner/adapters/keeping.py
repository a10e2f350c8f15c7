"""What a server keeps on disk, and how it is told that the disk refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planner.adapters.folder_swap import NO_ROOM
from planner.domain.errors import StorageFailure, StorageFull


@contextmanager
def keeping(what: str, place: Path) -> Iterator[None]:
    """Tell what the operating system refuses while something (a plural, for people) is kept in a place.

    Raises
    ------
    StorageFailure
        In the place of any OSError of the body: :class:`StorageFull` for want of room.
    """
    try:
        yield
    except OSError as error:
        kind = StorageFull if error.errno in NO_ROOM else StorageFailure
        reason = error.strerror or str(error)
        raise kind(f"{what} cannot be kept in {place}: {reason}; check rights and free space") from error
