"""Accepting plans over real sockets and a real log: finished ones, running ones, and what must never be accepted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from planner.adapters.event_log_sql import SqlEventLog, open_database
from planner.adapters.scenario_folder import write_scenario
from planner.client.planning_client import PlanStep
from planner.domain.errors import AlreadyAccepted, InvalidRequest, NotFound, PlanChanged, PlanNotReady
from planner.events.catalogue import IncumbentAccepted, PlanAccepted, PlanCompleted
from planner.events.codec import decode
from planner.events.plan_record import PlanRecord, PlanState
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.scripted_runtime import Script
from planner.wire.v1 import acceptance_pb2, planning_service_pb2, planning_service_pb2_grpc
from tests.gateway import LONG, Knock, at, first_value, seen
from tests.scenario_builder import small_scenario

ASKED = PlanningParameters(time_limit=60.0)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    folder = tmp_path / "scenario"
    write_scenario(small_scenario(), folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the data folder of a server."""
    return tmp_path / "data"


async def asked_for(knock: Knock, scenario: Path) -> str:
    """Ask for a plan and return its id."""
    return (await knock.client.create(await knock.client.upload(scenario), ASKED)).plan


async def finished(knock: Knock, scenario: Path) -> PlanRecord:
    """Ask for a plan and return it once it is done."""
    return (await seen(knock, await asked_for(knock, scenario)))[-1].record


def number(etag: str) -> int:
    """Return the number of an incumbent, which is also its value here."""
    return int(etag.partition("-")[0]) if etag else 0


async def incumbent(knock: Knock, plan: str, least: int) -> str:
    """Wait until an incumbent of at least this number is seen, and return its etag."""
    async for step in knock.client.watch(plan):
        if isinstance(step, PlanStep) and step.progress is not None and number(step.progress.etag) >= least:
            return step.progress.etag
    raise AssertionError(f"plan {plan} ended before an incumbent {least} was seen")


def test_an_accepted_plan_tells_who_accepted_what_and_when(data: Path, scenario: Path) -> None:
    """The acceptance of a finished plan comes back with the plan, stands in the log and survives a restart."""
    plans: list[str] = []

    async def accept(knock: Knock) -> None:
        done = await finished(knock, scenario)
        assert done.acceptance is None
        accepted = await knock.client.accept(done.plan, done.etag, accepted_by="ana", comment="go")
        assert accepted.acceptance is not None
        assert (accepted.acceptance.accepted_by, accepted.acceptance.comment) == ("ana", "go")
        assert accepted.acceptance.etag == done.etag == accepted.etag
        assert abs(accepted.acceptance.accepted_at - datetime.now(UTC)) < timedelta(minutes=1)
        plans.append(done.plan)

    async def look(knock: Knock) -> None:
        acceptance = (await knock.client.plan(plans[0])).record.acceptance
        assert acceptance is not None
        assert acceptance.accepted_by == "ana"

    at(data, None, accept)
    at(data, None, look)
    history = SqlEventLog(open_database(data / "events.sqlite")).history(f"plan/{plans[0]}")
    event = decode(history[-1])
    assert isinstance(event, PlanAccepted)
    assert (event.accepted_by, event.comment, len(event.plan_hash)) == ("ana", "go", 64)


def test_accepting_again_changes_nothing_and_another_person_is_refused(data: Path, scenario: Path) -> None:
    """The same acceptance is recorded once however often it comes, and the second person hears who was first."""

    async def visit(knock: Knock) -> None:
        done = await finished(knock, scenario)
        first, *others = await asyncio.gather(
            *(knock.client.accept(done.plan, done.etag, accepted_by="ana") for _ in range(4))
        )
        assert [record.acceptance for record in others] == [first.acceptance] * 3
        with pytest.raises(AlreadyAccepted, match="by ana"):
            await knock.client.accept(done.plan, done.etag, accepted_by="ben")
        again = (await knock.client.plan(done.plan)).record.acceptance
        assert again == first.acceptance

    at(data, None, visit)


