"""What the commands of `whatif` that speak to a server do; apart from them, since it loads gRPC."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from planner.cli.server_address import server_address
from planner.cli.server_options import Access
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.client.what_if_client import ConnectionLost, WhatIfClient
from planner.client.what_if_conversions import ExecutionSeen, ResultSeen
from planner.domain.errors import InvalidRequest, NotFound
from planner.ports.what_if_jobs import ExecutionState

_EXECUTIONS = "/executions/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A grid file, the folder of its base, and how its cases are planned.

    An empty ``request_id`` becomes a new one; under the same one the same grid is asked once, however often it is sent.
    """

    base: Path
    grid: Path
    gap: float
    seconds: float
    seed: int = 0
    request_id: str = ""


def submit(server: str, access: Access, asked: Submission) -> None:
    """Upload the base of a grid, have the grid kept and its questions asked, and tell under which name."""
    asyncio.run(_submit(server_address(server, access), asked))


def jobs(server: str, access: Access) -> None:
    """Tell the jobs that a server keeps, the oldest first."""
    asyncio.run(_jobs(server_address(server, access)))


def delete(server: str, access: Access, name: str) -> None:
    """Remove a job with everything of it."""
    asyncio.run(_delete(server_address(server, access), name))


def watch(server: str, access: Access, name: str, after: int) -> bool:
    """Tell the results behind the first ``after`` as they end; return whether the execution succeeded."""
    return asyncio.run(_watch(server_address(server, access), name, after))


def results(server: str, access: Access, name: str, out: Path) -> None:
    """Write the results there are into an Arrow IPC stream file."""
    asyncio.run(_save(server_address(server, access), name, out))


def cancel(server: str, access: Access, name: str) -> None:
    """Stop an execution and tell how it stands."""
    asyncio.run(_cancel(server_address(server, access), name))


async def _submit(server: ServerAddress, asked: Submission) -> None:
    text, request_id = _text(asked.grid), asked.request_id or f"cli-{uuid.uuid4()}"
    async with PlanningClient(server) as planning:
        scenario = await planning.upload(asked.base)
    async with WhatIfClient(server) as client:
        job = await client.submit(
            scenario, text, gap=asked.gap, seconds=asked.seconds, seed=asked.seed, request_id=request_id
        )
        execution = await client.run(job.name, request_id=request_id)
    _print(f"{job.cases} cases are asked by {execution.name}")
    _print(f"tell them as they end: concordat whatif watch {execution.name} --server {server.address}")


async def _jobs(server: ServerAddress) -> None:
    async with WhatIfClient(server) as client:
        kept = await client.jobs()
    for job in kept:
        _print(f"{job.name}  {job.created_at:%Y-%m-%d %H:%M:%S} UTC  {job.cases} cases about scenarios/{job.scenario}")
    if not kept:
        _print(f"no what-if jobs are kept at {server.address}")


async def _delete(server: ServerAddress, name: str) -> None:
    async with WhatIfClient(server) as client:
        await client.delete(name)
    _print(f"{name} is deleted with its results")


async def _watch(server: ServerAddress, name: str, after: int) -> bool:
    async with WhatIfClient(server) as client:
        seen = await _execution(client, name)
        async for step in client.watch(seen.name, after=after):
            if isinstance(step, ConnectionLost):
                Console(stderr=True).print(_lost_text(step), markup=False, highlight=False, soft_wrap=True)
                continue
            seen = step.execution
            if step.result is not None:
                _print(_result_line(step.result, seen.total))
    _print(_standing(seen))
    return seen.state is ExecutionState.SUCCEEDED


async def _save(server: ServerAddress, name: str, out: Path) -> None:
    async with WhatIfClient(server) as client:
        execution = await _execution(client, name)
        await client.save(execution.name, out)
    _print(f"{_standing(execution)}; results are in {out}")


async def _cancel(server: ServerAddress, name: str) -> None:
    async with WhatIfClient(server) as client:
        _print(_standing(await client.cancel((await _execution(client, name)).name)))


async def _execution(client: WhatIfClient, name: str) -> ExecutionSeen:
    """Return the execution of a name, or the latest one of a job."""
    if _EXECUTIONS in name:
        return await client.execution(name)
    executions = await client.executions(name)
    if not executions:
        raise NotFound(f"{name} was never run: submit its grid again")
    return executions[-1]


def _text(grid: Path) -> str:
    try:
        return grid.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{grid} cannot be read: {error}") from error


def _lost_text(lost: ConnectionLost) -> str:
    if lost.attempt == 1:
        return f"{lost.error}; the execution is kept there, trying to reach it again"
    return f"no answer yet, trying again ({lost.attempt})"


def _result_line(result: ResultSeen, total: int) -> str:
    levels = ", ".join(f"{factor} {level}" for factor, level in result.levels.items()) or "base"
    value = "" if result.value is None else f", value {result.value:,.2f}"
    bound = "" if result.bound is None else f", at most {result.bound:,.2f}"
    detail = f": {result.detail}" if result.detail else ""
    return f"{result.sequence}/{total} {levels}: {result.outcome}{value}{bound}, {result.seconds:.1f} s{detail}"


def _standing(execution: ExecutionSeen) -> str:
    detail = f": {execution.detail}" if execution.detail else ""
    return f"{execution.name} is {execution.state.value}, {execution.done} of {execution.total} results{detail}"


def _print(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
