"""The typed client of a planning server, asynchronous; :mod:`planner.client.blocking_client` is its other face."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.client.conversions import finding_from_wire, parameters_to_wire, progress_from_wire, record_from_wire
from planner.client.explanation_conversions import explain_to_wire, explanation_from_wire
from planner.client.plan_download import receive_plan, receive_solver_logs
from planner.client.quote_conversions import quote_from_wire, quote_request
from planner.client.scenario_upload import scenario_parts
from planner.client.server_client import ServerClient
from planner.client.watching import ConnectionLost, followed
from planner.domain.errors import ScenarioInvalid, ScenarioUnreadable
from planner.domain.finding import Finding
from planner.domain.relaxation import Relaxation
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import PlanningParameters, Progress
from planner.ports.quoting import NewOrder, Quote
from planner.wire.v1 import (
    acceptance_pb2,
    explanation_pb2,
    operation_pb2,
    plan_pb2,
    planning_service_pb2,
    quote_pb2,
    scenario_pb2,
)

__all__ = ["ConnectionLost", "PlanStep", "PlanningClient"]

_PAGE = 1000
_MOST_FINDINGS = 10_000


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Where a watched plan stands, and its latest step."""

    record: PlanRecord
    progress: Progress | None


class PlanningClient(ServerClient):
    """Speaks to one server; use it as an asynchronous context manager.

    Every method raises :class:`ServerUnavailable` if no server answers, and the error of the business that the server
    reports. Calls that change nothing when they are repeated are sent again as ``retry`` says
    (:class:`planner.client.calls.Calls`).
    """

    async def wait_until_ready(self, seconds: float) -> None:
        """Wait until the server says that it serves; give up after some seconds."""
        await self._calls.ready(seconds)

    async def upload(self, folder: Path) -> str:
        """Store a scenario on the server; return its hash.

        Raises
        ------
        ScenarioUnreadable
            If the folder is no scenario.
        """
        unreadable: list[ScenarioUnreadable] = []

        async def parts() -> AsyncIterator[scenario_pb2.UploadScenarioRequest]:
            try:
                async for file, data in scenario_parts(folder):
                    yield scenario_pb2.UploadScenarioRequest(file=file, data=data)
            except ScenarioUnreadable as error:
                unreadable.append(error)
                raise

        upload = self._calls.stub.UploadScenario
        try:
            # Stored under the hash of its content, so that sending it again changes nothing.
            stored: scenario_pb2.Scenario = await self._calls.answered(
                lambda left: upload(parts(), timeout=left), self._calls.deadlines.transfer
            )
        except asyncio.CancelledError:
            # gRPC cancels a call whose messages cannot be made, and tells nobody why.
            if unreadable:
                raise unreadable[0] from None
            raise
        return stored.name.partition("/")[2]

    async def findings(self, scenario: str) -> tuple[Finding, ...]:
        """Return what stands against a stored scenario, at most ten thousand findings."""
        found: list[Finding] = []
        request = scenario_pb2.ListFindingsRequest(parent=f"scenarios/{scenario}", page_size=_PAGE)
        while True:
            page: scenario_pb2.ListFindingsResponse = await self._calls.unary(
                self._calls.stub.ListFindings, request, self._calls.deadlines.checking
            )
            found.extend(finding_from_wire(finding) for finding in page.findings)
            if not page.next_page_token or len(found) >= _MOST_FINDINGS:
                return tuple(found)
            request.page_token = page.next_page_token

    async def create(
        self,
        scenario: str,
        parameters: PlanningParameters,
        *,
        request_id: str = "",
        validate_only: bool = False,
        priority: int = 0,
    ) -> PlanRecord:
        """Ask for a plan of a stored scenario; on return the server will not forget it.

        Without a request id every call is a request of its own, so that it is sent once and never again.

        Raises
        ------
        ScenarioInvalid
            If findings stand against the scenario.
        RequestConflict
            If the request id was used with other content.
        QueueFull
            If the server has no room for one more plan, or could not begin with it in time.
        """
        request = planning_service_pb2.CreatePlanRequest(
            scenario=f"scenarios/{scenario}",
            parameters=parameters_to_wire(parameters),
            request_id=request_id,
            validate_only=validate_only,
            priority=priority,
        )
        try:
            operation: operation_pb2.Operation = await self._calls.unary(
                self._calls.stub.CreatePlan,
                request,
                self._calls.deadlines.checking,
                repeatable=bool(request_id) or validate_only,
            )
        except ScenarioInvalid as error:
            raise ScenarioInvalid(scenario[:12], await self.findings(scenario)) from error
        return record_from_wire(operation.plan)

    async def plan(self, plan: str) -> PlanStep:
        """Return where a plan stands."""
        request = planning_service_pb2.GetOperationRequest(name=f"operations/{plan}")
        operation: operation_pb2.Operation = await self._calls.unary(
            self._calls.stub.GetOperation, request, self._calls.deadlines.quick
        )
        return PlanStep(record_from_wire(operation.plan), progress_from_wire(operation))

    async def cancel(self, plan: str) -> PlanRecord:
        """Stop a plan soon and keep its best plan so far."""
        request = planning_service_pb2.CancelPlanRequest(name=f"operations/{plan}")
        operation: operation_pb2.Operation = await self._calls.unary(
            self._calls.stub.CancelPlan, request, self._calls.deadlines.quick
        )
        return record_from_wire(operation.plan)

    async def accept(self, plan: str, etag: str, *, accepted_by: str, comment: str = "") -> PlanRecord:
        """Take a plan, or the best plan so far of a run that goes on, as the one to be executed.

        Raises
        ------
        PlanNotReady
            If there is nothing to accept.
        PlanChanged
            If the etag names something else than what can be accepted now.
        AlreadyAccepted
            If it was accepted before by somebody else, or in another state.
        """
        request = acceptance_pb2.AcceptPlanRequest(
            name=f"plans/{plan}", etag=etag, accepted_by=accepted_by, comment=comment
        )
        accepted: plan_pb2.Plan = await self._calls.unary(
            self._calls.stub.AcceptPlan, request, self._calls.deadlines.quick
        )
        return record_from_wire(accepted)

    async def explain(
        self, plan: str, counterfactuals: Sequence[Sequence[Relaxation]] = (), *, repairs: bool = False
    ) -> dict[str, Any]:
        """Return what binds a finished plan, as a document in the fields of ``Explanation``.

        Counterfactuals, and the ``repairs`` of an infeasible plan, are planned as operations of their own: follow those
        and ask again.

        Raises
        ------
        PlanNotReady
            If it still runs, or ended without a plan though one may exist.
        InvalidRequest
            If a clause is not known or cannot be loosened like that.
        """
        request = explain_to_wire(plan, counterfactuals, repairs=repairs)
        message: explanation_pb2.Explanation = await self._calls.unary(
            self._calls.stub.ExplainPlan, request, self._calls.deadlines.checking
        )
        return explanation_from_wire(message)

    async def plans(self, limit: int) -> tuple[PlanRecord, ...]:
        """Return up to ``limit`` plans, newest first."""
        found: list[plan_pb2.Plan] = []
        request = planning_service_pb2.ListPlansRequest()
        while len(found) < limit:
            request.page_size = min(_PAGE, limit - len(found))
            page: planning_service_pb2.ListPlansResponse = await self._calls.unary(
                self._calls.stub.ListPlans, request, self._calls.deadlines.quick
            )
            found.extend(page.plans)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        return tuple(record_from_wire(plan) for plan in found)

    async def watch(self, plan: str, *, patience_seconds: float = 60.0) -> AsyncIterator[PlanStep | ConnectionLost]:
        """Follow a plan to its end; a lost server is told and sought again, for so long, with growing waits."""
        request = planning_service_pb2.WatchPlanRequest(name=f"operations/{plan}")
        told = followed(
            self._calls,
            lambda: self._calls.stub.WatchPlan(request),
            over=lambda: False,
            patience_seconds=patience_seconds,
            again=lambda: f"concordat watch operations/{plan} --server {self._calls.address}",
        )
        async with aclosing(told):
            async for each in told:
                if isinstance(each, ConnectionLost):
                    yield each
                    continue
                step = PlanStep(record_from_wire(each.plan), progress_from_wire(each))
                yield step
                if step.record.done:
                    return

    async def quote(self, plan: str, order: NewOrder) -> Quote:
        """Ask what one more order would make of an accepted plan.

        Raises
        ------
        PlanNotReady
            If the plan was not made or not accepted yet.
        InvalidRequest
            If the order names what the scenario does not have, or is larger than can be quoted.
        QuoteFailed
            If no answer could be computed.
        """
        quote: quote_pb2.Quote = await self._calls.unary(
            self._calls.stub.QuoteOrder, quote_request(plan, order), self._calls.deadlines.checking
        )
        return quote_from_wire(quote)

    async def download(self, plan: str) -> AsyncIterator[tuple[str, bytes]]:
        """Yield the files of a finished plan in parts.

        Raises
        ------
        PlanNotReady
            If it still runs, or ended without a plan.
        """
        request = planning_service_pb2.DownloadPlanRequest(name=f"plans/{plan}")
        parts = self._calls.streamed(self._calls.stub.DownloadPlan, request, self._calls.deadlines.transfer)
        async for part in parts:
            yield part.file, part.data

    async def save(self, plan: str, folder: Path, *, overwrite: bool = False) -> None:
        """Put the files of a finished plan into a folder, which is complete or untouched afterwards.

        Raises
        ------
        PlanNotReady
            If it still runs, or ended without a plan.
        FolderNotWritable
            If the folder holds something and may not be overwritten, or the disk fails.
        """
        await receive_plan(self.download(plan), folder, overwrite=overwrite)

    async def save_solver_logs(self, plan: str, folder: Path) -> Path:
        """Put what solvers told while a plan was made into the folder ``solver_logs`` of this one; return that.

        A run that ended without a plan has logs too.

        Raises
        ------
        NotFound
            If the request did not ask for logs, or none were written.
        PlanNotReady
            If it still runs.
        FolderNotWritable
            If the disk fails.
        """
        request = planning_service_pb2.DownloadPlanRequest(name=f"plans/{plan}", solver_logs=True)
        parts = self._calls.streamed(self._calls.stub.DownloadPlan, request, self._calls.deadlines.transfer)
        return await receive_solver_logs(((part.file, part.data) async for part in parts), folder)
