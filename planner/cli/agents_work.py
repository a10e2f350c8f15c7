"""What the commands of `agents` do; apart from them, since it loads gRPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from rich.console import Console

from planner.application.agents import KindStanding
from planner.cli.server_address import server_address
from planner.cli.server_options import Access
from planner.client import agents
from planner.events.agent_record import AgentRecord

SHOWN = ("name", "state", "version", "epoch", "host", "scenario", "run", "plan", "accepted", "runs", "reason")
"""What is told of an agent; the rest of its record stays on the server."""


def print_agents(server: str, access: Access, kind: str, *, as_json: bool) -> None:
    """Print all agents of a kind, or of all kinds, and of which version each kind is to be."""
    found, kinds = asyncio.run(agents.ask_agents(server_address(server, access), kind))
    if as_json:
        document = {"agents": [_document(agent) for agent in found], "kinds": [asdict(kind) for kind in kinds]}
        _print([json.dumps(document)])
        return
    _print(_lines(found, kinds))


def print_agent(server: str, access: Access, name: str, *, as_json: bool) -> None:
    """Print one agent."""
    document = _document(asyncio.run(agents.ask_agent(server_address(server, access), name)))
    if as_json:
        _print([json.dumps(document)])
        return
    _print(f"{field + ':':<10} {value if value != '' else '–'}" for field, value in document.items())


def upgrade(server: str, access: Access, kind: str, version: int) -> None:
    """Choose a version and say what it means."""
    _print([_kind_line(asyncio.run(agents.upgrade_agents(server_address(server, access), kind, version)))])


def rollback(server: str, access: Access, kind: str) -> None:
    """Go back by one choice and say what it means."""
    _print([_kind_line(asyncio.run(agents.rollback_agents(server_address(server, access), kind)))])


def retire(server: str, access: Access, name: str, reason: str) -> None:
    """Decommission an agent and say so."""
    agent = asyncio.run(agents.retire_agent(server_address(server, access), name, reason))
    _print([f"{agent.name} is {agent.state.value}: no run takes it any more"])


def _document(agent: AgentRecord) -> dict[str, object]:
    return {field: getattr(agent, field) for field in SHOWN}


def _lines(found: Iterable[AgentRecord], kinds: Iterable[KindStanding]) -> Iterator[str]:
    yield f"{'agent':<28}  {'state':<14}  {'version':>7}  {'epoch':>5}  {'runs':>5}  {'host':<20}  last plan"
    for agent in found:
        yield (
            f"{agent.name:<28}  {agent.state.value:<14}  {agent.version:>7}  {agent.epoch:>5}  {agent.runs:>5}  "
            f"{agent.host:<20}  {agent.plan or '–'}"
        )
    yield from (_kind_line(kind) for kind in kinds)


def _kind_line(kind: KindStanding) -> str:
    how = "chosen" if kind.chosen else "the newest"
    there = ", ".join(map(str, kind.versions))
    return f"{kind.kind} agents are of version {kind.version} from their next run on ({how}; there are {there})"


def _print(lines: Iterable[str]) -> None:
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
