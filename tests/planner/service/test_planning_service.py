"""The planning service over real sockets and a real log, with a scripted runtime behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.plan_download import receive_plan
from planner.client.planning_client import PlanningClient, PlanStep
from planner.domain.errors import (
    InvalidRequest,
    NotFound,
    PlanNotReady,
    RequestConflict,
    ScenarioInvalid,
    UploadRefused,
)
from planner.domain.folder_files import PLAN_FILES
from planner.events.catalogue import NoPlanFound, PlanCompleted, PlanFailed, PlanFoundInfeasible
from planner.events.plan_record import PlanState
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.scripted_runtime import Script
from tests.gateway import LONG, Knock, at, first_value, gateway, seen
from tests.scenario_builder import small_scenario, with_cell

ASKED = PlanningParameters(gap=0.01, work_limit=7, time_limit=30.0, seed=3, hosts=4)


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


def test_a_request_becomes_a_downloaded_plan(data: Path, scenario: Path, tmp_path: Path) -> None:
    """Upload, request, watch and download end in a plan folder, and the runtime heard what was asked."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), ASKED)
        assert asked.state is PlanState.QUEUED
        steps = await seen(knock, asked.plan)
        final = steps[-1].record
        assert isinstance(final.ending, PlanCompleted)
        assert (final.ending.value, final.ending.bound_proved, final.gap) == (3.0, 3.0, 0.0)
        assert final.request.seed == 3
        assert final.request.work_limit == 7
        await receive_plan(knock.client.download(asked.plan), tmp_path / "out", overwrite=False)
        assert {path.name for path in (tmp_path / "out").iterdir()} == set(PLAN_FILES)
        (run, told), *others = knock.runtime.received
        assert (run, others) == (asked.plan, [])
        assert (told.gap, told.work_limit, told.seed, told.hosts) == (0.01, 7, 3, 4)
        assert told.time_limit is not None
        assert 25 < told.time_limit <= 30

    at(data, Script(), visit)


def test_progress_is_streamed_with_value_and_bound(data: Path, scenario: Path) -> None:
    """A watcher sees phases with rising seconds and the value and bound of each step."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), ASKED)
        progress = [step.progress for step in await seen(knock, asked.plan) if step.progress is not None]
        assert [p.seconds for p in progress] == sorted(p.seconds for p in progress)
        values = [(p.phase, p.value, p.bound) for p in progress]
        assert values[0] == ("step 1", None, 7.0)
        assert values[-1] == ("step 4", 4.0, 4.0)

    at(data, Script(steps=4, step_seconds=0.1, first_plan=2), visit)


def test_the_same_content_is_stored_once(data: Path, scenario: Path) -> None:
    """Uploading a scenario twice gives one name and one event."""

    async def visit(knock: Knock) -> None:
        assert await knock.client.upload(scenario) == await knock.client.upload(scenario)
        assert len(list((data / "scenarios").iterdir())) == 1

    at(data, None, visit)


def test_a_repeated_request_id_returns_the_same_plan(data: Path, scenario: Path) -> None:
    """However often and at once a request is sent under its id, one plan is made."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        asked = await asyncio.gather(*(knock.client.create(stored, ASKED, request_id="r-1") for _ in range(5)))
        await seen(knock, asked[0].plan)
        again = await knock.client.create(stored, ASKED, request_id="r-1")
        assert {record.plan for record in (*asked, again)} == {again.plan}
        assert again.done
        assert len(knock.runtime.received) == 1

    at(data, None, visit)


