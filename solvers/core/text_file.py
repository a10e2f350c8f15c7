"""Text files of instances, also packed, with errors that say file, cause and cure."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from solvers.core.errors import InstanceUnreadable


def read_text(path: Path) -> str:
    """Return the text of a file, unpacked when its name ends in ``.gz``.

    Raises
    ------
    InstanceUnreadable
        If the file is absent, damaged or not text.
    """
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    except OSError as error:
        # A damaged gzip header is an OSError too, without an errno.
        cause = error.strerror or str(error)
        raise InstanceUnreadable(f"{path.name}: cannot be read ({cause}); give the path of a readable file") from error
    except (EOFError, zlib.error) as error:
        raise InstanceUnreadable(f"{path.name}: damaged gzip file ({error}); fetch it again") from error
    except UnicodeDecodeError as error:
        raise InstanceUnreadable(f"{path.name}: not a text file (byte {error.start}); fetch it again") from error
