"""The port to the processes in which agents live, for those who watch the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HostState:
    """A process that holds agents or a run, and whether it answers."""

    name: str
    answers: bool


class AgentHosts(Protocol):
    """Whoever starts these processes."""

    async def hosts(self) -> tuple[HostState, ...]:
        """Ask every process whether it answers, and wait a few seconds for each at most; none before the first run."""
        ...
