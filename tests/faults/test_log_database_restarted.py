"""The database of the log is stopped and started again under a running server: nothing is lost, nothing done twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.own_postgres import NoPostgres, OwnPostgres, own_postgres, programs
from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.scenario_folder import write_scenario
from planner.domain.errors import StorageUnavailable
from planner.events.catalogue import PlanCompleted, PlanRequested, PlanStarted
from planner.events.codec import decode
from planner.events.envelope import Envelope
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.scripted_runtime import Script
from tests.gateway import Knock, at, first_value, seen
from tests.scenario_builder import small_scenario

A_MOMENT = Script(steps=60, step_seconds=0.01)


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    """Give a database server of this test's own, since it is stopped."""
    try:
        programs()
    except NoPostgres as why:
        pytest.skip(f"not tested on PostgreSQL: {why}")
    with own_postgres() as server:
        yield server


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGINT, id="stopped", marks=pytest.mark.slow),
        pytest.param(signal.SIGQUIT, id="crashed"),
    ],
)
def test_a_plan_outlasts_the_restart_of_its_database(server: OwnPostgres, tmp_path: Path, how: signal.Signals) -> None:
    """A plan that ends while the database is away is recorded once, with the same end, as soon as it is back."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    parameters = PlanningParameters()

    async def visit(knock: Knock) -> None:
        scenario = await knock.client.upload(tmp_path / "scenario")
        asked = await knock.client.create(scenario, parameters, request_id="r-1")
        await first_value(knock, asked.plan)
        await asyncio.to_thread(server.stop, how=how)
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await knock.client.create(scenario, parameters, request_id="r-2")
        await asyncio.sleep(A_MOMENT.steps * A_MOMENT.step_seconds)
        await asyncio.to_thread(server.start)
        plans = [asked.plan]
        for request_id in ("r-1", "r-2", "r-2"):
            repeated = await knock.client.create(scenario, parameters, request_id=request_id)
            plans.append(repeated.plan)
        assert plans[0] == plans[1] != plans[2] == plans[3]
        for plan in (plans[0], plans[2]):
            ending = (await seen(knock, plan))[-1].record.ending
            assert isinstance(ending, PlanCompleted)
            assert ending.value == A_MOMENT.steps
        assert [run for run, _ in knock.runtime.received] == [plans[0], plans[2]]

    at(tmp_path / "data", A_MOMENT, visit, database=server.url)
    database = open_database(server.url)
    history = SqlEventLog(database).since(0, limit=1000)
    database.close()
    kinds = [type(decode(envelope)) for _, envelope in history]
    assert [kinds.count(kind) for kind in (PlanRequested, PlanStarted, PlanCompleted)] == [2, 2, 2]
    assert not (tmp_path / "data" / "events.sqlite").exists()


def test_a_request_whose_answer_was_lost_is_begun_when_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database stored a request and went away before it said so, the repeated request finds and begins it."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    stored = SqlEventLog.append

    def append(log: SqlEventLog, events: Sequence[Envelope]) -> None:
        stored(log, events)
        if any(envelope.type == PlanRequested.__name__ for envelope in events):
            raise StorageUnavailable("the connection was lost in the very moment")

    async def visit(knock: Knock) -> None:
        scenario = await knock.client.upload(tmp_path / "scenario")
        with monkeypatch.context() as broken:
            broken.setattr(SqlEventLog, "append", append)
            with suppress(StorageUnavailable):  # a client may repeat the request by itself
                await knock.client.create(scenario, PlanningParameters(), request_id="r-1")
        asked = [await knock.client.create(scenario, PlanningParameters(), request_id="r-1") for _ in range(3)]
        assert len({record.plan for record in asked}) == 1
        assert isinstance((await seen(knock, asked[0].plan))[-1].record.ending, PlanCompleted)
        await knock.client.create(scenario, PlanningParameters(), request_id="r-1")
        assert [run for run, _ in knock.runtime.received] == [asked[0].plan]

    at(tmp_path / "data", None, visit)
