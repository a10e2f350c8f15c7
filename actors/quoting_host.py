"""What the quoting actor holds: plans kept ready, as a desk that is asked one question at a time."""

from __future__ import annotations

from typing import Any

from actors.refusal import Refusal
from actors.settings import AgentSettings
from planner.ports.quoting import NewOrder, Quote


class QuotingHost:
    """What the quoting actor holds: plans kept ready, as a :class:`actors.quoting_desk.QuotingDesk`."""

    def __init__(self, settings: AgentSettings) -> None:
        from actors.quoting_desk import QuotingDesk  # noqa: PLC0415 - the gateway loads this module, but no agent

        self._desk: Any = QuotingDesk(settings)

    def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder, *, question: str) -> Quote | Refusal:
        """Answer for one order on one plan."""
        answer: Quote | Refusal = self._desk.quote(scenario_folder, plan_folder, order, question=question)
        return answer

    def withdraw(self, question: str) -> None:
        """End a question soon, in the middle of its solve if it is in one."""
        self._desk.withdraw(question)