def test_a_request_id_with_other_content_is_refused(data: Path, scenario: Path) -> None:
    """The same id for another request is an error that says so, also after a restart."""

    async def first(knock: Knock) -> None:
        await knock.client.create(await knock.client.upload(scenario), ASKED, request_id="r-1")

    async def second(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        with pytest.raises(RequestConflict, match="r-1"):
            await knock.client.create(stored, PlanningParameters(seed=99), request_id="r-1")

    at(data, None, first)
    at(data, None, second)


def test_validate_only_keeps_nothing(data: Path, scenario: Path) -> None:
    """A request that is only checked makes no plan and takes no request id."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        checked = await knock.client.create(stored, ASKED, request_id="r-1", validate_only=True)
        assert checked.plan == ""
        assert await knock.client.plans(10) == ()
        await knock.client.create(stored, PlanningParameters(seed=99), request_id="r-1")

    at(data, None, visit)


def test_findings_come_back_with_table_row_column_and_rule(data: Path, tmp_path: Path) -> None:
    """A request for an invalid scenario tells every finding, checked only or not."""
    wrong = with_cell(small_scenario(), "orders", 0, "quantity", -5.0)
    wrong = with_cell(wrong, "orders", 1, "market", "nowhere")
    write_scenario(wrong, tmp_path / "wrong")

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(tmp_path / "wrong")
        for validate_only in (True, False):
            with pytest.raises(ScenarioInvalid) as refused:
                await knock.client.create(stored, ASKED, validate_only=validate_only)
            places = {(finding.table, finding.row, finding.column) for finding in refused.value.findings}
            assert {("orders", 0, "quantity"), ("orders", 1, "market")} <= places
            assert all(finding.rule and finding.message for finding in refused.value.findings)
        assert knock.runtime.received == []

    at(data, None, visit)


def test_a_cell_of_another_type_is_told_at_the_upload(data: Path, scenario: Path) -> None:
    """What cannot be read as its column is refused at once, naming table, row and column."""
    text = (scenario / "orders.csv").read_text().splitlines()
    row = dict(zip(text[0].split(","), text[1].split(","), strict=True)) | {"quantity": "many"}
    (scenario / "orders.csv").write_text("\n".join([text[0], ",".join(row.values()), *text[2:]]) + "\n")

    async def visit(knock: Knock) -> None:
        with pytest.raises(ScenarioInvalid) as refused:
            await knock.client.upload(scenario)
        finding = refused.value.findings[0]
        assert (finding.table, finding.row, finding.column) == ("orders", 0, "quantity")

    at(data, None, visit)


def test_cancelling_keeps_the_best_plan_so_far(data: Path, scenario: Path) -> None:
    """A cancelled plan ends as planned with the value it had, and cancelling again changes nothing."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), ASKED)
        await first_value(knock, asked.plan)
        assert (await knock.client.cancel(asked.plan)).cancel_requested
        final = (await seen(knock, asked.plan))[-1].record
        assert isinstance(final.ending, PlanCompleted)
        assert final.ending.stopped_by == "cancelled"
        assert (await knock.client.cancel(asked.plan)).ending == final.ending

    at(data, LONG, visit)


def test_cancelling_before_any_plan_is_no_plan_yet(data: Path, scenario: Path) -> None:
    """Without a plan so far a cancelled request ends as typed: no plan yet."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), PlanningParameters())
        await knock.client.cancel(asked.plan)
        final = (await seen(knock, asked.plan))[-1].record
        assert isinstance(final.ending, NoPlanFound)
        assert final.ending.stopped_by == "cancelled"
        with pytest.raises(PlanNotReady, match="no plan yet"):
            _ = [part async for part in knock.client.download(asked.plan)]

    at(data, Script(steps=2000, first_plan=1999), visit)


def test_a_watcher_that_leaves_does_not_cancel(data: Path, scenario: Path) -> None:
    """A plan whose only watcher went away goes on to its end, where another watcher finds it."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), ASKED)
        watch = knock.client.watch(asked.plan)
        await anext(watch)
        await watch.aclose()
        final = (await seen(knock, asked.plan))[-1].record
        assert isinstance(final.ending, PlanCompleted)
        assert final.ending.stopped_by == "optimal"
        assert not final.cancel_requested

    at(data, Script(steps=20, step_seconds=0.01), visit)


def test_too_short_a_time_limit_is_no_plan_yet(data: Path, scenario: Path) -> None:
    """A limit that passes before the first plan ends in the typed result, not in an error."""

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), PlanningParameters(time_limit=0.2))
        final = (await seen(knock, asked.plan))[-1].record
        assert isinstance(final.ending, NoPlanFound)
        assert final.ending.stopped_by == "time"

    at(data, Script(steps=2000, first_plan=1999), visit)


