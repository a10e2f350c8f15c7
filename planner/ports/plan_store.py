"""The port to the place where the folders of plans are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from planner.domain.plan import Plan


class PlanStore(Protocol):
    """Keeps plan folders; blocking and safe to call from several threads."""

    def prepare(self, plan: str) -> str:
        """Return the folder a plan is to be written to, empty."""
        ...

    def folder(self, plan: str) -> str:
        """Return the folder of a plan that was written.

        Raises
        ------
        PlanUnreadable
            If the folder holds no plan.
        """
        ...

    def read(self, plan: str) -> Plan:
        """Return a plan, exactly as it was written.

        Raises
        ------
        PlanUnreadable
            If the folder holds no plan.
        """
        ...

    def summary(self, plan: str) -> Mapping[str, object]:
        """Return the content of ``plan.json``.

        Raises
        ------
        PlanUnreadable
            If the folder holds no plan.
        """
        ...

    def solver_logs(self, plan: str) -> Iterator[tuple[str, bytes]]:
        """Return what solvers told while a plan was made, or a run ended without one, in parts as :meth:`parts` does.

        Nothing where nothing was kept.
        """
        ...

    def remove(self, plan: str) -> bool:
        """Remove the folder of a plan; tells whether there was one.

        Raises
        ------
        StorageFailure
            If it cannot be removed.
        """
        ...

    def parts(self, plan: str) -> Iterator[tuple[str, bytes]]:
        """Return the files of a plan in parts: file name and bytes; a file may come in several parts, in order.

        Raises
        ------
        PlanUnreadable
            If the folder holds no plan.
        """
        ...
