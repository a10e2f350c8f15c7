"""What a client that is not ours sees: plain gRPC with rich errors, health, reflection, deadlines and TLS."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from cluster.gateway import running_gateway
from cluster.settings import GatewaySettings
from planner.adapters.plan_folder import write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.client.connection import ServerAddress
from planner.client.planning_client import PlanningClient
from planner.client.retry import ONCE
from planner.domain.errors import InvalidRequest, ServerUnavailable, TooManyCalls
from planner.ports.planning_runtime import PlanningParameters
from planner.service.server import SERVICE, DoorSettings
from planner.simulation.scripted_runtime import Script, ScriptedRuntime
from planner.wire.v1 import planning_service_pb2 as messages
from planner.wire.v1 import scenario_pb2
from planner.wire.v1.planning_service_pb2_grpc import PlanningServiceStub
from tests.gateway import LONG, Knock, at, seen
from tests.scenario_builder import small_scenario, with_table


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


def details(error: grpc.aio.AioRpcError) -> list[Any]:
    """Return the packed details of a rich error."""
    status = rpc_status.from_call(error)
    assert status is not None
    return list(status.details)


def unpacked(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    """Return the detail of a kind."""
    message = kind()
    assert any(detail.Unpack(message) for detail in details(error))
    return message


def test_errors_carry_a_stable_reason(data: Path) -> None:
    """A refused call has the right code and an ErrorInfo whose reason clients can rely on."""

    async def visit(knock: Knock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = PlanningServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.GetPlan(messages.GetPlanRequest(name="plans/none"))
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
            info = unpacked(refused.value, error_details_pb2.ErrorInfo)
            assert (info.reason, info.domain) == ("NOT_FOUND", "concordat")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.ListPlans(messages.ListPlansRequest(page_size=-1))
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            violations = unpacked(refused.value, error_details_pb2.BadRequest).field_violations
            assert [violation.field for violation in violations] == ["page_size"]

    at(data, None, visit)


def test_hundreds_of_findings_fit_into_a_default_client(data: Path, tmp_path: Path) -> None:
    """The trailer holds the first findings and their number, the pages of ListFindings hold all."""
    orders = small_scenario()["orders"]
    many = orders.sample(300, with_replacement=True, seed=1)
    write_scenario(with_table(small_scenario(), "orders", many), tmp_path / "wrong")

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(tmp_path / "wrong")
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = PlanningServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.CreatePlan(messages.CreatePlanRequest(scenario=f"scenarios/{stored}"))
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            violations = unpacked(refused.value, error_details_pb2.BadRequest).field_violations
            assert 10 <= len(violations) <= 50
            assert violations[0].field.startswith("orders[")
            total = int(unpacked(refused.value, error_details_pb2.ErrorInfo).metadata["findings"])
            found, token = [], ""
            while not found or token:
                page = await stub.ListFindings(
                    scenario_pb2.ListFindingsRequest(parent=f"scenarios/{stored}", page_size=100, page_token=token)
                )
                found.extend(page.findings)
                token = page.next_page_token
            assert len(found) == total == page.total_size > 100

    at(data, None, visit)


def test_health_and_reflection_are_served(data: Path) -> None:
    """Standard tools can ask whether it serves and what it offers."""

    async def visit(knock: Knock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE))
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            asked = reflection_pb2.ServerReflectionRequest(list_services="")
            call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked]))
            answer = await call.read()
            assert SERVICE in {service.name for service in answer.list_services_response.service}
            call.cancel()

    at(data, None, visit)


def test_a_deadline_ends_the_watch_and_not_the_plan(data: Path, scenario: Path) -> None:
    """A watch with a deadline ends at it, while the plan goes on."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = PlanningServiceStub(channel)
            operation = await stub.CreatePlan(messages.CreatePlanRequest(scenario=f"scenarios/{stored}"))
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                async for _ in stub.WatchPlan(messages.WatchPlanRequest(name=operation.name), timeout=0.3):
                    pass
            assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            again = await stub.GetOperation(messages.GetOperationRequest(name=operation.name))
            assert not again.done
            assert not again.plan.cancel_requested

    at(data, LONG, visit)


