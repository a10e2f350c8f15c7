"""What-if questions at a guarded door: every method is let in and refused by role, and leaves its row in the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from planner.adapters.scenario_folder import write_scenario
from planner.governance.principal import ROLES
from planner.ports.audit_log import AuditEntry
from planner.service.server import DoorSettings
from planner.wire.v1 import what_if_pb2 as wire
from planner.wire.v1 import what_if_pb2_grpc
from tests.door_keys import token, token_door
from tests.guarded_gateway import GuardedKnock, at_guarded
from tests.planner.governance.test_access import MAY
from tests.scenario_builder import small_scenario
from tests.what_if_gateway import GRID, Scripted

METHODS = sorted(method.name for method in wire.DESCRIPTOR.services_by_name["WhatIfService"].methods)
EXECUTION = "whatIfJobs/none/executions/none"


@pytest.fixture
def door(tmp_path: Path) -> DoorSettings:
    """Return a door that takes tokens."""
    return token_door(tmp_path / "keys")


async def code(stub: Any, method: str, shown: str, **fields: Any) -> str:
    """Make a call to its end with a token (none if empty); return its status."""
    request = getattr(wire, f"{method}Request")(**fields)
    call = getattr(stub, method)(request, metadata=(("authorization", f"Bearer {shown}"),) if shown else ())
    try:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


def row(entry: AuditEntry) -> tuple[str, str, str, str]:
    """Return what a row says of who asked for what."""
    return entry.principal, entry.method, entry.resource, entry.decision


def about(method: str) -> dict[str, str]:
    """Return the fields of a request about something that is not there."""
    fields = wire.DESCRIPTOR.message_types_by_name[f"{method}Request"].fields_by_name
    if "scenario" in fields:
        return {"scenario": "scenarios/none"}
    job = method in {"RunWhatIfJob", "GetWhatIfJob", "DeleteWhatIfJob", "ListWhatIfExecutions"}
    named = next((field for field in ("name", "parent") if field in fields), None)
    return {} if named is None else {named: "whatIfJobs/none" if job else EXECUTION}


def test_every_role_is_let_in_or_refused_as_the_matrix_says(tmp_path: Path, door: DoorSettings) -> None:
    """Each method leaves one row for each role: what was asked for where it may be, and no more than a refusal else."""

    async def visit(knock: GuardedKnock) -> None:
        expected = []
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = what_if_pb2_grpc.WhatIfServiceStub(channel)
            for role in ROLES:
                shown = token(f"a-{role}", role, **({"partner": "acme"} if role == "partner" else {}))
                for method in METHODS:
                    may, fields = method in MAY[role], about(method)
                    assert (await code(stub, method, shown, **fields) == "PERMISSION_DENIED") is not may, (role, method)
                    asked = next(iter(fields.values()), "") if may else ""
                    expected.append((f"a-{role}", method, asked, "allow" if may else "deny"))
        assert [row(entry) for entry in knock.audited()] == expected

    at_guarded(tmp_path / "data", door, visit)


def test_nobody_unknown_asks_what_if(tmp_path: Path, door: DoorSettings) -> None:
    """Without a token every method is refused, and each try is recorded."""

    async def visit(knock: GuardedKnock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = what_if_pb2_grpc.WhatIfServiceStub(channel)
            assert [await code(stub, each, "", **about(each)) for each in METHODS] == ["UNAUTHENTICATED"] * len(METHODS)
        assert [row(entry) for entry in knock.audited()] == [("", each, "", "unauthenticated") for each in METHODS]

    at_guarded(tmp_path / "data", door, visit)


def test_the_record_tells_what_became_of_a_job(tmp_path: Path, door: DoorSettings) -> None:
    """From a job's creation to its end each step of its planner is a row that names it, with the policy that let it."""
    write_scenario(small_scenario(), tmp_path / "scenario")

    async def visit(knock: GuardedKnock) -> None:
        scenario = f"scenarios/{await (await knock.as_role('planner', 'petra')).upload(tmp_path / 'scenario')}"
        shown = (("authorization", f"Bearer {token('petra', 'planner')}"),)
        expected = [("petra", "UploadScenario", "", "allow")]

        def named(method: str, asked: str) -> None:
            expected.append(("petra", method, asked, "allow"))

        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = what_if_pb2_grpc.WhatIfServiceStub(channel)
            create = wire.CreateWhatIfJobRequest(scenario=scenario, grid=GRID)
            job = await stub.CreateWhatIfJob(create, metadata=shown)
            run = await stub.RunWhatIfJob(wire.RunWhatIfJobRequest(name=job.name), metadata=shown)
            named("CreateWhatIfJob", scenario)
            named("RunWhatIfJob", job.name)
            for method, field in (
                ("WatchWhatIfExecution", "name"),
                ("GetWhatIfExecution", "name"),
                ("ListWhatIfResults", "parent"),
                ("DownloadWhatIfResults", "name"),
                ("CancelWhatIfExecution", "name"),
            ):
                assert await code(stub, method, token("petra", "planner"), **{field: run.name}) == "OK"
                named(method, run.name)
            for method, field in (
                ("ListWhatIfExecutions", "parent"),
                ("GetWhatIfJob", "name"),
                ("DeleteWhatIfJob", "name"),
            ):
                assert await code(stub, method, token("petra", "planner"), **{field: job.name}) == "OK"
                named(method, job.name)
            assert await code(stub, "ListWhatIfJobs", token("petra", "planner")) == "OK"
            named("ListWhatIfJobs", "")
        audited = knock.audited()
        assert [row(entry) for entry in audited] == expected
        assert {entry.method for entry in audited} == {"UploadScenario", *METHODS}
        assert {entry.reason for entry in audited} == {"planner-plans"}

    at_guarded(tmp_path / "data", door, visit, make_case_runner=lambda _job, _base: Scripted())