def test_plans_beyond_the_concurrency_wait_and_may_run_out_of_time(data: Path, scenario: Path) -> None:
    """A second plan is queued while the first runs, and says so when its time passes in the queue."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        running = await knock.client.create(stored, PlanningParameters(seed=1))
        await first_value(knock, running.plan)
        queued = await knock.client.create(stored, PlanningParameters(seed=2, time_limit=0.3))
        last = await knock.client.create(stored, PlanningParameters(seed=3))
        assert (await knock.client.plan(queued.plan)).record.state is PlanState.QUEUED
        ending = (await seen(knock, queued.plan))[-1].record.ending
        assert isinstance(ending, NoPlanFound)
        assert ending.stopped_by == "time"
        await knock.client.cancel(last.plan)
        assert isinstance((await seen(knock, last.plan))[-1].record.ending, NoPlanFound)
        assert [run for run, _ in knock.runtime.received] == [running.plan]

    at(data, LONG, visit)


def test_two_places_make_two_plans_at_once(data: Path, scenario: Path) -> None:
    """With a concurrency of two both plans have values before either ends."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        asked = [await knock.client.create(stored, PlanningParameters(seed=seed)) for seed in (1, 2)]
        await asyncio.gather(*(first_value(knock, record.plan) for record in asked))

    at(data, LONG, visit, concurrency=2)


def test_an_infeasible_request_is_a_result_that_names_the_clauses(data: Path, scenario: Path) -> None:
    """Conflict and cheapest relaxation arrive in the language of contracts."""
    script = Script(
        outcome=Outcome.INFEASIBLE, conflict=("volume-1", "budget-2"), relaxation=(("volume-1", 12.5),), detail="why"
    )

    async def visit(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), ASKED)
        ending = (await seen(knock, asked.plan))[-1].record.ending
        assert ending == PlanFoundInfeasible(
            conflict=("volume-1", "budget-2"), relaxation=(("volume-1", 12.5),), detail="why"
        )

    at(data, script, visit)


def test_an_error_of_the_runtime_is_told_and_the_next_plan_still_runs(data: Path, scenario: Path) -> None:
    """A plan that fails says by which type of error, and gives its place to the next one."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        for seed in (1, 2):
            asked = await knock.client.create(stored, PlanningParameters(seed=seed))
            ending = (await seen(knock, asked.plan))[-1].record.ending
            assert isinstance(ending, PlanFailed)
            assert "RuntimeError" in ending.detail

    at(data, Script(error="out of luck"), visit)


def test_plans_are_listed_newest_first_over_pages(data: Path, scenario: Path) -> None:
    """Every plan is listed once, the last asked for first."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        asked = [await knock.client.create(stored, PlanningParameters(seed=seed)) for seed in range(5)]
        listed = await knock.client.plans(4)
        assert [record.plan for record in listed] == [record.plan for record in reversed(asked)][:4]

    at(data, None, visit)


def test_what_nobody_knows_is_not_found(data: Path, scenario: Path) -> None:
    """Unknown scenarios, plans and operations are told as such."""

    async def visit(knock: Knock) -> None:
        with pytest.raises(NotFound, match="upload it first"):
            await knock.client.create("0" * 64, ASKED)
        for call in (knock.client.plan("p"), knock.client.cancel("p")):
            with pytest.raises(NotFound):
                await call
        with pytest.raises(NotFound):
            await seen(knock, "p")
        with pytest.raises(NotFound):
            _ = [part async for part in knock.client.download("p")]

    at(data, None, visit)


def test_a_wrong_field_is_named(data: Path, scenario: Path) -> None:
    """A request id or a resource name of another form is an invalid request."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        with pytest.raises(InvalidRequest, match="request_id"):
            await knock.client.create(stored, ASKED, request_id="no spaces please")
        with pytest.raises(InvalidRequest, match="operations/"):
            await knock.client.plan("a/b")
        with pytest.raises(InvalidRequest, match="plans/"):
            _ = [part async for part in knock.client.download("../../etc/passwd")]

    at(data, None, visit)


@pytest.mark.parametrize("file", ["../../events.sqlite", "notes.txt", "/plants.csv"])
def test_an_upload_cannot_leave_its_folder(
    data: Path, scenario: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is no part of a scenario is refused, and nothing of the upload is kept."""

    async def parts(folder: Path) -> AsyncIterator[tuple[str, bytes]]:
        yield "scenario.json", (folder / "scenario.json").read_bytes()
        yield file, b"x"

    monkeypatch.setattr("planner.client.planning_client.scenario_parts", parts)

    async def visit(knock: Knock) -> None:
        with pytest.raises(UploadRefused):
            await knock.client.upload(scenario)
        assert list((data / "scenarios").iterdir()) == []

    at(data, None, visit)


def test_an_upload_beyond_the_limit_is_refused(data: Path, scenario: Path) -> None:
    """A server takes no more bytes than it was told to."""

    async def visit(knock: Knock) -> None:
        with pytest.raises(UploadRefused, match="larger than"):
            await knock.client.upload(scenario)
        assert list((data / "scenarios").iterdir()) == []

    at(data, None, visit, largest_scenario=2000)


