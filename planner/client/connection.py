"""The channel to a server: plain on loopback, TLS everywhere else."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc

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
    """``host:port`` of a server, and the PEM file of the authority that signed it (else the system's are trusted)."""

    address: str
    tls_ca: Path | None = None

    def __post_init__(self) -> None:
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise InvalidRequest(f"a server is named as host:port, got {self.address!r}", "server")

    def channel(self) -> grpc.aio.Channel:
        """Return a channel; it connects when it is first used.

        Raises
        ------
        InvalidRequest
            If the authority's file cannot be read.
        """
        if self.tls_ca is None and _is_loopback(self.address.rpartition(":")[0]):
            return grpc.aio.insecure_channel(self.address, options=_OPTIONS)
        try:
            roots = None if self.tls_ca is None else self.tls_ca.read_bytes()
        except OSError as error:
            raise InvalidRequest(f"{self.tls_ca} cannot be read: {error.strerror}", "tls_ca") from error
        return grpc.aio.secure_channel(self.address, grpc.ssl_channel_credentials(roots), options=_OPTIONS)


def _is_loopback(host: str) -> bool:
    bare = host.strip("[]")
    try:
        return bare == "localhost" or ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
