"""The typed client of a planning server for code that blocks: the asynchronous one, run in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from planner.client.blocking_server_client import BlockingServerClient
from planner.client.planning_client import ConnectionLost, PlanningClient, PlanStep
from planner.domain.finding import Finding
from planner.domain.relaxation import Relaxation
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.quoting import NewOrder, Quote


class BlockingPlanningClient(BlockingServerClient[PlanningClient]):
    """Speaks to one server; use it as a context manager, from any number of threads.

    Every method does what the one of the same name of :class:`planner.client.planning_client.PlanningClient` does, and
    raises the same errors.
    """

    kind = PlanningClient

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until the server says that it serves; give up after some seconds."""
        self._loop.run(self._client.wait_until_ready(seconds))

    def upload(self, folder: Path) -> str:
        """Store a scenario on the server; return its hash."""
        return self._loop.run(self._client.upload(folder))

    def findings(self, scenario: str) -> tuple[Finding, ...]:
        """Return what stands against a stored scenario, at most ten thousand findings."""
        return self._loop.run(self._client.findings(scenario))

    def create(
        self,
        scenario: str,
        parameters: PlanningParameters,
        *,
        request_id: str = "",
        validate_only: bool = False,
        priority: int = 0,
    ) -> PlanRecord:
        """Ask for a plan of a stored scenario; on return the server will not forget it."""
        asked = self._client.create(
            scenario, parameters, request_id=request_id, validate_only=validate_only, priority=priority
        )
        return self._loop.run(asked)

    def plan(self, plan: str) -> PlanStep:
        """Return where a plan stands."""
        return self._loop.run(self._client.plan(plan))

    def cancel(self, plan: str) -> PlanRecord:
        """Stop a plan soon and keep its best plan so far."""
        return self._loop.run(self._client.cancel(plan))

    def accept(self, plan: str, etag: str, *, accepted_by: str, comment: str = "") -> PlanRecord:
        """Take a plan, or the best plan so far of a run that goes on, as the one to be executed."""
        return self._loop.run(self._client.accept(plan, etag, accepted_by=accepted_by, comment=comment))

    def explain(
        self, plan: str, counterfactuals: Sequence[Sequence[Relaxation]] = (), *, repairs: bool = False
    ) -> dict[str, Any]:
        """Return what binds a finished plan, as a document in the fields of ``Explanation``."""
        return self._loop.run(self._client.explain(plan, counterfactuals, repairs=repairs))

    def plans(self, limit: int) -> tuple[PlanRecord, ...]:
        """Return up to ``limit`` plans, newest first."""
        return self._loop.run(self._client.plans(limit))

    def watch(self, plan: str, *, patience_seconds: float = 60.0) -> Iterator[PlanStep | ConnectionLost]:
        """Follow a plan to its end; a lost server is told and sought again, for so long, with growing waits."""
        return self._loop.iterate(self._client.watch(plan, patience_seconds=patience_seconds))

    def quote(self, plan: str, order: NewOrder) -> Quote:
        """Ask what one more order would make of an accepted plan."""
        return self._loop.run(self._client.quote(plan, order))

    def download(self, plan: str) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a finished plan in parts."""
        return self._loop.iterate(self._client.download(plan))

    def save(self, plan: str, folder: Path, *, overwrite: bool = False) -> None:
        """Put the files of a finished plan into a folder, which is complete or untouched afterwards."""
        self._loop.run(self._client.save(plan, folder, overwrite=overwrite))

    def save_solver_logs(self, plan: str, folder: Path) -> Path:
        """Put what solvers told while a plan was made into the folder ``solver_logs`` of this one; return that."""
        return self._loop.run(self._client.save_solver_logs(plan, folder))
