"""A guarded door over real sockets: who is let in, what is decided before a request is read, and what is recorded."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from planner.adapters.audit_log_sqlite import SqliteAuditLog
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.credentials import Credentials
from planner.client.errors import business_error
from planner.client.planning_client import PlanningClient
from planner.domain.errors import (
    AuditUnavailable,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ServerUnavailable,
    StorageFailure,
    TooManyCalls,
    Unauthenticated,
)
from planner.governance.access import SCHEMA, AccessPolicies
from planner.governance.audit_chain import chain_flaws
from planner.ports.audit_log import AuditEntry
from planner.ports.planning_runtime import PlanningParameters
from planner.service.server import SERVICE, DoorSettings
from planner.wire.v1 import agent_pb2
from planner.wire.v1 import planning_service_pb2 as messages
from planner.wire.v1.agent_pb2_grpc import AgentServiceStub
from planner.wire.v1.planning_service_pb2_grpc import PlanningServiceStub
from tests.door_keys import Authority, token, token_door
from tests.guarded_gateway import GuardedKnock, at_guarded
from tests.scenario_builder import small_scenario


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the data folder of a server."""
    return tmp_path / "data"


@pytest.fixture
def door(tmp_path: Path) -> DoorSettings:
    """Return a door that takes tokens."""
    return token_door(tmp_path / "keys")


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the folder of a small valid scenario."""
    write_scenario(small_scenario(), tmp_path / "scenario")
    return tmp_path / "scenario"


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "nonsense",
        token("p", "planner", kid="other"),
        token("p", "planner", aud="somebody else"),
        token("p", "planner", exp=1),
    ],
    ids=["none", "nonsense", "unknown key", "for others", "expired"],
)
def test_nobody_unknown_is_let_in(data: Path, door: DoorSettings, shown: str) -> None:
    """Without a token that holds every method is refused, and each try is recorded."""

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.client(shown)
        with pytest.raises(Unauthenticated):
            await client.plans(10)
        with pytest.raises(Unauthenticated):
            await client.cancel("p")
        assert [(each.decision, each.method) for each in knock.audited()] == [
            ("unauthenticated", "ListPlans"),
            ("unauthenticated", "CancelPlan"),
        ]

    at_guarded(data, door, visit)


def test_a_plan_is_made_and_accepted_by_whom_the_token_names(data: Path, door: DoorSettings, scenario: Path) -> None:
    """The integrator has a plan made, the planner accepts it under its own name, and nobody under another one."""

    async def visit(knock: GuardedKnock) -> None:
        erp, planner = await knock.as_role("erp_integrator"), await knock.as_role("planner", "petra")
        stored = await erp.upload(scenario)
        plan = (await erp.create(stored, PlanningParameters())).plan
        record = [step async for step in erp.watch(plan)][-1].record
        with pytest.raises(PermissionDenied):
            await erp.accept(plan, record.etag, accepted_by="")
        with pytest.raises(InvalidRequest, match="somebody else"):
            await planner.accept(plan, record.etag, accepted_by="paul")
        accepted = await planner.accept(plan, record.etag, accepted_by="")
        assert accepted.acceptance is not None
        assert accepted.acceptance.accepted_by == "petra"
        last = knock.audited()[-1]
        assert (last.principal, last.method, last.resource, last.decision) == (
            "petra",
            "AcceptPlan",
            f"plans/{plan}",
            "allow",
        )
        assert last.reason == "planner-plans"

    at_guarded(data, door, visit)


def test_the_record_names_the_agents_that_operators_steer(data: Path, door: DoorSettings) -> None:
    """Whoever retires an agent or upgrades a kind of them leaves a row that says which, also where there is none."""

    async def visit(knock: GuardedKnock) -> None:
        shown = (("authorization", f"Bearer {token('otto', 'operator')}"),)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = AgentServiceStub(channel)
            for call in (
                stub.RetireAgent(agent_pb2.RetireAgentRequest(name="agents/plant:P0", reason="sold"), metadata=shown),
                stub.UpgradeAgents(agent_pb2.UpgradeAgentsRequest(kind="plant", version=99), metadata=shown),
            ):
                with pytest.raises(grpc.aio.AioRpcError):
                    await call
        assert {(each.principal, each.method, each.resource, each.decision) for each in knock.audited()} == {
            ("otto", "RetireAgent", "agents/plant:P0", "allow"),
            ("otto", "UpgradeAgents", "plant", "allow"),
        }

    at_guarded(data, door, visit)


def test_a_denial_says_nothing_of_what_exists(data: Path, door: DoorSettings, scenario: Path) -> None:
    """A partner is told the same, to the byte, of a plan of others, of none, and of a name that is no name."""

    async def visit(knock: GuardedKnock) -> None:
        planner = await knock.as_role("planner")
        plan = (await planner.create(await planner.upload(scenario), PlanningParameters())).plan
        shown = (("authorization", f"Bearer {token('x', 'partner', partner='dist-a')}"),)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub, told = PlanningServiceStub(channel), set()
            for name in (f"plans/{plan}", "plans/none", "", "scenarios/x", "plans/a/b", "x" * 1000):
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await stub.GetPlan(messages.GetPlanRequest(name=name), metadata=shown)
                trailer = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
                told.add((refused.value.code(), refused.value.details(), trailer))
            assert len(told) == 1
            assert next(iter(told))[0] is grpc.StatusCode.PERMISSION_DENIED
            with pytest.raises(NotFound):
                await planner.plan("none")

    at_guarded(data, door, visit)


def test_what_nobody_may_call_is_not_even_read(data: Path, door: DoorSettings) -> None:
    """Bytes that are no message are a wrong request to those who may call, and a denial to others."""

    async def visit(knock: GuardedKnock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            call = channel.unary_unary(f"/{SERVICE}/AcceptPlan")
            codes = {}
            for role in ("planner", "auditor"):
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await call(b"\xff\xff\xff", metadata=(("authorization", f"Bearer {token('x', role)}"),))
                codes[role] = refused.value.code()
        assert codes == {
            "planner": grpc.StatusCode.INVALID_ARGUMENT,
            "auditor": grpc.StatusCode.PERMISSION_DENIED,
        }

    at_guarded(data, door, visit)


def test_a_guarded_door_answers_health_and_hides_its_contract(data: Path, door: DoorSettings) -> None:
    """Probes need no credentials; what would hold a place without any, and reflection, are not offered."""

    async def visit(knock: GuardedKnock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE))
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()).read()
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
            asked = reflection_pb2.ServerReflectionRequest(list_services="")
            call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked]))
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call.read()
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED

    at_guarded(data, door, visit)


def test_a_caller_without_any_role_may_do_nothing(data: Path, door: DoorSettings) -> None:
    """A known caller whose roles mean nothing here is denied, not unknown."""

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.client(token("somebody", "janitor"))
        with pytest.raises(PermissionDenied):
            await client.plans(1)

    at_guarded(data, door, visit)


def test_what_cannot_be_recorded_is_not_done(data: Path, door: DoorSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the audit log cannot be written nobody is served, and once it can be everybody is again."""

    def broken(_self: SqliteAuditLog, _entries: Sequence[AuditEntry]) -> None:
        raise StorageFailure("the disk is full")

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.as_role("planner")
        with monkeypatch.context() as patched:
            patched.setattr(SqliteAuditLog, "append", broken)
            with pytest.raises(AuditUnavailable):
                await client.plans(1)
        assert await client.plans(1) == ()

    at_guarded(data, door, visit)


