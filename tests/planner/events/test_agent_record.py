"""What is known of an agent follows from its journal, whole or from a snapshot on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.agent_lifecycle import AgentState, IllegalTransition
from planner.events.agent_record import (
    ACCEPTED,
    AGENT_PROJECTION,
    ENDED,
    HELD,
    RETIRED,
    WITHDRAWN,
    AgentRecord,
    after_note,
)
from planner.ports.agent_journal import JournalEntry, agent_aggregate

AGENT = "plant:1901"


def held(run: str, state: str = "planning", version: int = 2) -> tuple[str, dict[str, object]]:
    """Return the note that a run holds the agent."""
    return HELD, {"state": state, "version": version, "host": "agents-0", "scenario": "hash", "run": run}


def ended(*, planned: bool = True) -> tuple[str, dict[str, object]]:
    """Return the note that the run ended."""
    return ENDED, {"planned": planned, "kept": {"block": "b1"}}


def journal(*notes: tuple[str, dict[str, object]]) -> list[JournalEntry]:
    """Return notes as a journal has them, with an epoch taken before each that holds."""
    epoch, entries = 0, []
    for number, (kind, content) in enumerate(notes):
        epoch += kind == HELD
        entries.append(JournalEntry(agent=AGENT, epoch=epoch, sequence=number * 2, kind=kind, content=content))
    return entries


NOTES = st.lists(
    st.sampled_from(
        [
            held("r1"),
            held("r2", "adapting", 1),
            ended(),
            ended(planned=False),
            (ACCEPTED, {"plan": "r1"}),
            (WITHDRAWN, {}),
            (RETIRED, {"reason": "closed"}),
            ("dreamt", {"of": "a later release"}),
        ]
    ),
    max_size=14,
)


def test_a_life_is_told_by_its_notes() -> None:
    """Two runs, the first of which made the plan that is executed, and a retirement: the record says all of it."""
    entries = journal(held("r1"), ended(), (ACCEPTED, {"plan": "r1"}), held("r2", "adapting"), ended(planned=False))
    states = [AGENT_PROJECTION.fold(entries[: count + 1]).state.value for count in range(len(entries))]
    assert states == ["planning", "monitoring", "executing", "adapting", "monitoring"]
    record = AGENT_PROJECTION.fold(entries)
    assert (record.name, record.kind, record.epoch, record.runs) == (AGENT, "plant", 2, 2)
    assert (record.run, record.plan, record.accepted, record.kept) == ("r2", "r1", "r1", {"block": "b1"})
    last = replace(journal((RETIRED, {"reason": "closed"}))[0], sequence=99)
    assert AGENT_PROJECTION.fold([*entries, last]).reason == "closed"


def test_a_run_without_a_plan_leaves_a_new_agent_new() -> None:
    """An agent that never took part in a plan is initialising again once its run ended without one."""
    assert AGENT_PROJECTION.fold(journal(held("r1"), ended(planned=False))).state is AgentState.INITIALISING


def test_an_acceptance_in_the_middle_of_a_later_run_does_not_end_it() -> None:
    """The agent goes on planning, and which plan is executed is known all the same."""
    record = AGENT_PROJECTION.fold(journal(held("r1"), ended(), held("r2"), (ACCEPTED, {"plan": "r1"})))
    assert (record.state, record.accepted) == (AgentState.PLANNING, "r1")


def test_a_note_that_cannot_follow_is_refused_before_it_is_written_and_changes_nothing_after() -> None:
    """Whoever looks first is told; a note that got in all the same, behind a retirement, moves nobody."""
    entries = journal(held("r1"), ended(), (RETIRED, {"reason": "closed"}), held("r2"))
    with pytest.raises(IllegalTransition, match="decommissioned"):
        after_note(AGENT_PROJECTION.fold(entries[:3]), entries[3])
    record = AGENT_PROJECTION.fold(entries)
    assert (record.state, record.run, record.epoch) == (AgentState.DECOMMISSIONED, "r1", 2)


@given(NOTES, st.data())
def test_an_agent_goes_on_from_any_snapshot_as_from_its_beginning(
    notes: list[tuple[str, dict[str, object]]], data: st.DataObject
) -> None:
    """Wherever its state is written down, through JSON, the rest of the journal leads to the same record."""
    entries = journal(*notes)
    place = data.draw(st.integers(0, len(entries)))
    before = AGENT_PROJECTION.fold(entries[:place])
    whole = AGENT_PROJECTION.fold(entries)
    if place:
        snapshot = AGENT_PROJECTION.snapshot(agent_aggregate(AGENT), before, entries[place - 1].sequence)
        kept = replace(snapshot, data=json.loads(json.dumps(snapshot.data)))
        assert AGENT_PROJECTION.fold(entries, kept) == whole
    assert isinstance(whole, AgentRecord)
