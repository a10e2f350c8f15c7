"""What the quoting actor holds: plans kept ready, as a desk that is asked one question at a time."""

from __future__ import annotations

from typing import Any

from actors.refusal import Refusal
from actors.settings import AgentSettings
from planner.ports.quoting import NewOrder, Quote


class QuotingHost:
    """What the quoting actor holds: plans kept ready, as a :class:`actors.quoting_desk.QuotingDesk`."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._desk: Any = None

    def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote | Refusal:
        """Answer for one order on one plan."""
        from actors.quoting_desk import QuotingDesk  # noqa: PLC0415 - the gateway loads this module, but no agent

        if self._desk is None:
            self._desk = QuotingDesk(self._settings)
        answer: Quote | Refusal = self._desk.quote(scenario_folder, plan_folder, order)
        return answer
