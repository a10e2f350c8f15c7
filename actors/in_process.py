"""All agents in this process: the deterministic runtime of tests and simulation, and of small problems."""

from __future__ import annotations

from collections.abc import Mapping

from actors.host import Host
from actors.protocol import Message, Reply


class InProcessNetwork:
    """A network of one host in this process."""

    def __init__(self, host: Host, names: tuple[str, ...]) -> None:
        self._host, self._names = host, names

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver one message per named agent."""
        return self._host.handle(messages)
