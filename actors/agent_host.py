"""What an agent host actor holds: the agents of the scenario it was told last, and what they answered so far.

A plain object; `on_ray` wraps it into an actor.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.kept_answers import KeptAnswers
from actors.protocol import Message, Reply
from actors.recovery import AgentRecovery, Turn, open_journal
from actors.settings import AgentSettings, open_folders

if TYPE_CHECKING:  # the gateway loads this module, but no agent
    from actors.solver_logs import RunLogs


class AgentHost:
    """What an agent host actor holds: the agents it was told to, for the scenario it was told last."""

    def __init__(self, settings: AgentSettings, name: str = "agents") -> None:
        from actors.brake import Brake  # noqa: PLC0415 - the gateway loads this module, but no agent

        self._settings = settings
        self._recovery = AgentRecovery(open_journal(settings), name)
        self._installed: tuple[str, Mapping[str, int], RunLogs | None] | None = None
        self._host: Any = None
        self._kept = KeptAnswers()
        self._turn, self._held, self._brake = "", frozenset[str](), Brake()

    def install(self, scenario_folder: str, names: tuple[str, ...], turn: Turn, *, logs: RunLogs | None = None) -> None:
        """Hold these agents of a scenario, for this turn of a run; agents that are here already stay.

        With ``logs`` their solvers tell there. Such agents know no earlier answers, of which no solver would tell.

        Raises
        ------
        IncompatibleVersions
            If one of them would not understand the coordinator.
        AgentDecommissioned
            If one of them was retired.
        StorageFailure
            If what agents must not forget cannot be written.
        """
        from actors.host import Host  # noqa: PLC0415 - the gateway loads this module, but no agent

        if self._turn != turn.id:
            self._turn, self._held = turn.id, frozenset()
            self._brake.release()
        versions = self._recovery.versions(names, turn)
        if not self._held.issuperset(names):
            self._recovery.take_up(versions, turn, Path(scenario_folder).name)
            self._held = frozenset(names)
        if self._installed == (scenario_folder, versions, logs):
            return
        customers = any(name.startswith("segment:") for name in names)
        scenario = open_folders(self._settings).read_scenario(scenario_folder, customers=customers)
        self._host = Host(
            scenario,
            names,
            plant_backend=self._settings.plant_backend,
            partner_backend=self._settings.partner_backend,
            brake=self._brake,
            kept=self._kept if logs is None else None,
            logs=logs,
            versions=versions,
        )
        self._installed = (scenario_folder, versions, logs)

    def handle(self, messages: Mapping[str, Message]) -> tuple[dict[str, Reply], dict[str, float]]:
        """Answer a round of messages; also tells the seconds each agent took."""
        if self._host is None:
            raise LookupError("this host holds no agents; it was restarted and must be told to install them")
        answer: tuple[dict[str, Reply], dict[str, float]] = self._host.handle_timed(messages)
        return answer

    def end(self, turn: str, *, planned: bool) -> None:
        """Note how this turn ended for the agents held here; another turn than the present one is ended already.

        Raises
        ------
        EpochFenced
            If another host took one of them over: what this one answered must not count.
        StorageFailure
            If that cannot be written.
        """
        if turn == self._turn:
            self._recovery.end({} if self._host is None else self._host.blocks, planned=planned)

    def stop(self, turn: str) -> None:
        """End what agents solve in this turn; they answer with what they have. Other turns are not touched."""
        if turn == self._turn:
            self._brake.pull()

    def alive(self) -> bool:
        """Answer, also in the middle of a round."""
        return True
