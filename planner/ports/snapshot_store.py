"""The port to snapshots, which stand beside the event log."""

from __future__ import annotations

from typing import Protocol

from planner.events.snapshot import Snapshot


class SnapshotStore(Protocol):
    """Keeps the newest snapshot of every aggregate and version; blocking and safe to call from several threads.

    Versions stand side by side, so that a release that is rolled back finds its own.
    """

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot durably; one of a later sequence that is there already stays.

        Raises
        ------
        StorageFailure
            If it could not be stored.
        """
        ...

    def newest(self, aggregate: str, version: int) -> Snapshot | None:
        """Return the newest snapshot of an aggregate that a projection of this version wrote."""
        ...
