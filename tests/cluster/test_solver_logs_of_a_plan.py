"""What solvers told of one plan, from the request to a folder of whoever asked, over a server that really plans."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from cluster.child_server import child_server
from cluster.gateway import running_gateway
from cluster.main import launchers
from cluster.runtimes import make_runtime
from cluster.settings import GatewaySettings
from planner.adapters.plan_store_folder import PlanFolders
from planner.adapters.scenario_folder import write_scenario
from planner.adapters.solver_log_folder import open_solver_logs
from planner.cli.app import run
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.domain.errors import NotFound, PermissionDenied, RequestConflict
from planner.domain.folder_files import PLAN_FILES, SOLVER_LOGS
from planner.events.catalogue import PlanFailed
from planner.events.plan_record import PlanRecord
from planner.ports.planning_runtime import PlanningParameters
from planner.service.server import DoorSettings
from planner.simulation.generate import generate
from tests.door_keys import token_door
from tests.gateway import gateway, seen
from tests.guarded_gateway import GuardedKnock, at_guarded
from tests.micro_scenario import micro
from tests.middling import middling_scenario
from tests.scenario_builder import small_scenario

LOGGED = PlanningParameters(solver_logs=True)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Give the address of a server that plans in a worker process."""
    with child_server("local") as child:
        yield child.address


def concordat(*arguments: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(argument) for argument in arguments])


def names(folder: Path) -> set[str]:
    """Return the names of the files in a folder."""
    return {path.name for path in folder.iterdir()}


