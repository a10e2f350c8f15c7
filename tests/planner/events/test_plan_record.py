"""Where a plan stands, folded from its events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.errors import StorageFailure
from planner.events.catalogue import (
    CATALOGUE,
    AcceptanceFailed,
    AgentEpochTaken,
    AgentNoted,
    Event,
    IncumbentAccepted,
    NoPlanFound,
    PlanAccepted,
    PlanCancellationRequested,
    PlanCompleted,
    PlanExpired,
    PlanFailed,
    PlanFoundInfeasible,
    PlanRequested,
    PlanStarted,
    RequestReceived,
    ScenarioUploaded,
)
from planner.events.codec import decode, encode
from planner.events.envelope import Envelope
from planner.events.plan_record import PlanState, project_plan

START = datetime(2026, 1, 5, tzinfo=UTC)
REQUESTED = PlanRequested(
    plan="p", scenario="s", request_id="r", gap=0.01, work_limit=3, time_limit=60.0, seed=1, hosts=2
)
COMPLETED = PlanCompleted(stopped_by="gap", value=100.0, bound_proved=101.0, bound_checked=104.0, plan_hash="h")
INFEASIBLE = PlanFoundInfeasible(conflict=("c1", "c2"), relaxation=(("c1", 2.5),), detail="d")
ONE_OF_EACH: tuple[Event, ...] = (
    ScenarioUploaded(scenario="s", id="i", title="t", periods=2, customers=3, size_bytes=4),
    RequestReceived(request_id="r", content="c", plan="p"),
    REQUESTED,
    PlanStarted(attempt=1),
    PlanCancellationRequested(),
    COMPLETED,
    NoPlanFound(stopped_by="time", bound_proved=None, detail="d"),
    INFEASIBLE,
    PlanFailed(stopped_by="error", detail="d"),
    IncumbentAccepted(accepted_by="ana", comment="c", etag="2-ab"),
    AcceptanceFailed(etag="2-ab", detail="d"),
    PlanAccepted(accepted_by="ana", comment="c", etag="plan-h", plan_hash="h"),
    PlanExpired(kept_days=30.0),
    AgentEpochTaken(agent="plant-1", epoch=2, holder="host-a"),
    AgentNoted(agent="plant-1", epoch=2, kind="round", content={"prices": [1.5, None], "nested": {"a": ["b"]}}),
)


def stored(*events: Event) -> list[Envelope]:
    """Put events into envelopes as if they had been to the disk and back."""
    envelopes = []
    for number, event in enumerate(events):
        kind, version, data = encode(event)
        envelopes.append(
            Envelope(
                id=f"e{number}",
                type=kind,
                version=version,
                aggregate="plan/p",
                sequence=number,
                time=START + timedelta(seconds=number),
                cause="",
                correlation="r",
                data=json.loads(json.dumps(data)),
            )
        )
    return envelopes


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_disk(event: Event) -> None:
    """An event that was encoded, stored as JSON and decoded is the same event."""
    assert decode(stored(event)[0]) == event


def test_the_samples_leave_no_event_out() -> None:
    """Every event of the catalogue takes part in these tests."""
    assert {type(event) for event in ONE_OF_EACH} == set(CATALOGUE.values())


@pytest.mark.parametrize(("kind", "version"), [("PlanForgotten", 1), ("PlanStarted", 2)])
def test_an_event_of_a_newer_release_is_refused(kind: str, version: int) -> None:
    """An unknown type or a newer version says that a newer release wrote the log."""
    envelope = stored(PlanStarted(attempt=1))[0]
    newer = Envelope(**{field: getattr(envelope, field) for field in Envelope.__slots__} | {"type": kind})
    newer = Envelope(**{field: getattr(newer, field) for field in Envelope.__slots__} | {"version": version})
    with pytest.raises(StorageFailure, match="newer release"):
        decode(newer)


def test_damaged_data_are_refused() -> None:
    """Data that do not fit their type are a storage failure, not a crash."""
    envelope = stored(PlanStarted(attempt=1))[0]
    damaged = Envelope(**{field: getattr(envelope, field) for field in Envelope.__slots__} | {"data": {"tries": 1}})
    with pytest.raises(StorageFailure, match="damaged"):
        decode(damaged)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((REQUESTED,), PlanState.QUEUED),
        ((REQUESTED, PlanStarted(attempt=1)), PlanState.RUNNING),
        ((REQUESTED, PlanStarted(attempt=1), COMPLETED), PlanState.PLANNED),
        ((REQUESTED, NoPlanFound(stopped_by="time", bound_proved=None, detail="")), PlanState.NO_PLAN_YET),
        ((REQUESTED, PlanStarted(attempt=1), INFEASIBLE), PlanState.INFEASIBLE),
        ((REQUESTED, PlanStarted(attempt=1), PlanFailed(stopped_by="error", detail="")), PlanState.FAILED),
    ],
)
def test_the_state_follows_from_the_events(events: tuple[Event, ...], state: PlanState) -> None:
    """Every history has its state, and only an ending makes a plan done."""
    record = project_plan(stored(*events))
    assert record is not None
    assert record.state is state
    assert record.done == (state not in {PlanState.QUEUED, PlanState.RUNNING})


def test_a_restart_counts_attempts_and_keeps_the_first_start() -> None:
    """A plan that was begun twice has two attempts, and began when it first began."""
    record = project_plan(stored(REQUESTED, PlanStarted(attempt=1), PlanStarted(attempt=2)))
    assert record is not None
    assert record.attempts == 2
    assert record.started_at == START + timedelta(seconds=1)


def test_both_gaps_are_relative_to_the_value() -> None:
    """The gaps of a completed plan are those of its two bounds."""
    record = project_plan(stored(REQUESTED, COMPLETED))
    assert record is not None
    assert record.gap == pytest.approx(0.01)
    assert record.gap_checked == pytest.approx(0.04)


def test_an_expired_plan_keeps_its_record_and_offers_nothing_to_accept() -> None:
    """After its folder is gone a plan is still planned, says when it expired and what to do, and has no etag."""
    record = project_plan(stored(REQUESTED, COMPLETED, PlanExpired(kept_days=30.0), PlanExpired(kept_days=1.0)))
    assert record is not None
    assert record.state is PlanState.PLANNED
    assert record.expired_at == START + timedelta(seconds=2)
    assert record.etag == ""
    assert "2026-01-05 00:00 UTC" in record.expiry
    assert "anew" in record.expiry


def test_no_events_are_no_plan() -> None:
    """A history without a request is no plan."""
    assert project_plan([]) is None
    assert project_plan(stored(PlanStarted(attempt=1))) is None


@given(st.floats(allow_nan=False), st.text())
def test_numbers_and_texts_survive_the_disk_exactly(value: float, text: str) -> None:
    """Any number and any text come back as they were."""
    event = PlanCompleted(
        stopped_by=text, value=value, bound_proved=value, bound_checked=None, plan_hash=text, detail=text
    )
    assert decode(stored(event)[0]) == event


@pytest.mark.parametrize(("made", "holds"), [("2-ab", True), ("3-cd", False), ("", False)])
def test_an_acceptance_on_the_way_holds_only_if_the_run_ended_with_that_plan(made: str, holds: bool) -> None:  # noqa: FBT001 - parameter
    """Whatever was accepted while a plan ran counts at its end only where it is what the run ended with."""
    accepted = IncumbentAccepted(accepted_by="ana", comment="", etag="2-ab")
    running = project_plan(stored(REQUESTED, PlanStarted(attempt=1), accepted))
    assert running is not None
    assert running.acceptance is not None
    done = project_plan(stored(REQUESTED, PlanStarted(attempt=1), accepted, replace(COMPLETED, incumbent=made)))
    assert done is not None
    assert (done.acceptance == running.acceptance) is holds
    assert ("accepted by ana" in done.refused) is not holds


def test_a_completed_event_of_an_earlier_release_has_no_incumbent() -> None:
    """Logs written before incumbents had names are read as they are."""
    envelope = stored(COMPLETED)[0]
    earlier = replace(envelope, data={name: value for name, value in envelope.data.items() if name != "incumbent"})
    assert decode(earlier) == COMPLETED


HAPPENINGS = st.sampled_from(
    (
        IncumbentAccepted(accepted_by="ana", comment="", etag="2-ab"),
        IncumbentAccepted(accepted_by="ben", comment="", etag="3-cd"),
        AcceptanceFailed(etag="2-ab", detail="d"),
        PlanStarted(attempt=2),
        PlanCancellationRequested(),
    )
)


@given(st.lists(HAPPENINGS, max_size=6), st.sampled_from(("", "2-ab", "3-cd")))
def test_whatever_happened_a_completed_plan_is_accepted_only_as_what_it_is(events: list[Event], made: str) -> None:
    """No order of acceptances, failures and restarts leaves a completed plan accepted as something else."""
    done = project_plan(stored(REQUESTED, PlanStarted(attempt=1), *events, replace(COMPLETED, incumbent=made)))
    assert done is not None
    assert done.acceptance is None or done.acceptance.etag == made
    assert done.acceptance is None or not done.refused
