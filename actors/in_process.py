"""All agents in this process: the deterministic runtime of tests and simulation, and of small problems."""

from __future__ import annotations

from collections.abc import Mapping

from actors.host import Host
from actors.protocol import Message, Reply
from actors.run_diary import RunSteps


class InProcessNetwork:
    """A network of one host in this process; ``steps`` are told how long agents took."""

    def __init__(self, host: Host, names: tuple[str, ...], steps: RunSteps | None = None) -> None:
        self._host, self._names, self._steps = host, names, steps

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all agents."""
        return self._names

    def ask(self, messages: Mapping[str, Message]) -> Mapping[str, Reply]:
        """Deliver one message per named agent."""
        if self._steps is None:
            return self._host.handle(messages)
        began = self._steps.now()
        replies, seconds = self._host.handle_timed(messages)
        self._steps.add_answers(began, seconds)
        return replies