def test_the_command_puts_logs_beside_the_plan(server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for, they come with the plan and again later, and go when a plan without takes its place."""
    write_scenario(micro(), tmp_path / "scenario")
    wanted = ("plan", tmp_path / "scenario", "--out", tmp_path / "plan", "--server", server)
    assert concordat(*wanted, "--solver-logs") == 0
    told = capsys.readouterr().err
    assert f"what solvers told is in {tmp_path / 'plan' / SOLVER_LOGS}" in told
    assert names(tmp_path / "plan") == {*PLAN_FILES, SOLVER_LOGS}
    assert "coordinator.log" in names(tmp_path / "plan" / SOLVER_LOGS)
    assert concordat("verify", tmp_path / "plan", tmp_path / "scenario") == 0
    operation = re.search(r"operations/[0-9a-z-]+", told)
    assert operation is not None
    later = ("download", operation[0], "--server", server, "--out", tmp_path / "later", "--solver-logs")
    assert concordat(*later) == 0
    assert names(tmp_path / "later") == {SOLVER_LOGS}
    for file in names(tmp_path / "plan" / SOLVER_LOGS):
        assert (tmp_path / "later" / SOLVER_LOGS / file).read_bytes() == (
            tmp_path / "plan" / SOLVER_LOGS / file
        ).read_bytes()
    assert concordat(*wanted, "--overwrite") == 0
    assert names(tmp_path / "plan") == set(PLAN_FILES)


def test_of_no_plan_the_logs_come_all_the_same(server: str, tmp_path: Path) -> None:
    """Clauses that cannot hold together leave no plan, but the folder with what solvers told; it may be used again."""
    write_scenario(generate("tiny", seed=9), tmp_path / "scenario")
    wanted = ("plan", tmp_path / "scenario", "--out", tmp_path / "plan", "--server", server, "--solver-logs")
    assert concordat(*wanted) not in {0, 1, 2}
    assert names(tmp_path / "plan") == {SOLVER_LOGS}
    assert "Running HiGHS" in (tmp_path / "plan" / SOLVER_LOGS / "coordinator.log").read_text(encoding="utf-8")
    assert concordat(*wanted, "--overwrite") not in {0, 1, 2}


def test_a_plan_without_logs_has_none_to_download(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever did not ask is told to ask in the request."""
    write_scenario(micro(), tmp_path / "scenario")
    assert concordat("plan", tmp_path / "scenario", "--out", tmp_path / "plan", "--server", server) == 0
    operation = re.search(r"operations/[0-9a-z-]+", capsys.readouterr().err)
    assert operation is not None
    later = ("download", operation[0], "--server", server, "--out", tmp_path / "later", "--solver-logs")
    assert concordat(*later) == 2
    assert "ask for them in the request" in capsys.readouterr().err
    assert not (tmp_path / "later").exists()


def test_a_killed_worker_leaves_what_its_solvers_told(tmp_path: Path) -> None:
    """A run whose process is killed fails, and its logs up to then can be fetched."""
    write_scenario(middling_scenario(5), tmp_path / "scenario")
    settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0"), data=tmp_path / "data", runtime="local")
    runtime = make_runtime("local")

    async def visit() -> PlanRecord:
        async with (
            running_gateway(settings, lambda _: runtime) as address,
            PlanningClient(ServerAddress(address)) as client,
        ):
            asked = PlanningParameters(gap=0.0, solver_logs=True)
            plan = (await client.create(await client.upload(tmp_path / "scenario"), asked)).plan
            async for step in client.watch(plan):
                if step.progress is not None and step.progress.value is not None and not step.record.done:
                    for worker in runtime._workers.values():
                        worker.kill()
                record = step.record
            await client.save_solver_logs(plan, tmp_path / "kept")
            return record

    record = asyncio.run(asyncio.wait_for(visit(), 120))
    assert isinstance(record.ending, PlanFailed)
    assert record.request.solver_logs
    assert "Running HiGHS" in (tmp_path / "kept" / SOLVER_LOGS / "coordinator.log").read_text(encoding="utf-8")


def test_asking_for_logs_is_another_request(tmp_path: Path) -> None:
    """Under one request id logs cannot be asked for afterwards; without them a request is what it always was."""
    write_scenario(small_scenario(), tmp_path / "scenario")

    async def visit() -> None:
        async with gateway(tmp_path / "data") as knock:
            stored = await knock.client.upload(tmp_path / "scenario")
            plan = (await knock.client.create(stored, PlanningParameters(), request_id="r")).plan
            with pytest.raises(RequestConflict):
                await knock.client.create(stored, LOGGED, request_id="r")
            await seen(knock, plan)
            logged = (await knock.client.create(stored, LOGGED, request_id="s")).plan
            assert (await seen(knock, logged))[-1].record.request.solver_logs
            assert [asked.solver_logs for _, asked in knock.runtime.received] == [False, True]
            with pytest.raises(NotFound, match="before any solver was asked"):
                await knock.client.save_solver_logs(logged, tmp_path / "out")

    asyncio.run(asyncio.wait_for(visit(), 60))


def test_partners_do_not_get_them(tmp_path: Path) -> None:
    """Logs tell of all partners, so that one of them is refused, whatever else it may see of the plan."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    partner = str(small_scenario()["partners"]["partner"][0])

    async def visit(knock: GuardedKnock) -> None:
        erp, planner = await knock.as_role("erp_integrator"), await knock.as_role("planner")
        plan = (await erp.create(await erp.upload(tmp_path / "scenario"), LOGGED)).plan
        etag = [step async for step in erp.watch(plan)][-1].record.etag
        await planner.accept(plan, etag, accepted_by="")
        seen_by_partner = await knock.as_partner(partner)
        assert (await seen_by_partner.plans(5))[0].plan == plan
        await refused(lambda: seen_by_partner.save_solver_logs(plan, tmp_path / "out"))

    async def refused(ask: Callable[[], Awaitable[object]]) -> None:
        with pytest.raises(PermissionDenied, match="all partners"):
            await ask()

    at_guarded(tmp_path / "data", token_door(tmp_path / "keys"), visit)


def test_logs_beside_a_plan_go_with_it(tmp_path: Path) -> None:
    """A plan folder that is removed or begun anew leaves no logs of an earlier run behind."""
    plans = PlanFolders(tmp_path / "plans")
    for forget in (plans.remove, plans.prepare):
        folder = open_solver_logs(Path(plans.prepare("p-1")))
        (folder / "coordinator.log").write_text("told", encoding="utf-8")
        assert [name for name, _ in plans.solver_logs("p-1")] == ["coordinator.log"]
        forget("p-1")
        assert list(plans.solver_logs("p-1")) == []
        assert not folder.exists()
