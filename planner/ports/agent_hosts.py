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

    async def hosts(self, only: str = "") -> tuple[HostState, ...]:
        """Ask every process, or ``only`` the one of this name, whether it answers; none before the first run.

        None is waited for longer than some seconds.
        """
        ...
