"""What agents must not forget, written where their host's end does not reach: the journals of long-lived agents.

A host takes every agent it is told to hold into a new epoch and notes what for; at the end of the run it notes what
became of it, and how the agent's part looked. Both are one write for all agents of a host, so that a run costs two. A
host that was cut off while another one took its agents is fenced: its notes are refused, and its answers with them.

What an agent *answers* depends on its inputs alone, so a restart needs none of this to go on; that agents are who they
were (state, version, what they plan and planned) does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

import structlog

from actors.settings import AgentSettings
from actors.versions import PROTOCOL, check_compatible, kind_of, newest
from planner.domain.agent_lifecycle import NEXT, AgentState, moved
from planner.domain.errors import ConcordatError
from planner.events.agent_record import ENDED, HELD, WITHDRAWN
from planner.ports.agent_journal import AgentJournal, AgentNote
from planner.ports.agent_records import chosen_versions, read_record, shorten

_log = structlog.get_logger("concordat.agents")


class AgentDecommissioned(ConcordatError):
    """A scenario names an agent that was retired."""

    code = "AGENT_DECOMMISSIONED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One run, or one further try at it, as hosts are told of it.

    ``id`` differs from try to try, ``run`` is the plan's. ``adapting``: the run goes on from an earlier plan.
    ``protocol`` is what its coordinator speaks.
    """

    id: str
    run: str = ""
    adapting: bool = False
    protocol: int = PROTOCOL


@dataclass(slots=True)
class AgentRecovery:
    """The journals of the agents of one host, called ``host``; without a journal nothing is written down."""

    journal: AgentJournal | None
    host: str
    _epochs: dict[str, int] = field(default_factory=dict)
    _planned: bool = False

    def versions(self, names: Sequence[str], turn: Turn) -> dict[str, int]:
        """Return the version that each agent is to be of: what an operator chose, or else the newest.

        Raises
        ------
        IncompatibleVersions
            If one of them would not understand the coordinator.
        """
        pins = {} if self.journal is None else chosen_versions(self.journal)
        chosen = {name: pins.get(kind_of(name), (0,))[-1] or newest(kind_of(name)) for name in names}
        for name, version in chosen.items():
            check_compatible(name, version=version, protocol=turn.protocol)
        return chosen

    def take_up(self, versions: Mapping[str, int], turn: Turn, scenario: str) -> None:
        """Hold these agents, of these versions, for a turn.

        Raises
        ------
        AgentDecommissioned
            If one of them was retired.
        StorageFailure
            If the journal cannot be written.
        """
        if self.journal is None:
            return
        state = AgentState.ADAPTING if turn.adapting else AgentState.PLANNING
        for name in versions:
            record = read_record(self.journal, name)
            if state not in NEXT[record.state]:
                _log.warning("an agent's move is refused", agent=name, state=record.state.value, to=state.value)
            if record.state is AgentState.DECOMMISSIONED:
                raise AgentDecommissioned(
                    f"agent {name} was retired ({record.reason or 'no reason was given'}): take it out of scenario "
                    f"{scenario}, or give its successor another name"
                )
            moved(name, record.state, state)
        told = {"state": state.value, "host": self.host, "scenario": scenario, "run": turn.run}
        notes = {name: [AgentNote(kind=HELD, content={**told, "version": v})] for name, v in versions.items()}
        self._epochs, self._planned = self.journal.begin(notes, holder=self.host), False

    def end(self, blocks: Mapping[str, str], *, planned: bool) -> None:
        """Note that the run of the agents held ended; ``blocks`` are hashes of what each of them solved, by name.

        A plan is noted before it is written. Where that fails, a further end without a plan takes the note back.

        Raises
        ------
        EpochFenced
            If another host took one of them over: what this one answered must not count.
        StorageFailure
            If the journal cannot be written.
        """
        if self.journal is None or not self._epochs or (planned and self._planned):
            return
        epochs, self._epochs = self._epochs, {}
        self.journal.append_all(epochs, {name: [self._ending(blocks.get(name, ""), planned)] for name in epochs})
        if planned:
            self._epochs, self._planned = epochs, True
        for name, epoch in epochs.items():
            shorten(self.journal, name, epoch)

    def _ending(self, block: str, planned: bool) -> AgentNote:  # noqa: FBT001 - as it is told
        if self._planned:
            return AgentNote(kind=WITHDRAWN)
        return AgentNote(kind=ENDED, content={"planned": planned, "kept": {"block": block}})


def open_journal(settings: AgentSettings) -> AgentJournal | None:
    """Return the journals named in the settings, None where agents keep none."""
    if not settings.journal_place:
        return None
    module, _, function = settings.journals.partition(":")
    made: AgentJournal = getattr(import_module(module), function)(settings.journal_place)
    return made