def test_a_finished_plan_is_served_after_a_restart(data: Path, scenario: Path, tmp_path: Path) -> None:
    """Another server on the same data knows the result and gives the folder away, without planning again."""
    plans: list[str] = []

    async def before(knock: Knock) -> None:
        asked = await knock.client.create(await knock.client.upload(scenario), ASKED, request_id="r-1")
        await seen(knock, asked.plan)
        plans.append(asked.plan)

    async def after(knock: Knock) -> None:
        steps = await seen(knock, plans[0])
        assert [step.record.state for step in steps] == [PlanState.PLANNED]
        await receive_plan(knock.client.download(plans[0]), tmp_path / "out", overwrite=False)
        stored = steps[0].record.request.scenario
        assert (await knock.client.create(stored, ASKED, request_id="r-1")).plan == plans[0]
        assert knock.runtime.received == []

    at(data, None, before)
    at(data, None, after)


def test_unfinished_plans_are_taken_up_after_a_restart(data: Path, scenario: Path) -> None:
    """Running and queued plans survive a restart, can be watched again and end; a cancelled wish is kept."""
    plans: list[str] = []

    async def before(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        asked = [await knock.client.create(stored, PlanningParameters(seed=seed, time_limit=40.0)) for seed in (1, 2)]
        plans.extend(record.plan for record in asked)
        await first_value(knock, plans[0])

    async def after(knock: Knock) -> None:
        for plan in plans:
            assert isinstance((await seen(knock, plan))[-1].record.ending, PlanCompleted)
        assert [run for run, _ in knock.runtime.received] == plans
        limits = [told.time_limit for _, told in knock.runtime.received]
        assert all(limit is not None and 0 < limit < 40.0 for limit in limits)
        assert (await knock.client.plan(plans[0])).record.attempts >= 1

    at(data, LONG, before)
    at(data, None, after)


def test_a_plan_that_ends_the_server_again_and_again_is_given_up(data: Path, scenario: Path) -> None:
    """After three beginnings without an end a plan fails, instead of ending the server forever."""
    plans: list[str] = []

    async def begin(knock: Knock) -> None:
        if not plans:
            plans.append((await knock.client.create(await knock.client.upload(scenario), ASKED)).plan)
        await first_value(knock, plans[0])

    async def give_up(knock: Knock) -> None:
        ending = (await seen(knock, plans[0]))[-1].record.ending
        assert isinstance(ending, PlanFailed)
        assert "3 times" in ending.detail
        assert knock.runtime.received == []

    for _ in range(3):
        at(data, LONG, begin)
    at(data, LONG, give_up)


def test_a_watch_goes_on_after_a_restart(data: Path, scenario: Path) -> None:
    """A client that watches while the server goes away says so, and sees the end once it is back."""

    async def run() -> None:
        async with gateway(data, LONG) as knock:
            asked = await knock.client.create(await knock.client.upload(scenario), ASKED)
            await first_value(knock, asked.plan)
            port = int(knock.address.rpartition(":")[2])
            watcher = PlanningClient(ServerAddress(knock.address))
            watch = watcher.watch(asked.plan, patience_seconds=30)
            await anext(watch)
            watching = asyncio.create_task(_rest(watch))
        async with gateway(data, None, port=port), watcher:
            steps, lost = await watching
        assert lost >= 1
        assert isinstance(steps[-1].record.ending, PlanCompleted)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_runtime_that_overruns_its_limit_is_given_up(
    data: Path, scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runtime that heeds neither its limit nor the order to stop fails its plan and frees the place."""
    monkeypatch.setattr("planner.application.plan_runs.OVERRUN_SECONDS", 0.1)
    monkeypatch.setattr("planner.application.plan_runs.PATIENCE_SECONDS", 0.5)

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        for seed in (1, 2):
            asked = await knock.client.create(stored, PlanningParameters(seed=seed, time_limit=0.2))
            ending = (await seen(knock, asked.plan))[-1].record.ending
            assert isinstance(ending, PlanFailed)
            assert "did not stop" in ending.detail

    at(data, Script(steps=10_000, stubborn=True), visit)


async def _rest(watch: AsyncIterator[object]) -> tuple[list[PlanStep], int]:
    steps, lost = [], 0
    async for step in watch:
        if isinstance(step, PlanStep):
            steps.append(step)
        else:
            lost += 1
    return steps, lost
