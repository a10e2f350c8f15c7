"""The typed client of a planning server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from planner.client.connection import ServerAddress
from planner.client.conversions import finding_from_wire, parameters_to_wire, progress_from_wire, record_from_wire
from planner.client.errors import business_error, translated
from planner.client.explanation_conversions import explain_to_wire, explanation_from_wire
from planner.client.quote_conversions import quote_from_wire, quote_request
from planner.client.scenario_upload import scenario_parts
from planner.domain.errors import NotFound, ScenarioInvalid, ServerUnavailable
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
    planning_service_pb2_grpc,
    quote_pb2,
    scenario_pb2,
)

QUICK_SECONDS = 30.0
"""Deadline of calls that only look something up."""

CHECKING_SECONDS = 600.0
"""Deadline of calls that make the server check a scenario."""

_PAGE = 1000
_MOST_FINDINGS = 10_000
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Where a watched plan stands, and its latest step."""

    record: PlanRecord
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The server does not answer; the watch goes on trying."""

    error: ServerUnavailable
    attempt: int


class PlanningClient:
    """Speaks to one server; use it as an asynchronous context manager.

    Every method raises :class:`ServerUnavailable` if no server answers, and the error of the business that the server
    reports.
    """

    def __init__(self, server: ServerAddress) -> None:
        self._address = server.address
        self._channel = server.channel()
        # The code that protoc writes has no types; conversions give them back.
        self._stub: Any = planning_service_pb2_grpc.PlanningServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel."""
        await self._channel.close()

    async def wait_until_ready(self, seconds: float) -> None:
        """Wait until the server says that it serves; give up after some seconds."""
        stub: Any = health_pb2_grpc.HealthStub(self._channel)
        request = health_pb2.HealthCheckRequest()
        with translated(self._address):
            await stub.Check(request, wait_for_ready=True, timeout=seconds)

    async def upload(self, folder: Path) -> str:
        """Store a scenario on the server; return its hash.

        Raises
        ------
        ScenarioUnreadable
            If the folder is no scenario.
        """
        parts = (
            scenario_pb2.UploadScenarioRequest(file=file, data=data) async for file, data in scenario_parts(folder)
        )
        with translated(self._address):
            stored: scenario_pb2.Scenario = await self._stub.UploadScenario(parts)
        return stored.name.partition("/")[2]

    async def findings(self, scenario: str) -> tuple[Finding, ...]:
        """Return what stands against a stored scenario, at most ten thousand findings."""
        found: list[Finding] = []
        request = scenario_pb2.ListFindingsRequest(parent=f"scenarios/{scenario}", page_size=_PAGE)
        while True:
            with translated(self._address):
                page: scenario_pb2.ListFindingsResponse = await self._stub.ListFindings(
                    request, timeout=CHECKING_SECONDS
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

        Raises
        ------
        ScenarioInvalid
            If findings stand against the scenario.
        RequestConflict
            If the request id was used with other content.
        """
        request = planning_service_pb2.CreatePlanRequest(
            scenario=f"scenarios/{scenario}",
            parameters=parameters_to_wire(parameters),
            request_id=request_id,
            validate_only=validate_only,
            priority=priority,
        )
        try:
            with translated(self._address):
                operation: operation_pb2.Operation = await self._stub.CreatePlan(request, timeout=CHECKING_SECONDS)
        except ScenarioInvalid as error:
            raise ScenarioInvalid(scenario[:12], await self.findings(scenario)) from error
        return record_from_wire(operation.plan)

    async def plan(self, plan: str) -> PlanStep:
        """Return where a plan stands."""
        request = planning_service_pb2.GetOperationRequest(name=f"operations/{plan}")
        with translated(self._address):
            operation: operation_pb2.Operation = await self._stub.GetOperation(request, timeout=QUICK_SECONDS)
        return PlanStep(record_from_wire(operation.plan), progress_from_wire(operation))

    async def cancel(self, plan: str) -> PlanRecord:
        """Stop a plan soon and keep its best plan so far."""
        request = planning_service_pb2.CancelPlanRequest(name=f"operations/{plan}")
        with translated(self._address):
            operation: operation_pb2.Operation = await self._stub.CancelPlan(request, timeout=QUICK_SECONDS)
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
        with translated(self._address):
            accepted: plan_pb2.Plan = await self._stub.AcceptPlan(request, timeout=QUICK_SECONDS)
        return record_from_wire(accepted)

    async def explain(
        self, plan: str, counterfactuals: Sequence[Sequence[Relaxation]] = (), *, repairs: bool = False
    ) -> dict[str, object]:
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
        with translated(self._address):
            message: explanation_pb2.Explanation = await self._stub.ExplainPlan(request, timeout=CHECKING_SECONDS)
        return explanation_from_wire(message)

    async def plans(self, limit: int) -> tuple[PlanRecord, ...]:
        """Return up to ``limit`` plans, newest first."""
        found: list[plan_pb2.Plan] = []
        request = planning_service_pb2.ListPlansRequest()
        while len(found) < limit:
            request.page_size = min(_PAGE, limit - len(found))
            with translated(self._address):
                page: planning_service_pb2.ListPlansResponse = await self._stub.ListPlans(
                    request, timeout=QUICK_SECONDS
                )
            found.extend(page.plans)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        return tuple(record_from_wire(plan) for plan in found)

    async def watch(self, plan: str, *, patience_seconds: float = 60.0) -> AsyncIterator[PlanStep | ConnectionLost]:
        """Follow a plan to its end; a lost server is told and sought again, for so long, with growing waits."""
        attempt, lost_at = 0, None
        while True:
            try:
                async for operation in self._watched(plan):
                    attempt, lost_at = 0, None
                    step = PlanStep(record_from_wire(operation.plan), progress_from_wire(operation))
                    yield step
                    if step.record.done:
                        return
                error = ServerUnavailable(f"the server at {self._address} ended the watch early")
            except ServerUnavailable as gone:
                error = gone
            lost_at = time.monotonic() if lost_at is None else lost_at
            if time.monotonic() - lost_at > patience_seconds:
                raise ServerUnavailable(
                    f"{error}; the plan is kept there: once the server runs again, follow it by "
                    f"`concordat watch operations/{plan} --server {self._address}`"
                )
            attempt += 1
            yield ConnectionLost(error, attempt)
            await asyncio.sleep(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)))

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
        with translated(self._address):
            quote: quote_pb2.Quote = await self._stub.QuoteOrder(quote_request(plan, order), timeout=CHECKING_SECONDS)
        return quote_from_wire(quote)

    async def download(self, plan: str) -> AsyncIterator[tuple[str, bytes]]:
        """Yield the files of a finished plan in parts.

        Raises
        ------
        PlanNotReady
            If it still runs, or ended without a plan.
        """
        request = planning_service_pb2.DownloadPlanRequest(name=f"plans/{plan}")
        with translated(self._address):
            async for part in self._stub.DownloadPlan(request):
                yield part.file, part.data

    async def _watched(self, plan: str) -> AsyncIterator[operation_pb2.Operation]:
        call = self._stub.WatchPlan(planning_service_pb2.WatchPlanRequest(name=f"operations/{plan}"))
        try:
            async for operation in call:
                yield operation
        except grpc.aio.AioRpcError as error:
            translation = business_error(error, self._address)
            if isinstance(translation, NotFound):
                raise NotFound(f"{translation}; is {self._address} the server that was asked?") from error
            raise translation from error
        finally:
            call.cancel()
