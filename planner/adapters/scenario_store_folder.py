"""Uploaded scenarios as folders ``scenarios/<hash>``; what is being received lies beside them until it is complete."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from planner.adapters.keeping import keeping
from planner.adapters.scenario_folder import read_scenario, read_with_findings, write_scenario
from planner.adapters.unpacked_size import text_bytes, unpacked_bytes
from planner.domain.errors import (
    NotFound,
    ScenarioInvalid,
    ScenarioUnreadable,
    StorageFailure,
    UploadRefused,
)
from planner.domain.folder_files import SCENARIO_FILES
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.verification.findings import find_problems

GIBIBYTE = 1 << 30
_HASH = re.compile(r"[0-9a-f]{64}")
_STAGING = ".receiving-"
_ASIDE = ".removing-"
_disk = partial(keeping, "scenarios")


class ScenarioFolders:
    """Implements :class:`planner.ports.scenario_store.ScenarioStore` below one folder.

    ``max_bytes`` limits all files of a scenario together, as they are sent and as they are when they are unpacked. What
    an earlier process left half received is removed, unless others may be receiving here now (not ``alone``). A
    folder's own time says when its scenario was last asked for.
    """

    def __init__(self, root: Path, *, max_bytes: int = 4 * GIBIBYTE, alone: bool = True) -> None:
        self._root = root
        self._max_bytes = max_bytes
        with _disk(root):
            root.mkdir(parents=True, exist_ok=True)
            for left in root.glob(f"{_STAGING}*") if alone else ():
                shutil.rmtree(left, ignore_errors=True)

    def stage(self) -> StagedFolder:
        """Begin to receive a scenario."""
        with _disk(self._root):
            return StagedFolder(self._root, max_bytes=self._max_bytes)

    def keep(self, content: Scenario) -> tuple[str, int]:
        """Keep a scenario that was made here, unless it is kept already; see the port."""
        name = scenario_hash(content)
        target = self._root / name
        with _disk(target):
            if not target.is_dir():
                with tempfile.TemporaryDirectory(prefix=_STAGING, dir=self._root) as staged:
                    fresh = Path(staged) / name
                    write_scenario(content, fresh)
                    _into_place(fresh, target)
            _note_use(target)
            return name, sum(file.stat().st_size for file in target.iterdir())

    def has(self, scenario: str) -> bool:
        """Say whether a scenario is kept, and note that it was asked for; a name that is no hash is not kept."""
        if _HASH.fullmatch(scenario) is None or not (self._root / scenario).is_dir():
            return False
        _note_use(self._root / scenario)
        return True

    def folder(self, scenario: str) -> str:
        """Return the folder of a scenario, or raise NotFound."""
        if not self.has(scenario):
            raise NotFound(f"no scenario {scenario[:80]!r} is kept here, or not any more: upload it first")
        return str(self._root / scenario)

    def remove_unused(self, needed: Collection[str], before: datetime) -> tuple[str, ...]:
        """Remove scenarios that nobody needs or asked for lately; see the port."""
        removed = []
        for left in self._root.glob(f"{_ASIDE}*"):  # by a process that was killed meanwhile
            _remove(left)
        for folder in sorted(self._root.iterdir()):
            if _HASH.fullmatch(folder.name) and folder.name not in needed and _unused(folder, before):
                aside = self._root / f"{_ASIDE}{folder.name}"
                with _disk(folder):
                    folder.rename(aside)
                    if not _unused(aside, before):  # asked for in this very moment
                        _into_place(aside, folder)
                        continue
                _remove(aside)
                removed.append(folder.name)
        return tuple(removed)

    def read(self, scenario: str) -> Scenario:
        """Return the content of a scenario, or raise NotFound."""
        return read_scenario(Path(self.folder(scenario)))


class StagedFolder:
    """Implements :class:`planner.ports.scenario_store.StagedScenario`."""

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self._root = root
        self._folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=root))
        self._max_bytes = max_bytes
        self._size = 0
        self._file = ""
        self._stream: BinaryIO | None = None

    def write(self, file: str, data: bytes) -> None:
        """Append bytes to a file of the scenario; see the port."""
        if file not in SCENARIO_FILES:
            raise UploadRefused(
                f"{file[:80]!r} is no file of a scenario: send only {', '.join(SCENARIO_FILES)}, without any folder"
            )
        self._size += len(data)
        if self._size > self._max_bytes:
            raise self._too_large("")
        with _disk(self._folder):
            self._opened(file).write(data)

    def commit(self) -> tuple[str, Scenario, int]:
        """Keep what was received under its hash, unless that is kept already; see the port."""
        with _disk(self._folder):
            self._close()
        try:
            if sum(map(unpacked_bytes, self._folder.glob("*.parquet"))) > self._max_bytes:
                raise self._too_large(", unpacked,")
            scenario, unread = read_with_findings(self._folder)
            if scenario is not None and text_bytes(scenario["customers"]) > self._max_bytes:
                raise self._too_large(", unpacked,")
        except ScenarioUnreadable as error:
            # Whoever sent the file knows its name, not the folder it was received into.
            raise ScenarioUnreadable(str(error).replace(f"{self._folder}{os.sep}", "")) from error
        if scenario is None or unread:
            raise ScenarioInvalid("received", unread if scenario is None else find_problems(scenario, unread))
        name = scenario_hash(scenario)
        target = self._root / name
        with _disk(target):
            if not target.is_dir():
                _into_place(self._folder, target)
        _note_use(target)
        return name, scenario, self._size

    def discard(self) -> None:
        """Forget what was received; after a commit this does nothing."""
        with suppress(OSError):  # what is left of a file that did not fit on the disk
            self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _too_large(self, how: str) -> UploadRefused:
        return UploadRefused(
            f"the scenario{how} is larger than the {self._max_bytes:,} bytes this server takes: send a smaller one or "
            "raise the server's limit"
        )

    def _opened(self, file: str) -> BinaryIO:
        if self._stream is not None and file == self._file:
            return self._stream
        self._close()
        try:
            self._stream = (self._folder / file).open("xb")
        except FileExistsError:
            raise UploadRefused(f"{file!r} came twice: send the parts of a file one after the other") from None
        self._file = file
        return self._stream

    def _close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with stream:
                stream.flush()
                os.fsync(stream.fileno())


def _note_use(folder: Path) -> None:
    with suppress(OSError):  # a copy that may only be read is never cleared
        os.utime(folder)


def _unused(folder: Path, before: datetime) -> bool:
    return folder.stat().st_mtime < before.timestamp()


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StorageFailure(
            f"scenario folder {folder} cannot be removed: {error.strerror or error}; check its rights, the next turn "
            "tries again"
        ) from error


def _into_place(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        # The same content may have been committed by another upload in this very moment.
        if not target.is_dir():
            raise
