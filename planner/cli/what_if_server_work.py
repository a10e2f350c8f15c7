"""What the commands of `whatif` that speak to a server do; apart from them, since it loads gRPC."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from planner.cli.server_address import server_address
from planner.cli.server_options import Access
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.client.what_if_client import ExecutionSeen, ResultSeen, WhatIfClient
from planner.domain.errors import InvalidRequest, NotFound
from planner.ports.what_if_jobs import ExecutionState

_EXECUTIONS = "/executions/"


def submit(server: str, access: Access, base_and_grid: tuple[Path, Path], *, gap: float, seconds: float) -> None:
    """Upload the base of a grid, have the grid kept and its questions asked, and tell under which name."""
    base, grid = base_and_grid
    asyncio.run(_submit(server_address(server, access), base, grid, gap=gap, seconds=seconds))


def watch(server: str, access: Access, name: str, after: int) -> bool:
    """Tell the results behind the first ``after`` as they end; return whether the execution succeeded."""
    return asyncio.run(_watch(server_address(server, access), name, after))


def results(server: str, access: Access, name: str, out: Path) -> None:
    """Write the results there are into an Arrow IPC stream file."""
    asyncio.run(_save(server_address(server, access), name, out))


def cancel(server: str, access: Access, name: str) -> None:
    """Stop an execution and tell how it stands."""
    asyncio.run(_cancel(server_address(server, access), name))


async def _submit(server: ServerAddress, base: Path, grid: Path, *, gap: float, seconds: float) -> None:
    text = _text(grid)
    async with PlanningClient(server) as planning:
        scenario = await planning.upload(base)
    client = WhatIfClient(server)
    job = await client.submit(scenario, text, gap=gap, seconds=seconds)
    execution = await client.run(job.name)
    _print(f"{job.cases} cases are asked by {execution.name}")
    _print(f"tell them as they end: concordat whatif watch {execution.name} --server {server.address}")


async def _watch(server: ServerAddress, name: str, after: int) -> bool:
    client = WhatIfClient(server)
    seen = await _execution(client, name)
    async for now, result in client.watch(seen.name, after=after):
        seen = now
        if result is not None:
            _print(_result_line(result, now.total))
    _print(_standing(seen))
    return seen.state is ExecutionState.SUCCEEDED


async def _save(server: ServerAddress, name: str, out: Path) -> None:
    client = WhatIfClient(server)
    execution = await _execution(client, name)
    await client.save(execution.name, out)
    _print(f"{_standing(execution)}; results are in {out}")


async def _cancel(server: ServerAddress, name: str) -> None:
    client = WhatIfClient(server)
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
