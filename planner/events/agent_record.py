"""What is known of a long-lived agent: the fold of its journal.

The journal holds notes of five kinds. ``held``: a host holds the agent for a run. ``ended``: that run ended.
``withdrawn``: the plan it ended with was not written after all. ``accepted``: a plan of it is executed. ``retired``: it
is decommissioned. Notes of other kinds, of later releases, change nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

from planner.domain.agent_lifecycle import RUNNING, AgentState, IllegalTransition, moved
from planner.events.snapshot import Projection

HELD, ENDED, WITHDRAWN, ACCEPTED, RETIRED = "held", "ended", "withdrawn", "accepted", "retired"


class Note(Protocol):
    """A note of a journal, with its place and the epoch it was written in."""

    @property
    def sequence(self) -> int:
        """Its place in the journal."""
        ...

    @property
    def agent(self) -> str:
        """Whose journal it is in."""
        ...

    @property
    def epoch(self) -> int:
        """The epoch it was written in."""
        ...

    @property
    def kind(self) -> str:
        """What sort of note it is."""
        ...

    @property
    def content(self) -> Mapping[str, object]:
        """What it says, JSON-ready."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """An agent as its journal tells it; ``name`` is ``kind:identity`` and empty before the first note.

    ``version`` is that of the agent's own code, ``host`` who holds it or held it last, ``scenario`` and ``run`` what it
    plans or planned last. ``plan`` is the last run that ended with a plan, ``before`` the one that did so before it,
    ``accepted`` the last plan that was
    taken to be executed, ``runs`` how many runs it took part in. ``kept`` is what the agent itself keeps between runs,
    in the form of its ``kept_version``. ``reason`` says why it was retired.
    """

    name: str = ""
    state: AgentState = AgentState.INITIALISING
    epoch: int = 0
    sequence: int = -1
    version: int = 0
    host: str = ""
    scenario: str = ""
    run: str = ""
    plan: str = ""
    before: str = ""
    accepted: str = ""
    runs: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)
    kept_version: int = 0
    reason: str = ""

    @property
    def kind(self) -> str:
        """``plant``, ``partner`` or ``segment``."""
        return self.name.partition(":")[0]


def after_note(record: AgentRecord, note: Note) -> AgentRecord:
    """Return what is known after one more note.

    Raises
    ------
    IllegalTransition
        If the note moves the agent to a state that cannot follow its present one.
    """
    known = replace(record, name=note.agent, epoch=note.epoch, sequence=note.sequence)
    step = _STEPS.get(note.kind)
    return known if step is None else step(known, note.content)


def _folded(record: AgentRecord, note: Note) -> AgentRecord:
    try:
        return after_note(record, note)
    except IllegalTransition:
        # Whoever writes looks first, but another may come in between: what came too late changes nothing.
        return replace(record, epoch=note.epoch, sequence=note.sequence)


def _held(record: AgentRecord, told: Mapping[str, object]) -> AgentRecord:
    return replace(
        record,
        state=moved(record.name, record.state, AgentState(str(told["state"]))),
        version=int(str(told["version"])),
        host=str(told["host"]),
        scenario=str(told["scenario"]),
        run=str(told["run"]),
        runs=record.runs + (told["run"] != record.run),
    )


def _ended(record: AgentRecord, told: Mapping[str, object]) -> AgentRecord:
    kept = told.get("kept")
    if not told["planned"]:
        to = AgentState.MONITORING if record.plan else AgentState.INITIALISING
        return replace(record, state=moved(record.name, record.state, to))
    return replace(
        record,
        state=moved(record.name, record.state, AgentState.MONITORING),
        plan=record.run,
        before=record.plan,
        kept={str(key): str(value) for key, value in kept.items()} if isinstance(kept, Mapping) else {},
        kept_version=record.version,
    )


def _withdrawn(record: AgentRecord, _: Mapping[str, object]) -> AgentRecord:
    """Leave the agent as a run without a plan does; what it solved was solved all the same."""
    to = AgentState.MONITORING if record.before else AgentState.INITIALISING
    state = record.state if to is record.state else moved(record.name, record.state, to)
    return replace(record, state=state, plan=record.before, before="")


def _accepted(record: AgentRecord, told: Mapping[str, object]) -> AgentRecord:
    record = replace(record, accepted=str(told["plan"]))
    # An agent in the middle of a later run goes on with it; which plan is executed is known all the same.
    if record.state in RUNNING:
        return record
    return replace(record, state=moved(record.name, record.state, AgentState.EXECUTING))


def _retired(record: AgentRecord, told: Mapping[str, object]) -> AgentRecord:
    return replace(
        record, state=moved(record.name, record.state, AgentState.DECOMMISSIONED), reason=str(told["reason"])
    )


_STEPS = {HELD: _held, ENDED: _ended, WITHDRAWN: _withdrawn, ACCEPTED: _accepted, RETIRED: _retired}


def _to_data(record: AgentRecord) -> Mapping[str, object]:
    return asdict(record)


def _from_data(data: Mapping[str, object]) -> AgentRecord:
    known = {name: value for name, value in data.items() if name in AgentRecord.__slots__}
    return replace(AgentRecord(**known), state=AgentState(str(data["state"])))  # type: ignore[arg-type]  # as written


AGENT_PROJECTION: Projection[AgentRecord, Note] = Projection(
    version=2, start=AgentRecord(), step=_folded, to_data=_to_data, from_data=_from_data
)
