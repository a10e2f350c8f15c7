"""The gRPC server: where it listens, what it bears, how it stops."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from planner.domain.errors import InvalidRequest, ServerUnavailable
from planner.service.access_throttle import MOST_HELD
from planner.service.agent_servicer import AGENT_SERVICE, AgentServicer
from planner.service.error_interceptor import ErrorInterceptor
from planner.service.planning_servicer import PlanningServicer
from planner.service.rate_bucket import Rate
from planner.service.server_status_servicer import STATUS_SERVICE, ServerStatusServicer
from planner.service.what_if_servicer import WHAT_IF_SERVICE, WhatIfServicer
from planner.wire.v1 import (
    agent_pb2_grpc,
    planning_service_pb2,
    planning_service_pb2_grpc,
    server_status_pb2_grpc,
    what_if_pb2_grpc,
)

SERVICE = planning_service_pb2.DESCRIPTOR.services_by_name["PlanningService"].full_name
LARGEST_MESSAGE = 4 << 20
"""Bytes of a message, as sent and as inflated where it was sent compressed."""

_KEEPALIVE_MS = 20_000
_GUARDED_RATE = 50.0
_CLIENTS_AT_LEAST = 4
"""That many clients it takes to fill a guarded door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """Where and how the server listens.

    ``listen`` is ``host:port``, port 0 picks a free one. Without ``tls_cert`` and ``tls_key`` (PEM files) only
    loopback addresses are served, since requests and plans would cross the network readable and changeable.
    ``max_calls`` calls are served at a time, watching included; further ones are refused as RESOURCE_EXHAUSTED, with
    advice when to come back.

    With ``tls_client_ca`` (PEM) every client shows a certificate of that authority, and ``tls_callers`` (TOML) says who
    they are. With ``jwt_keys`` (JWKS or PEM) callers send tokens of ``jwt_issuer`` for ``jwt_audience``. Either makes
    the door a guarded one: it serves nobody whom it does not know. Beyond loopback a door is guarded.

    ``rate`` calls a second are served per client, ``rate_burst`` at once; where it is not given, a guarded door takes
    50 and one that is open counts nobody. ``max_calls_each`` calls of one client are served at a time; where it is not
    given, a guarded door takes a quarter of ``max_calls`` and one that is open sets no other limit.
    """

    listen: str = "127.0.0.1:50051"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tls_callers: Path | None = None
    jwt_keys: Path | None = None
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    rate: float | None = None
    rate_burst: int = 100
    max_calls: int = 256
    max_calls_each: int | None = None

    def __post_init__(self) -> None:
        host, separator, port = self.listen.rpartition(":")
        if not separator or not host or not port.isdigit() or int(port) > 65535:
            raise InvalidRequest(f"the address to listen on must be host:port, got {self.listen!r}", "listen")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InvalidRequest("TLS needs both a certificate and its key: give --tls-cert and --tls-key", "tls_cert")
        if self.tls_cert is None and not is_loopback(host):
            raise InvalidRequest(
                f"{self.listen} can be reached from outside, and without TLS anybody could read and change plans: "
                "listen on 127.0.0.1, or give --tls-cert and --tls-key",
                "listen",
            )
        for name, calls in (("max_calls", self.max_calls), ("max_calls_each", self.max_calls_each)):
            if calls is not None and calls < 1:
                raise InvalidRequest(f"a door serves at least 1 call at a time, got {name} {calls}", name)
        self._check_identity(host)
        Rate(per_second=_GUARDED_RATE if self.rate is None else self.rate, burst=self.rate_burst)

    @property
    def guarded(self) -> bool:
        """Whether the door serves only those it knows."""
        return self.tls_client_ca is not None or self.jwt_keys is not None

    @property
    def limit(self) -> Rate | None:
        """How often one client may call; nothing where nobody is counted."""
        if self.rate is None and not self.guarded:
            return None
        return Rate(per_second=_GUARDED_RATE if self.rate is None else self.rate, burst=self.rate_burst)

    @property
    def calls_each(self) -> int | None:
        """How many calls of one client are served at a time; nothing where only ``max_calls`` limits them."""
        if self.max_calls_each is None and self.guarded:
            return max(1, self.max_calls // _CLIENTS_AT_LEAST)
        return self.max_calls_each

    def _check_identity(self, host: str) -> None:
        if (self.tls_client_ca is None) != (self.tls_callers is None):
            raise InvalidRequest(
                "client certificates need both their authority and who their names are: give --tls-client-ca and "
                "--tls-callers",
                "tls_client_ca",
            )
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise InvalidRequest("client certificates need TLS: give --tls-cert and --tls-key", "tls_client_ca")
        if len({part is None for part in (self.jwt_keys, self.jwt_audience, self.jwt_issuer)}) > 1:
            raise InvalidRequest(
                "tokens need keys, audience and issuer: give --jwt-keys, --jwt-audience and --jwt-issuer", "jwt_keys"
            )
        if not self.guarded and not is_loopback(host):
            raise InvalidRequest(
                f"{self.listen} can be reached from outside, and anybody who reaches it could read and change "
                "plans: give --tls-client-ca and --tls-callers, or --jwt-keys, --jwt-audience and --jwt-issuer",
                "listen",
            )

    @property
    def host(self) -> str:
        """The host part of ``listen``."""
        return self.listen.rpartition(":")[0]


def is_loopback(host: str) -> bool:
    """Say whether a host can only be reached from its own machine."""
    bare = host.strip("[]")
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


class PlanningServer:
    """A grpc.aio server with planning, health and reflection.

    Interceptors that watch stand ``outside`` of the translation of errors and see every call with the status it ended
    with; those that refuse stand ``inside`` and raise errors of the business.
    """

    def __init__(
        self,
        servicer: PlanningServicer,
        settings: DoorSettings,
        *,
        status: ServerStatusServicer | None = None,
        agents: AgentServicer | None = None,
        what_if: WhatIfServicer | None = None,
        outside: Sequence[grpc.aio.ServerInterceptor] = (),
        inside: Sequence[grpc.aio.ServerInterceptor] = (),
    ) -> None:
        self._settings = settings
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            interceptors=[*outside, ErrorInterceptor(), *inside],
            # What gRPC itself refuses gets no advice: it is left what is beyond all that is being refused.
            maximum_concurrent_rpcs=settings.max_calls + MOST_HELD,
            options=[
                ("grpc.max_receive_message_length", LARGEST_MESSAGE),
                ("grpc.max_send_message_length", LARGEST_MESSAGE),
                ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
                ("grpc.http2.min_ping_interval_without_data_ms", _KEEPALIVE_MS // 4),
                ("grpc.so_reuseport", 0),  # two servers on one port would each get half of the calls
            ],
        )
        # The code that protoc writes has no types.
        planning_service_pb2_grpc.add_PlanningServiceServicer_to_server(servicer, self._server)  # type: ignore[no-untyped-call]
        self._services = [SERVICE]
        if status is not None:
            server_status_pb2_grpc.add_ServerStatusServiceServicer_to_server(status, self._server)  # type: ignore[no-untyped-call]
            self._services.append(STATUS_SERVICE)
        if agents is not None:
            agent_pb2_grpc.add_AgentServiceServicer_to_server(agents, self._server)  # type: ignore[no-untyped-call]
            self._services.append(AGENT_SERVICE)
        if what_if is not None:
            what_if_pb2_grpc.add_WhatIfServiceServicer_to_server(what_if, self._server)  # type: ignore[no-untyped-call]
            self._services.append(WHAT_IF_SERVICE)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if not settings.guarded:  # a guarded door tells strangers nothing; the contract is public elsewhere
            told = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(told, self._server)

    def bind(self) -> str:
        """Take the address and return it, with the port that was picked; calls wait until :meth:`start`.

        Raises
        ------
        InvalidRequest
            If the certificate or key cannot be read.
        ServerUnavailable
            If the address cannot be taken.
        """
        settings = self._settings
        credentials = None if settings.tls_cert is None else _credentials(settings)
        try:
            if credentials is None:
                port = self._server.add_insecure_port(settings.listen)
            else:
                port = self._server.add_secure_port(settings.listen, credentials)
        except RuntimeError as error:
            raise ServerUnavailable(
                f"{settings.listen} cannot be listened on: {error}; another server may hold the port, or the "
                "certificate does not fit its key"
            ) from error
        return f"{settings.host}:{port}"

    async def start(self) -> None:
        """Serve, and say so to those who ask for the server's health."""
        await self._server.start()
        for service in ("", *self._services):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more calls, let the short ones end, and break off the rest after the grace."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)


def _credentials(settings: DoorSettings) -> grpc.ServerCredentials:
    if settings.tls_cert is None or settings.tls_key is None:
        raise InvalidRequest("TLS needs both a certificate and its key", "tls_cert")
    authority = settings.tls_client_ca
    try:
        return grpc.ssl_server_credentials(
            [(settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())],
            root_certificates=None if authority is None else authority.read_bytes(),
            require_client_auth=authority is not None,
        )
    except OSError as error:
        raise InvalidRequest(f"TLS file {error.filename} cannot be read: {error.strerror}", "tls_cert") from error