def test_who_calls_too_often_is_told_when_to_come_back(data: Path, tmp_path: Path) -> None:
    """A caller that used up its calls gets RESOURCE_EXHAUSTED with RetryInfo, while another one is served."""
    door = token_door(tmp_path / "keys", rate=0.5, rate_burst=3)

    async def visit(knock: GuardedKnock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub, shown = PlanningServiceStub(channel), (("authorization", f"Bearer {token('busy', 'planner')}"),)
            for _ in range(3):
                await stub.ListPlans(messages.ListPlansRequest(), metadata=shown)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.ListPlans(messages.ListPlansRequest(), metadata=shown)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        wait = error_details_pb2.RetryInfo()
        status = rpc_status.from_call(refused.value)
        assert any(detail.Unpack(wait) for detail in status.details)
        assert 0 < wait.retry_delay.ToNanoseconds() <= 2e9
        translated = business_error(refused.value, knock.address)
        assert isinstance(translated, TooManyCalls)
        assert translated.retry_seconds == wait.retry_delay.ToNanoseconds() / 1e9
        assert await (await knock.as_role("planner", "quiet")).plans(1) == ()

    at_guarded(data, door, visit)


def test_an_open_door_counts_addresses_where_told(tmp_path: Path) -> None:
    """Without identities calls are counted by address, and the client says that there were too many."""
    door = DoorSettings(listen="127.0.0.1:0", rate=0.1, rate_burst=2)

    async def visit(knock: GuardedKnock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub, codes = PlanningServiceStub(channel), []
            for _ in range(3):
                try:
                    await stub.ListPlans(messages.ListPlansRequest())
                    codes.append(grpc.StatusCode.OK)
                except grpc.aio.AioRpcError as error:
                    codes.append(error.code())
            assert codes == [grpc.StatusCode.OK] * 2 + [grpc.StatusCode.RESOURCE_EXHAUSTED]

    at_guarded(tmp_path / "data", door, visit)


def test_certificates_name_their_callers(tmp_path: Path) -> None:
    """With mTLS the certificate's name is the caller; strangers' certificates and none are not let in."""
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    server = authority.certificate("server", "127.0.0.1")
    callers = tmp_path / "callers.toml"
    callers.write_text('["erp.example"]\nroles = ["erp_integrator"]\n', encoding="utf-8")
    door = DoorSettings(
        listen="127.0.0.1:0",
        tls_cert=server[0],
        tls_key=server[1],
        tls_client_ca=authority.file,
        tls_callers=callers,
    )
    known = authority.certificate("known", "erp.example", "spiffe://example/erp")
    unlisted = authority.certificate("unlisted", "other.example")
    foreign = stranger.certificate("foreign", "erp.example")

    async def visit(knock: GuardedKnock) -> None:
        async def plans(credentials: Credentials) -> object:
            async with PlanningClient(ServerAddress(knock.address, authority.file, credentials)) as client:
                return await asyncio.wait_for(client.plans(1), 2)

        assert await plans(Credentials(certificate=known[0], key=known[1])) == ()
        with pytest.raises(Unauthenticated, match="nobody known"):
            await plans(Credentials(certificate=unlisted[0], key=unlisted[1]))
        with pytest.raises(Unauthenticated, match="no tokens"):
            await plans(Credentials(certificate=known[0], key=known[1], token=token("x", "planner")))
        for refused in (Credentials(certificate=foreign[0], key=foreign[1]), Credentials()):
            with pytest.raises((ServerUnavailable, TimeoutError)):
                await plans(refused)
        assert {(each.principal, each.decision) for each in knock.audited()} == {
            ("erp.example", "allow"),
            ("", "unauthenticated"),
        }

    at_guarded(tmp_path / "data", door, visit)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"listen": "0.0.0.0:0", "tls_cert": "c", "tls_key": "k"}, "from outside"),
        ({"tls_client_ca": "a", "tls_callers": "b"}, "need TLS"),
        ({"tls_client_ca": "a", "tls_cert": "c", "tls_key": "k"}, "both"),
        ({"jwt_keys": "a", "jwt_issuer": "i"}, "audience"),
        ({"rate": 0.0}, "more than 0"),
        ({"rate_burst": 0}, "at least 1"),
    ],
)
def test_a_door_is_guarded_as_a_whole_or_stays_at_home(options: dict[str, object], told: str) -> None:
    """Half a guard, and an address that others reach without one, are refused before anything listens."""
    paths = {
        name: Path(str(value)) if name.startswith(("tls", "jwt_keys")) else value for name, value in options.items()
    }
    with pytest.raises(InvalidRequest, match=told):
        DoorSettings(**paths)


