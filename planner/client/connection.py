"""The channel to a server: plain on loopback, TLS everywhere else."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc

from planner.client.credentials import NOTHING, Credentials
from planner.domain.errors import InvalidRequest

LARGEST_MESSAGE = 4 << 20
_OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    # A server that comes back is found within seconds; by default the waits grow to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A machine that vanished sends no goodbye: ask it now and then.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """``host:port`` of a server, the PEM file of the authority that signed it (else the system's are trusted), and what
    a guarded server knows the client by.
    """

    address: str
    tls_ca: Path | None = None
    credentials: Credentials = NOTHING

    def __post_init__(self) -> None:
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise InvalidRequest(f"a server is named as host:port, got {self.address!r}", "server")

    def channel(self) -> grpc.aio.Channel:
        """Return a channel; it connects when it is first used.

        Raises
        ------
        InvalidRequest
            If a file of the authority or of the credentials cannot be read.
        """
        interceptors, plain = self.credentials.interceptors(), self.tls_ca is None and self.credentials.key is None
        if plain and _is_loopback(self.address.rpartition(":")[0]):
            return grpc.aio.insecure_channel(self.address, options=_OPTIONS, interceptors=interceptors)
        secured = self.credentials.channel_credentials(self.tls_ca)
        return grpc.aio.secure_channel(self.address, secured, options=_OPTIONS, interceptors=interceptors)


def _is_loopback(host: str) -> bool:
    bare = host.strip("[]")
    try:
        return bare == "localhost" or ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
