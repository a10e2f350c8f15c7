"""A state continued from a snapshot is the state of the whole history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.adapters.event_log_journal import EventLogJournal
from planner.adapters.event_log_snapshots import SqlSnapshots
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.random_ids import RandomIds
from planner.adapters.system_clock import SystemClock
from planner.events.catalogue import Event
from planner.events.plan_record import project_plan
from planner.events.plan_snapshot import PLAN_PROJECTION
from planner.events.snapshot import Projection, Snapshot
from planner.ports.agent_journal import AgentNote, JournalEntry, agent_aggregate
from tests.planner.events.test_plan_record import ONE_OF_EACH, REQUESTED, stored

EVENTS = st.lists(st.sampled_from(ONE_OF_EACH), max_size=12).map(lambda events: [REQUESTED, *events])


def through_json(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot as it comes back from a database."""
    return replace(snapshot, data=json.loads(json.dumps(snapshot.data)))


@given(EVENTS, st.data())
def test_a_plan_goes_on_from_any_snapshot_as_from_its_beginning(events: list[Event], data: st.DataObject) -> None:
    """Wherever a plan's state is written down, folding the rest onto it gives the state of all its events."""
    history = stored(*events)
    place = data.draw(st.integers(0, len(history) - 1))
    state = PLAN_PROJECTION.fold(history[: place + 1])
    snapshot = through_json(PLAN_PROJECTION.snapshot("plan/p", state, place))
    whole = project_plan(history)
    assert PLAN_PROJECTION.fold(history, snapshot) == whole
    assert PLAN_PROJECTION.fold(history[place + 1 :], snapshot) == whole
    assert PLAN_PROJECTION.fold(history) == whole


def test_a_snapshot_before_a_plan_was_requested_is_of_nothing() -> None:
    """The state of no plan can be written down, too."""
    snapshot = through_json(PLAN_PROJECTION.snapshot("plan/p", None, 0))
    assert PLAN_PROJECTION.fold([], snapshot) is None


def _step(state: Mapping[str, int], entry: JournalEntry) -> Mapping[str, int]:
    """Count what an agent has of each kind; the order of entries and epochs is part of the state."""
    number = state.get(entry.kind, 0) * 3 + int(str(entry.content["number"])) + entry.epoch
    return {**state, entry.kind: number % 1_000_003}


JOURNAL: Projection[Mapping[str, int], JournalEntry] = Projection(
    version=2,
    start={},
    step=_step,
    to_data=dict,
    from_data=lambda data: {kind: int(str(number)) for kind, number in data.items()},
)
TURNS = st.lists(
    st.one_of(
        st.just("take"),
        st.just("snapshot"),
        st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=4),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> EventLogJournal:
    """Return journals on a disk."""
    file: Path = tmp_path_factory.mktemp("journal") / "events.sqlite"
    database = open_database(file)
    return EventLogJournal(SqlEventLog(database), SqlSnapshots(database), SystemClock(), RandomIds())


AGENTS = count()


@settings(max_examples=40)
@given(turns=TURNS)
def test_an_agent_wakes_up_from_a_snapshot_as_from_its_whole_journal(journal: EventLogJournal, turns: list) -> None:
    """However notes, takeovers and snapshots alternate, snapshot and later notes give what all the notes give."""
    agent = f"plant-{next(AGENTS)}"
    epoch = journal.take(agent, expected=0, holder="h")
    for turn in turns:
        if turn == "take":
            epoch = journal.take(agent, expected=epoch, holder="h")
        elif turn == "snapshot":
            last = journal.append(agent, epoch, [])
            state = JOURNAL.fold(journal.read(agent))
            journal.keep_snapshot(epoch, JOURNAL.snapshot(agent_aggregate(agent), state, last))
        else:
            journal.append(agent, epoch, [AgentNote(kind=kind, content={"number": n}) for kind, n in turn])
    snapshot = journal.snapshot(agent, JOURNAL.version)
    after = -1 if snapshot is None else snapshot.sequence
    assert (snapshot is not None) == ("snapshot" in turns)
    assert JOURNAL.fold(journal.read(agent, after=after), snapshot) == JOURNAL.fold(journal.read(agent))


def test_a_snapshot_of_another_version_is_not_looked_at() -> None:
    """A projection that changed folds the whole history, whatever an earlier one wrote."""
    history = stored(REQUESTED)
    other = Snapshot(aggregate="plan/p", sequence=5, version=PLAN_PROJECTION.version + 1, data={"of": "another"})
    assert PLAN_PROJECTION.fold(history, other) == project_plan(history)


@pytest.mark.parametrize("wrong", [{"version": 0}, {"sequence": -1}, {"aggregate": ""}])
def test_a_snapshot_of_nothing_is_refused(wrong: dict) -> None:
    """A snapshot has an aggregate, a version and a place in its history."""
    with pytest.raises(ValueError, match=r"snapshot|version"):
        Snapshot(**{"aggregate": "plan/p", "sequence": 0, "version": 1, "data": {}, **wrong})


def test_moments_keep_their_zone_in_a_snapshot() -> None:
    """Times come back as the same moments in UTC."""
    record = project_plan(stored(*ONE_OF_EACH))
    assert record is not None
    snapshot = through_json(PLAN_PROJECTION.snapshot("plan/p", record, 0))
    again = PLAN_PROJECTION.from_data(snapshot.data)
    assert again == record
    assert again is not None
    assert again.requested_at == datetime(2026, 1, 5, 0, 0, 2, tzinfo=UTC)