def test_a_token_says_who_calls_over_a_connection_with_a_certificate(tmp_path: Path) -> None:
    """Where both are asked for, the certificate opens the connection and a token, where sent, names the caller."""
    authority = Authority(tmp_path)
    server, mesh = authority.certificate("server", "127.0.0.1"), authority.certificate("mesh", "mesh.example")
    callers = tmp_path / "callers.toml"
    callers.write_text('["mesh.example"]\nroles = ["operator"]\n', encoding="utf-8")
    door = token_door(
        tmp_path / "keys",
        tls_cert=server[0],
        tls_key=server[1],
        tls_client_ca=authority.file,
        tls_callers=callers,
    )
    file = tmp_path / "token"
    file.write_text(token("petra", "planner") + "\n", encoding="utf-8")

    async def visit(knock: GuardedKnock) -> None:
        for credentials, refused in (
            (Credentials(certificate=mesh[0], key=mesh[1], token_file=file), NotFound),
            (Credentials(certificate=mesh[0], key=mesh[1]), PermissionDenied),
            (Credentials(certificate=mesh[0], key=mesh[1], token="nonsense"), Unauthenticated),  # noqa: S106 - it is none
        ):
            async with PlanningClient(ServerAddress(knock.address, authority.file, credentials)) as client:
                with pytest.raises(refused):
                    await client.accept("none", "etag", accepted_by="")
        assert [(each.identity, each.principal) for each in knock.audited()] == [
            ("token", "petra"),
            ("certificate", "mesh.example"),
            ("", ""),
        ]

    at_guarded(tmp_path / "data", door, visit)


