"""Where quoting agents live: one per plan, built from the two folders when it is first asked, kept while it is asked.

A desk is a plain object; whoever holds it (a worker process, an actor on Ray) asks it one question at a time, and may
withdraw a question from another thread. After a restart its agents are built again from the same folders and give the
same answers.
"""

from __future__ import annotations

from collections import OrderedDict

from actors.quoting import QuotingAgent
from actors.refusal import Refusal
from actors.settings import AgentSettings, open_folders
from actors.withdrawn import Withdrawals
from planner.domain.errors import ConcordatError, InvalidRequest
from planner.ports.quoting import NewOrder, Quote
from solvers.backends.registry import backend
from solvers.core.errors import SolverError

KEPT = 4
"""Plans kept ready; the one that was not asked about for longest makes room."""


class QuotingDesk:
    """The quoting agents of one process."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._agents: OrderedDict[tuple[str, str], QuotingAgent] = OrderedDict()
        self._withdrawals = Withdrawals()

    def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder, *, question: str) -> Quote | Refusal:
        """Answer for one order on one plan; ``question`` is a name that no other question has."""
        try:
            # A plan is made ready even for one who is gone: the next to ask, maybe the same again, needs it too.
            agent = self._agent(scenario_folder, plan_folder)
            with self._withdrawals.answering(question, agent.interrupt):
                return agent.quote(order)
        except InvalidRequest as error:
            return Refusal(error.code, str(error), error.field)
        except (ConcordatError, SolverError) as error:
            return Refusal(error.code, str(error))

    def withdraw(self, question: str) -> None:
        """Have a question end soon with a refusal, asked or still to come; its plan stays ready for others."""
        self._withdrawals.withdraw(question)

    def _agent(self, scenario_folder: str, plan_folder: str) -> QuotingAgent:
        place = (scenario_folder, plan_folder)
        if place not in self._agents:
            folders = open_folders(self._settings)
            scenario, plan = folders.read_scenario(scenario_folder), folders.read_plan(plan_folder)
            self._agents[place] = QuotingAgent(scenario, plan, backend(self._settings.coordinator_backend))
            if len(self._agents) > KEPT:
                self._agents.popitem(last=False)
        self._agents.move_to_end(place)
        return self._agents[place]