def test_an_etag_of_something_else_is_aborted_with_the_present_one(data: Path, scenario: Path) -> None:
    """A wrong etag accepts nothing; the status is ABORTED and its details hold the etag that would be right."""

    async def visit(knock: Knock) -> None:
        done = await finished(knock, scenario)
        with pytest.raises(PlanChanged) as told:
            await knock.client.accept(done.plan, "plan-0000", accepted_by="ana")
        assert told.value.etag == done.etag
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = planning_service_pb2_grpc.PlanningServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as status:
                await stub.AcceptPlan(
                    acceptance_pb2.AcceptPlanRequest(name=f"plans/{done.plan}", etag="x", accepted_by="ana")
                )
            assert status.value.code() is grpc.StatusCode.ABORTED
            info = error_details_pb2.ErrorInfo()
            details = rpc_status.from_call(status.value)
            assert details is not None
            assert details.details[0].Unpack(info)
            assert dict(info.metadata) == {"etag": done.etag}
            plan = await stub.GetPlan(planning_service_pb2.GetPlanRequest(name=f"plans/{done.plan}"))
            assert plan.etag == done.etag
            assert not plan.HasField("acceptance")

    at(data, None, visit)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (Script(steps=3, first_plan=9), PlanState.NO_PLAN_YET),
        (Script(outcome=Outcome.INFEASIBLE, conflict=("c",)), PlanState.INFEASIBLE),
        (Script(error="boom"), PlanState.FAILED),
    ],
)
def test_an_end_without_a_plan_leaves_nothing_to_accept(
    data: Path, scenario: Path, script: Script, state: PlanState
) -> None:
    """No plan yet, infeasible or failed: accepting is refused and tells the state."""

    async def visit(knock: Knock) -> None:
        done = await finished(knock, scenario)
        assert done.state is state
        with pytest.raises(PlanNotReady, match=f"{state.value}: there is no plan to accept"):
            await knock.client.accept(done.plan, "plan-1", accepted_by="ana")

    at(data, script, visit)


def test_nothing_can_be_accepted_before_the_first_plan(data: Path, scenario: Path) -> None:
    """A plan that waits for its place and one that runs without a plan yet are told to be waited for."""

    async def visit(knock: Knock) -> None:
        running, queued = await asked_for(knock, scenario), await asked_for(knock, scenario)
        for plan in (running, queued):
            with pytest.raises(PlanNotReady, match="wait until it has a first plan"):
                await knock.client.accept(plan, "1-ab", accepted_by="ana")
        with pytest.raises(NotFound):
            await knock.client.accept("nobody", "1-ab", accepted_by="ana")

    at(data, Script(steps=400, step_seconds=0.05, first_plan=399), visit)


@pytest.mark.parametrize(
    ("etag", "by", "comment", "field"),
    [("", "ana", "", "etag"), ("e", " ", "", "accepted_by"), ("e", "a", "c" * 3000, "comment")],
)
def test_an_acceptance_without_a_name_is_wrong_input(
    data: Path, scenario: Path, etag: str, by: str, comment: str, field: str
) -> None:
    """Who accepts and what must be said, and a comment has its limit."""

    async def visit(knock: Knock) -> None:
        done = await finished(knock, scenario)
        with pytest.raises(InvalidRequest, match=field):
            await knock.client.accept(done.plan, etag, accepted_by=by, comment=comment)

    at(data, None, visit)


def test_a_running_plan_ends_with_exactly_the_incumbent_accepted(data: Path, scenario: Path) -> None:
    """The run stops soon with the plan that was looked at, although better ones were found since."""

    async def visit(knock: Knock) -> None:
        plan = await asked_for(knock, scenario)
        etag = await incumbent(knock, plan, 3)
        await incumbent(knock, plan, number(etag) + 1)
        accepted = await knock.client.accept(plan, etag, accepted_by="ana", comment="good enough")
        assert accepted.state is PlanState.RUNNING
        assert accepted.acceptance is not None
        await knock.client.cancel(plan)
        final = (await seen(knock, plan))[-1].record
        assert isinstance(final.ending, PlanCompleted)
        assert (final.ending.value, final.ending.stopped_by) == (number(etag), "accepted")
        assert final.acceptance == accepted.acceptance
        again = await knock.client.accept(plan, etag, accepted_by="ana")
        assert again.acceptance == final.acceptance
        assert (await knock.client.accept(plan, final.etag, accepted_by="ana")).acceptance == final.acceptance

    at(data, Script(steps=400, step_seconds=0.2, kept=400), visit)