def test_absent_parameters_have_their_documented_defaults(data: Path, scenario: Path) -> None:
    """A request without parameters is planned with the defaults of the contract."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            stub = PlanningServiceStub(channel)
            operation = await stub.CreatePlan(messages.CreatePlanRequest(scenario=f"scenarios/{stored}"))
            assert (operation.plan.parameters.gap, operation.plan.parameters.hosts) == (1e-4, 2)
            assert not operation.plan.parameters.HasField("time_limit")
            assert not operation.plan.parameters.HasField("work_limit")
            await seen(knock, operation.name.partition("/")[2])

    at(data, None, visit)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gap", -1.0),
        ("gap", float("nan")),
        ("work_limit", 0),
        ("work_limit", -1),
        ("hosts", 0),
        ("hosts", 257),
        ("seed", -1),
    ],
)
def test_parameters_out_of_range_are_refused(data: Path, scenario: Path, field: str, value: float) -> None:
    """A parameter without meaning is an invalid request, not a failed plan."""

    async def visit(knock: Knock) -> None:
        stored = await knock.client.upload(scenario)
        async with grpc.aio.insecure_channel(knock.address) as channel:
            request = messages.CreatePlanRequest(scenario=f"scenarios/{stored}")
            setattr(request.parameters, field, value)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await PlanningServiceStub(channel).CreatePlan(request)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    at(data, None, visit)


def test_a_message_beyond_the_limit_is_refused(data: Path) -> None:
    """A part of five megabytes does not get into the server's memory."""

    async def visit(knock: Knock) -> None:
        async with grpc.aio.insecure_channel(knock.address) as channel:
            part = scenario_pb2.UploadScenarioRequest(file="orders.csv", data=b"x" * (5 << 20))
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await PlanningServiceStub(channel).UploadScenario(iter([part]))
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    at(data, None, visit)


def test_calls_beyond_the_maximum_are_refused(data: Path, scenario: Path) -> None:
    """A server that is busy with as many calls as it bears says so at once, and when to come back."""

    async def run() -> None:
        settings = GatewaySettings(door=DoorSettings(listen="127.0.0.1:0", max_calls=1), data=data)
        runtime = ScriptedRuntime(LONG, write_plan)
        async with (
            running_gateway(settings, lambda _: runtime) as address,
            PlanningClient(ServerAddress(address), retry=ONCE) as client,
        ):
            asked = await client.create(await client.upload(scenario), PlanningParameters())
            watch = client.watch(asked.plan)
            await anext(watch)
            # More than a second's refusals of a door that holds some back: this one has no client to slow down.
            refused = await asyncio.gather(*(client.plan(asked.plan) for _ in range(30)), return_exceptions=True)
            assert {type(error) for error in refused} == {TooManyCalls}
            assert "as many as this server takes" in str(refused[0])
            assert all(isinstance(error, TooManyCalls) and error.retry_seconds > 0 for error in refused)
            await watch.aclose()
            async with PlanningClient(ServerAddress(address)) as patient:
                assert (await patient.plan(asked.plan)).record.plan == asked.plan

    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.168.1.5:50051", "example.org:443"])
def test_beyond_loopback_tls_is_a_must(listen: str) -> None:
    """Without certificate and key an address that others can reach is refused."""
    with pytest.raises(InvalidRequest, match="TLS"):
        DoorSettings(listen=listen)


@pytest.mark.parametrize("listen", ["127.0.0.1", "localhost:x", ":50051", "127.0.0.1:70000"])
def test_an_address_needs_host_and_port(listen: str) -> None:
    """Half an address is refused with the form it should have."""
    with pytest.raises(InvalidRequest, match="host:port"):
        DoorSettings(listen=listen)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    """One of the two TLS files alone is refused."""
    with pytest.raises(InvalidRequest, match="both"):
        DoorSettings(listen="127.0.0.1:0", tls_cert=tmp_path / "cert.pem")


def test_a_taken_port_is_told(data: Path, tmp_path: Path) -> None:
    """A second server on one port says that the address cannot be taken."""

    async def visit(knock: Knock) -> None:
        settings = GatewaySettings(door=DoorSettings(listen=knock.address), data=tmp_path / "other")
        with pytest.raises(ServerUnavailable, match="cannot be listened on"):
            async with running_gateway(settings, lambda _: knock.runtime):
                raise AssertionError("two servers on one port")

    at(data, None, visit)


def test_over_tls_planning_is_the_same(data: Path, scenario: Path, tmp_path: Path) -> None:
    """With a certificate clients who trust it are served, and plain ones are not."""
    cert, key = certificate(tmp_path)

    async def run() -> None:
        door = DoorSettings(listen="127.0.0.1:0", tls_cert=cert, tls_key=key)
        runtime = ScriptedRuntime(Script(), write_plan)
        async with running_gateway(GatewaySettings(door=door, data=data), lambda _: runtime) as address:
            async with PlanningClient(ServerAddress(address, cert)) as client:
                assert await client.upload(scenario)
            async with PlanningClient(ServerAddress(address)) as plain:
                with pytest.raises(ServerUnavailable):
                    await plain.plan("p")

    asyncio.run(asyncio.wait_for(run(), 60))


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography makes the certificate of this test")
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "concordat test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"
