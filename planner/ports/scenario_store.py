"""The port to the place where uploaded scenarios are kept under the hash of their content."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from planner.domain.scenario import Scenario


class StagedScenario(Protocol):
    """A scenario that is being received; invisible until it is committed."""

    def write(self, file: str, data: bytes) -> None:
        """Append bytes to a file of the scenario.

        Raises
        ------
        UploadRefused
            If the file is no part of a scenario, was already left for another one, or a size limit is passed.
        StorageFailure
            If the disk fails.
        """
        ...

    def commit(self) -> tuple[str, Scenario, int]:
        """Keep what was received; return its hash, its content and its size in bytes.

        Raises
        ------
        UploadRefused
            If the files are too large once they are unpacked.
        ScenarioUnreadable
            If the files are no scenario; nothing is kept then.
        ScenarioInvalid
            If some cell has another type than its column, so that there is no typed content to keep.
        """
        ...

    def discard(self) -> None:
        """Forget what was received; after a commit this does nothing."""
        ...


class ScenarioStore(Protocol):
    """Keeps scenarios; blocking and safe to call from several threads."""

    def stage(self) -> StagedScenario:
        """Begin to receive a scenario."""
        ...

    def keep(self, content: Scenario) -> tuple[str, int]:
        """Keep a scenario that was made here; return its hash and its size in bytes.

        Raises
        ------
        StorageFailure
            If the disk fails.
        """
        ...

    def has(self, scenario: str) -> bool:
        """Say whether a scenario is kept; being asked for, as by every method here, makes it young."""
        ...

    def folder(self, scenario: str) -> str:
        """Return the folder of a scenario.

        Raises
        ------
        NotFound
            If it is not kept.
        """
        ...

    def remove_unused(self, needed: Collection[str], before: datetime) -> tuple[str, ...]:
        """Remove scenarios that nobody asked for since ``before``, but for those that are needed; return their hashes.

        Raises
        ------
        StorageFailure
            If one cannot be removed; others were.
        """
        ...

    def read(self, scenario: str) -> Scenario:
        """Return the content of a scenario.

        Raises
        ------
        NotFound
            If it is not kept.
        """
        ...