def test_a_policy_by_mistake_does_not_open_what_cannot_be_filtered(
    data: Path, door: DoorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Methods that do not know how to answer partners refuse them even where a policy permits everything."""
    generous = AccessPolicies("permit (principal, action, resource);", SCHEMA.read_text(encoding="utf-8"))
    monkeypatch.setattr("cluster.guarded_door.shipped_policies", lambda: generous)

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.as_partner("acme")
        for call in (client.plan("x"), client.cancel("x"), client.accept("x", "e", accepted_by="")):
            with pytest.raises(PermissionDenied):
                await call
        assert await client.plans(1) == ()

    at_guarded(data, door, visit)


def test_a_server_with_a_log_that_was_tampered_with_does_not_start(data: Path, door: DoorSettings) -> None:
    """Rows taken off the end of the audit log keep the next server from going on as if nothing had happened."""

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.as_role("planner")
        for _ in range(3):
            await client.plans(1)

    at_guarded(data, door, visit)
    with closing(sqlite3.connect(data / "audit.sqlite")) as table:
        table.execute("DROP TRIGGER audit_refuse_delete")
        table.execute("DELETE FROM audit WHERE sequence = 3")
        table.commit()
    with pytest.raises(StorageFailure, match="audit verify"):
        at_guarded(data, door, visit)


def test_concurrent_calls_share_writes_of_the_log(data: Path, door: DoorSettings) -> None:
    """Two hundred calls at once are all recorded, each before its answer, in a chain that holds."""

    async def visit(knock: GuardedKnock) -> None:
        client = await knock.as_role("planner")
        await asyncio.gather(*(client.plans(1) for _ in range(200)))
        log = SqliteAuditLog(knock.data, read_only=True)
        assert chain_flaws(log.rows(), log.head()) == []
        assert len(list(log.rows())) == 200
        log.close()

    at_guarded(data, door, visit)
