"""Write a folder as a whole: readers see the old content or the new, never a half of each."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planner.domain.errors import FolderFull, FolderNotWritable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""What the operating system says where a disk, or what somebody may use of it, is full."""


@contextmanager
def replacing_folder(folder: Path, *, marker: str) -> Iterator[Path]:
    """Give a temporary sibling to write into; on success it takes the place of ``folder``.

    A folder that already holds ``marker`` is replaced and its other entries are carried over; an empty or absent one
    is filled. If the body raises, ``folder`` is untouched.

    Raises
    ------
    FolderNotWritable
        If ``folder`` holds something else, or the operating system refuses: :class:`FolderFull` for want of room.
    """
    try:
        folder = folder.absolute()
        if folder.exists() and not (folder / marker).is_file() and (not folder.is_dir() or any(folder.iterdir())):
            raise FolderNotWritable(f"{folder} exists and holds no {marker}; name an empty or new folder instead")
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            yield fresh
            fresh.chmod(0o777 & ~_umask())
            _swap(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        kind = FolderFull if error.errno in NO_ROOM else FolderNotWritable
        raise kind(
            f"cannot write {folder}: {error.strerror or error}; check that the disk has room and the folder's rights"
        ) from error


def _swap(fresh: Path, folder: Path) -> None:
    """Put ``fresh`` in the place of ``folder``, carrying over what only the old folder holds."""
    if not folder.exists():
        fresh.rename(folder)
        return
    written = {entry.name for entry in fresh.iterdir()}
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent)) / folder.name
    folder.rename(old)
    fresh.rename(folder)
    for entry in sorted(old.iterdir()):
        if entry.name not in written and entry.suffix not in {".csv", ".parquet"}:
            entry.rename(folder / entry.name)
    shutil.rmtree(old.parent)


def _umask() -> int:
    """Return the process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
