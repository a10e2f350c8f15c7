"""The server's clock is set back: deadlines, turns, resumed plans and what is told of them do not suffer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanStep
from planner.client.server_status import ask_status
from planner.domain.errors import PlanChanged
from planner.events.catalogue import NoPlanFound, PlanCompleted
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.scripted_runtime import Script
from tests.faults.promise import kept
from tests.gateway import LONG, Knock, at, first_value, seen
from tests.scenario_builder import small_scenario

A_DAY = timedelta(days=1)


class SettableClock:
    """A machine's clock that somebody sets; what counts seconds goes on, as it does on a real machine."""

    ahead = timedelta()

    def now(self) -> datetime:
        """Return what the clock shows."""
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        """Return the seconds since the machine was started."""
        return time.monotonic()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SettableClock:
    """Give servers of this process a clock that can be set."""
    clock = SettableClock()
    monkeypatch.setattr("cluster.gateway.SystemClock", lambda: clock)
    return clock


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    return tmp_path / "scenario"


def test_deadlines_turns_and_etags_keep_under_a_clock_set_back(
    tmp_path: Path, scenario: Path, clock: SettableClock
) -> None:
    """Set back in mid-plan: limits still end what they limit, an etag still accepts, and no time is negative."""

    async def visit(knock: Knock) -> None:
        client = knock.client
        stored = await client.upload(scenario)
        running = await client.create(stored, PlanningParameters(), request_id="r-1")
        waiting = await client.create(stored, PlanningParameters(time_limit=1.0))
        await first_value(knock, running.plan)
        clock.ahead = -A_DAY
        assert isinstance((await seen(knock, waiting.plan))[-1].record.ending, NoPlanFound)
        assert (await client.create(stored, PlanningParameters(), request_id="r-1")).plan == running.plan
        limited = await client.create(stored, PlanningParameters(time_limit=3.0), priority=9)
        etag = ""
        async for step in client.watch(running.plan):
            if isinstance(step, PlanStep) and step.progress is not None and step.progress.etag:
                assert step.progress.seconds >= 0
                etag = step.progress.etag
                break
        with pytest.raises(PlanChanged):
            await client.accept(running.plan, "1-0123456789abcdef", accepted_by="ana")
        await client.accept(running.plan, etag, accepted_by="ana")
        await seen(knock, running.plan)
        last = (await seen(knock, limited.plan))[-1].record
        assert isinstance(last.ending, PlanCompleted)
        assert last.ending.stopped_by == "time"
        status = (await ask_status(ServerAddress(knock.address))).status
        assert status is not None
        assert status.uptime >= 0
        for record in await client.plans(10):
            assert record.ended_at is not None
            assert record.ended_at >= record.requested_at

    at(tmp_path / "data", LONG, visit)
    times: dict[str, list[datetime]] = {}
    for envelope in kept(tmp_path / "data" / "events.sqlite"):
        times.setdefault(envelope.aggregate, []).append(envelope.time)
    assert all(moments == sorted(moments) for moments in times.values())


def test_a_plan_resumed_under_an_earlier_clock_has_its_limit_and_no_more(
    tmp_path: Path, scenario: Path, clock: SettableClock
) -> None:
    """A server started with the clock a day back takes plans up with their limits, not with a day more."""
    limit = 2.0

    async def ask(knock: Knock) -> None:
        await knock.client.create(await knock.client.upload(scenario), PlanningParameters(time_limit=limit))

    async def end(knock: Knock) -> None:
        (record,) = await knock.client.plans(10)
        last = (await seen(knock, record.plan))[-1]
        assert isinstance(last.record.ending, PlanCompleted)
        assert last.record.ended_at is not None
        assert last.record.ended_at >= record.requested_at
        ((_, parameters),) = knock.runtime.received
        assert parameters.time_limit is not None
        assert 0 < parameters.time_limit <= limit

    at(tmp_path / "data", LONG, ask)
    clock.ahead = -A_DAY
    at(tmp_path / "data", Script(), end)


def test_a_finished_plan_stays_where_it_is_under_an_earlier_clock(
    tmp_path: Path, scenario: Path, clock: SettableClock
) -> None:
    """With the clock set back a finished plan is kept and can still be downloaded."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        asked = await knock.client.create(stored, PlanningParameters())
        await seen(knock, asked.plan)
        clock.ahead = -A_DAY
        names = {name async for name, _ in knock.client.download(asked.plan)}
        assert "plan.json" in names

    at(tmp_path / "data", Script(), visit)
