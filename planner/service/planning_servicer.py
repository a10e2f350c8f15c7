"""The methods of `concordat.planning.v1.PlanningService`: translate, call the use case, translate back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from planner.application.accept_plan import AcceptRequest, accept_plan
from planner.application.cancel_plan import cancel_plan
from planner.application.check_scenario import ScenarioChecks
from planner.application.download_plan import download_plan, download_solver_logs
from planner.application.explain_plan import explain_plan
from planner.application.get_plan import get_plan
from planner.application.list_partner_plans import list_partner_plans
from planner.application.list_plans import list_plans, page_limit, page_start
from planner.application.partner_view import PartnerViews, partner_plan
from planner.application.plan_runs import PlanRuns
from planner.application.planning_ports import PlanningPorts
from planner.application.quote_order import quote_order
from planner.application.submit_plan import PlanRequest, submit_plan
from planner.application.upload_scenario import upload_scenario
from planner.application.watch_plan import watch_plan
from planner.domain.errors import PermissionDenied
from planner.ports.quoting import QuotingRuntime
from planner.service.access_caller import accepting, calling_partner
from planner.service.access_conversions import partner_plan_to_wire
from planner.service.conversions import (
    finding_to_wire,
    operation_to_wire,
    parameters_from_wire,
    plan_to_wire,
    resource_id,
    scenario_to_wire,
)
from planner.service.explanation_conversions import explain_request, explanation_to_wire
from planner.service.quote_conversions import order_from_wire, quote_to_wire
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

Context = grpc.aio.ServicerContext[Any, Any]


class PlanningServicer(planning_service_pb2_grpc.PlanningServiceServicer):
    """Serves the use cases; their errors are translated by the interceptor."""

    def __init__(
        self,
        ports: PlanningPorts,
        runs: PlanRuns,
        checks: ScenarioChecks,
        *,
        quoting: QuotingRuntime,
        views: PartnerViews,
    ) -> None:
        self._ports = ports
        self._runs = runs
        self._checks = checks
        self._quoting = quoting
        self._views = views

    async def UploadScenario(  # noqa: N802 - named by the contract
        self, request_iterator: AsyncIterator[scenario_pb2.UploadScenarioRequest], _context: Context
    ) -> scenario_pb2.Scenario:
        """Store a scenario under the hash of its content."""
        parts = ((request.file, request.data) async for request in request_iterator)
        return scenario_to_wire(*await upload_scenario(self._ports, self._checks, parts))

    async def ListFindings(  # noqa: N802 - named by the contract
        self, request: scenario_pb2.ListFindingsRequest, _context: Context
    ) -> scenario_pb2.ListFindingsResponse:
        """Return a page of what stands against a stored scenario."""
        limit, start = page_limit(request.page_size), page_start(request.page_token) or 0
        findings = await self._checks.findings(resource_id(request.parent, "scenarios", "parent"))
        end = start + limit
        return scenario_pb2.ListFindingsResponse(
            findings=[finding_to_wire(finding) for finding in findings[start:end]],
            next_page_token=str(end) if end < len(findings) else "",
            total_size=len(findings),
        )

    async def CreatePlan(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.CreatePlanRequest, _context: Context
    ) -> operation_pb2.Operation:
        """Accept a request for a plan."""
        wanted = PlanRequest(
            scenario=resource_id(request.scenario, "scenarios", "scenario"),
            parameters=parameters_from_wire(request.parameters),
            request_id=request.request_id,
            validate_only=request.validate_only,
            priority=request.priority,
        )
        record = await submit_plan(self._ports, self._runs, self._checks, wanted)
        return operation_to_wire(record, None)

    async def GetOperation(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.GetOperationRequest, _context: Context
    ) -> operation_pb2.Operation:
        """Return an operation as it stands."""
        plan = resource_id(request.name, "operations", "name")
        return operation_to_wire(*await get_plan(self._ports, self._runs, plan))

    async def WatchPlan(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.WatchPlanRequest, _context: Context
    ) -> AsyncIterator[operation_pb2.Operation]:
        """Stream an operation to its end."""
        plan = resource_id(request.name, "operations", "name")
        async for record, progress in watch_plan(self._ports, self._runs, plan):
            yield operation_to_wire(record, progress)

    async def CancelPlan(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.CancelPlanRequest, _context: Context
    ) -> operation_pb2.Operation:
        """Stop a plan soon."""
        plan = resource_id(request.name, "operations", "name")
        return operation_to_wire(await cancel_plan(self._ports, self._runs, plan), None)

    async def GetPlan(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.GetPlanRequest, _context: Context
    ) -> plan_pb2.Plan:
        """Return a plan as it stands."""
        record, progress = await get_plan(self._ports, self._runs, resource_id(request.name, "plans", "name"))
        return partner_plan_to_wire(partner_plan(record)) if calling_partner() else plan_to_wire(record, progress)

    async def AcceptPlan(  # noqa: N802 - named by the contract
        self, request: acceptance_pb2.AcceptPlanRequest, _context: Context
    ) -> plan_pb2.Plan:
        """Take a plan, or the best plan so far, as the one to be executed."""
        wanted = AcceptRequest(
            plan=resource_id(request.name, "plans", "name"),
            etag=request.etag,
            accepted_by=accepting(request.accepted_by),
            comment=request.comment,
        )
        record = await accept_plan(self._ports, self._runs, wanted)
        live = self._runs.live(record.plan)
        return plan_to_wire(record, live.progress if live is not None else None)

    async def ListPlans(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.ListPlansRequest, _context: Context
    ) -> planning_service_pb2.ListPlansResponse:
        """Return a page of plans, newest first."""
        if partner := calling_partner():
            seen = await list_partner_plans(
                self._ports, self._views, partner, page_size=request.page_size, page_token=request.page_token
            )
            return planning_service_pb2.ListPlansResponse(
                plans=[partner_plan_to_wire(plan) for plan in seen.plans], next_page_token=seen.next_page_token
            )
        page = await list_plans(self._ports, request.page_size, request.page_token)
        return planning_service_pb2.ListPlansResponse(
            plans=[plan_to_wire(record) for record in page.plans], next_page_token=page.next_page_token
        )

    async def QuoteOrder(  # noqa: N802 - named by the contract
        self, request: quote_pb2.QuoteOrderRequest, _context: Context
    ) -> quote_pb2.Quote:
        """Say what one more order would make of an accepted plan."""
        plan, order = resource_id(request.plan, "plans", "plan"), order_from_wire(request)
        return quote_to_wire(plan, await quote_order(self._ports, self._quoting, plan, order))

    async def ExplainPlan(  # noqa: N802 - named by the contract
        self, request: explanation_pb2.ExplainPlanRequest, _context: Context
    ) -> explanation_pb2.Explanation:
        """Say what binds a plan, and what loosening clauses would change."""
        asked = explain_request(request)
        document = await explain_plan(self._ports, self._runs, self._checks, asked)
        if partner := calling_partner():
            document = await self._views.explanation(asked.plan, partner, document)
        return explanation_to_wire(document)

    async def DownloadPlan(  # noqa: N802 - named by the contract
        self, request: planning_service_pb2.DownloadPlanRequest, _context: Context
    ) -> AsyncIterator[planning_service_pb2.DownloadPlanResponse]:
        """Stream the files of a finished plan, or what solvers told."""
        plan = resource_id(request.name, "plans", "name")
        if request.solver_logs:
            if calling_partner():
                raise PermissionDenied("solver logs tell of all partners: a partner does not get them")
            async for file, data in download_solver_logs(self._ports, plan):
                yield planning_service_pb2.DownloadPlanResponse(file=file, data=data)
            return
        if partner := calling_partner():
            for file, data in await self._views.files(plan, partner):
                yield planning_service_pb2.DownloadPlanResponse(file=file, data=data)
            return
        async for file, data in download_plan(self._ports, plan):
            yield planning_service_pb2.DownloadPlanResponse(file=file, data=data)
