"""What the commands that speak to a planning server do; apart from them, since it loads gRPC and polars."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from planner.cli.exit_codes import DONE
from planner.cli.launchers import Launchers
from planner.cli.order import Order, Target
from planner.cli.plan_list import print_plans
from planner.cli.planning_session import PlanningSession
from planner.client.connection import ServerAddress
from planner.client.plan_download import check_target, receive_plan
from planner.client.planning_client import PlanningClient
from planner.client.scenario_upload import check_scenario_folder
from planner.console.terminal import print_plan
from planner.domain.errors import InvalidRequest, ScenarioInvalid
from planner.events.plan_record import PlanRecord


def plan_on_server(order: Order, target: Target, server: ServerAddress, launchers: Launchers) -> int:
    """Have a running server plan; return the exit code."""
    _check(order, target)
    return _planned(PlanningSession(server, _progress_console()), order, target, launchers)


def plan_on_child(order: Order, target: Target, runtime: str, launchers: Launchers) -> int:
    """Have a server of one's own plan, which lives as long as the plan takes; return the exit code."""
    _check(order, target)
    with launchers.child_server(runtime) as child:
        session = PlanningSession(ServerAddress(child.address), _progress_console(), child.last_words)
        return _planned(session, order, target, launchers)


def watch(operation: str, target: Target, server: ServerAddress, launchers: Launchers) -> int:
    """Follow a plan to its end; return the exit code."""
    if target.out is not None:
        check_target(target.out, overwrite=target.overwrite)
    code = PlanningSession(server, _progress_console()).follow(_plan_id(operation), target)
    _print_facts(code, target, launchers)
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who accepts what, and why."""

    etag: str
    accepted_by: str
    comment: str


def accept(plan: str, decision: Decision, server: ServerAddress) -> None:
    """Take a plan as the one to be executed."""

    async def accepted() -> PlanRecord:
        async with PlanningClient(server) as client:
            return await client.accept(
                _plan_id(plan), decision.etag, accepted_by=decision.accepted_by, comment=decision.comment
            )

    record = asyncio.run(accepted())
    by = record.acceptance.accepted_by if record.acceptance is not None else decision.accepted_by
    told = f"plans/{record.plan} is accepted by {by} as {decision.etag}"
    if not record.done:
        told += f"; its run ends with that plan: follow it by `concordat watch operations/{record.plan}`"
    Console().print(told, markup=False, highlight=False, soft_wrap=True)


def cancel(operation: str, server: ServerAddress) -> None:
    """Stop a plan soon."""

    async def cancelled() -> PlanRecord:
        async with PlanningClient(server) as client:
            return await client.cancel(_plan_id(operation))

    record = asyncio.run(cancelled())
    told = f"was over: {record.state.value}" if record.done else "is being cancelled; its best plan so far is kept"
    Console().print(f"operations/{record.plan} {told}", markup=False, highlight=False, soft_wrap=True)


def download(plan: str, target: Target, server: ServerAddress) -> None:
    """Put a finished plan, or what the caller gets to see of it, into a folder."""
    if target.out is None:
        raise InvalidRequest("name a folder for the plan by --out", "out")
    folder = target.out
    check_target(folder, overwrite=target.overwrite)

    async def received() -> None:
        async with PlanningClient(server) as client:
            await receive_plan(client.download(_plan_id(plan)), folder, overwrite=target.overwrite)

    asyncio.run(received())
    Console().print(f"plans/{_plan_id(plan)} is in {folder}", markup=False, highlight=False, soft_wrap=True)


def download_solver_logs(plan: str, out: Path, server: ServerAddress) -> None:
    """Put what solvers told while a plan was made into a folder of this one."""

    async def saved() -> Path:
        async with PlanningClient(server) as client:
            return await client.save_solver_logs(_plan_id(plan), out)

    told = f"what solvers told of plans/{_plan_id(plan)} is in {asyncio.run(saved())}"
    Console().print(told, markup=False, highlight=False, soft_wrap=True)


def print_latest(limit: int, server: ServerAddress) -> None:
    """Print the latest plans of a server."""

    async def listed() -> tuple[PlanRecord, ...]:
        async with PlanningClient(server) as client:
            return await client.plans(limit)

    print_plans(asyncio.run(listed()), Console())


def _check(order: Order, target: Target) -> None:
    check_scenario_folder(order.scenario)
    if target.out is not None:
        check_target(target.out, overwrite=target.overwrite)


def _planned(session: PlanningSession, order: Order, target: Target, launchers: Launchers) -> int:
    try:
        code = session.request(order, target)
    except ScenarioInvalid as error:
        # A server tells as many findings as fit into its answer; the folder is here, so all are found here.
        raise ScenarioInvalid(str(order.scenario), launchers.findings(order.scenario) or error.findings) from error
    _print_facts(code, target, launchers)
    return code


def _print_facts(code: int, target: Target, launchers: Launchers) -> None:
    if code == DONE and target.out is not None:
        console = Console()
        print_plan(launchers.read_plan(target.out), console)
        console.print(f"The plan is in {target.out}", markup=False, highlight=False, soft_wrap=True)


def _plan_id(operation: str) -> str:
    return operation.removeprefix("operations/").removeprefix("plans/")


def _progress_console() -> Console:
    return Console(stderr=True)