def test_an_incumbent_that_is_not_kept_any_more_is_aborted_and_the_run_goes_on(data: Path, scenario: Path) -> None:
    """What the run cannot end with is not accepted, and the requester is told the best plan of now."""

    async def visit(knock: Knock) -> None:
        plan = await asked_for(knock, scenario)
        old = await incumbent(knock, plan, 1)
        await incumbent(knock, plan, number(old) + 2)
        with pytest.raises(PlanChanged) as told:
            await knock.client.accept(plan, old, accepted_by="ana")
        assert number(told.value.etag) >= number(old) + 2
        with pytest.raises(PlanChanged):
            await knock.client.accept(plan, "999-ab", accepted_by="ana")
        await incumbent(knock, plan, number(told.value.etag) + 1)
        await knock.client.cancel(plan)
        final = (await seen(knock, plan))[-1].record
        assert isinstance(final.ending, PlanCompleted)
        assert (final.ending.stopped_by, final.acceptance) == ("cancelled", None)
        assert "came too late" in final.ending.detail

    at(data, Script(steps=400, step_seconds=0.2, kept=1), visit)


def test_a_finished_plan_may_be_accepted_by_the_name_it_had_while_it_ran(data: Path, scenario: Path) -> None:
    """Who looked at the last plan of a run and comes a moment after its end accepts that very plan."""

    async def visit(knock: Knock) -> None:
        plan = await asked_for(knock, scenario)
        etag = await incumbent(knock, plan, 3)
        await seen(knock, plan)
        accepted = await knock.client.accept(plan, etag, accepted_by="ana")
        assert accepted.done
        assert accepted.acceptance is not None
        assert accepted.acceptance.etag == etag

    at(data, Script(steps=3, step_seconds=0.15), visit)


def test_accepted_while_the_end_is_on_its_way(data: Path, scenario: Path) -> None:
    """A run that is past being told, but ends with the very plan, has it accepted."""

    async def visit(knock: Knock) -> None:
        plan = await asked_for(knock, scenario)
        etag = await incumbent(knock, plan, 3)
        accepted = await knock.client.accept(plan, etag, accepted_by="ana")
        assert accepted.acceptance is not None
        final = (await seen(knock, plan))[-1].record
        assert final.done
        assert final.acceptance == accepted.acceptance

    at(data, Script(steps=3, step_seconds=0.15, kept=0, certify_seconds=0.5), visit)


@pytest.mark.parametrize("code", ["same", "other"])
def test_an_acceptance_survives_a_restart_or_fails_loudly(data: Path, scenario: Path, code: str) -> None:
    """Abandoned between acceptance and its plan, the run is made again up to that plan, or says that it could not."""
    kept: dict[str, str] = {}

    async def accept(knock: Knock) -> None:
        plan = await asked_for(knock, scenario)
        kept.update(plan=plan, etag=await incumbent(knock, plan, 2))
        await knock.client.accept(plan, kept["etag"], accepted_by="ana")

    async def end(knock: Knock) -> None:
        final = (await seen(knock, kept["plan"]))[-1].record
        assert isinstance(final.ending, PlanCompleted)
        if code == "same":
            assert (final.ending.value, final.ending.stopped_by) == (number(kept["etag"]), "accepted")
            assert final.acceptance is not None
            assert (final.acceptance.accepted_by, final.acceptance.etag) == ("ana", kept["etag"])
        else:
            assert (final.ending.value, final.acceptance) == (9.0, None)
            assert f"{kept['etag']}, accepted by ana, could not be kept" in final.ending.detail

    at(data, Script(steps=9, step_seconds=0.15, code="same", kept=9, certify_seconds=60.0), accept)
    log = SqlEventLog(open_database(data / "events.sqlite"))
    assert isinstance(decode(log.history(f"plan/{kept['plan']}")[-1]), IncumbentAccepted)
    at(data, Script(steps=9, step_seconds=0.02, code=code), end)


def test_two_people_at_a_running_plan(data: Path, scenario: Path) -> None:
    """Of two who accept different plans of one run at once, one is recorded and the other hears of it."""

    async def visit(knock: Knock) -> None:
        plan = await asked_for(knock, scenario)
        await first_value(knock, plan)
        one = await incumbent(knock, plan, 5)
        two = await incumbent(knock, plan, number(one) + 1)
        answers = await asyncio.gather(
            knock.client.accept(plan, one, accepted_by="ana"),
            knock.client.accept(plan, two, accepted_by="ben"),
            return_exceptions=True,
        )
        records = [answer for answer in answers if isinstance(answer, PlanRecord)]
        assert len(records) == 1
        assert any(isinstance(answer, AlreadyAccepted) for answer in answers)
        final = (await seen(knock, plan))[-1].record
        assert final.acceptance == records[0].acceptance

    at(data, Script(steps=LONG.steps, step_seconds=0.2, kept=99), visit)
