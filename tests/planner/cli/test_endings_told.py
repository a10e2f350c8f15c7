"""How the end of a plan is told, and by which exit code."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from planner.cli.planning_session import lost_text, tell_ending
from planner.cli.progress import step_text
from planner.client.planning_client import ConnectionLost, PlanStep
from planner.domain.errors import ServerUnavailable
from planner.events.catalogue import (
    NoPlanFound,
    PlanCompleted,
    PlanEnding,
    PlanFailed,
    PlanFoundInfeasible,
    PlanRequested,
)
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import Progress

MOMENT = datetime(2026, 1, 5, tzinfo=UTC)


def record(ending: PlanEnding | None, attempts: int = 1) -> PlanRecord:
    """Return a plan with an ending."""
    request = PlanRequested(
        plan="p", scenario="s", request_id="", gap=0.0, work_limit=None, time_limit=None, seed=0, hosts=1
    )
    return PlanRecord(request=request, requested_at=MOMENT, attempts=attempts, ending=ending)


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        (
            PlanCompleted(stopped_by="gap", value=200.0, bound_proved=203.0, bound_checked=204.0, plan_hash="h"),
            0,
            ["value 200.00", "bound 203.00", "1.500%", "gap"],
        ),
        (PlanFoundInfeasible(conflict=("c1", "c2"), relaxation=(("c1", 2.5),), detail="d"), 3, ["c1", "c2", "2.5000"]),
        (NoPlanFound(stopped_by="time", bound_proved=None, detail="allow more"), 4, ["no plan yet", "allow more"]),
        (PlanFailed(stopped_by="error", detail="oh [bold]"), 5, ["failed", "oh [bold]"]),
    ],
)
def test_every_ending_has_its_exit_code_and_words(ending: PlanEnding, code: int, words: list[str]) -> None:
    """Planned, infeasible, no plan yet and failed are told apart by code and message."""
    text = io.StringIO()
    assert tell_ending(record(ending), Console(file=text, width=200)) == code
    for word in words:
        assert word in text.getvalue()


def test_an_infeasible_end_is_told_once() -> None:
    """The detail that repeats the clauses is left out, and is told where no clause is named."""
    told, bare = io.StringIO(), io.StringIO()
    named = PlanFoundInfeasible(conflict=("c1",), relaxation=(("c1", 2.5),), detail="c1 by 2.5")
    tell_ending(record(named), Console(file=told, width=200))
    assert "c1 by 2.5\n" not in told.getvalue()
    tell_ending(record(PlanFoundInfeasible(conflict=(), relaxation=(), detail="no stock at all")), Console(file=bare))
    assert "no stock at all" in bare.getvalue()


def test_a_lost_connection_gives_its_cause_once() -> None:
    """The first line tells the cause, the next ones only that it is tried again."""
    error = ServerUnavailable("no server answers at h:1")
    assert "no server answers at h:1" in lost_text(ConnectionLost(error, 1))
    assert lost_text(ConnectionLost(error, 2)) == "no answer yet, trying again (2)"


def test_the_progress_line_says_what_is_known() -> None:
    """Seconds, phase, value, bound and gap appear as soon as they are known; a value of 0 has an absolute gap."""
    assert step_text(PlanStep(record(None, attempts=0), None)) == "waiting for a free place"
    assert step_text(PlanStep(record(None), None)) == "starting"
    early = step_text(PlanStep(record(None), Progress(seconds=1.5, phase="relaxation", bound=50.0)))
    assert "1.5 s" in early
    assert "gap" not in early
    late = step_text(PlanStep(record(None), Progress(seconds=2.0, phase="polish", value=40.0, bound=50.0)))
    assert "gap 25.000%" in late
    zero = step_text(PlanStep(record(None), Progress(seconds=2.0, phase="polish", value=0.0, bound=50.0)))
    assert "50.00 (absolute)" in zero
