"""What a client proves itself by: a token with every call, a certificate with the connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc

from planner.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A token, or a file that holds one, and the PEM files of a client certificate and its key; all may be absent.

    The file is read for every call, so that a token may be renewed while a plan is watched.
    """

    token: str = field(default="", repr=False)
    token_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidRequest("a client certificate needs its key: give --client-cert and --client-key", "key")

    def interceptors(self) -> list[grpc.aio.ClientInterceptor]:
        """Return what adds the token to every call; nothing where there is none."""
        if not self.token and self.token_file is None:
            return []
        return [_UnaryToken(self._bearer), _StreamToken(self._bearer), _UploadToken(self._bearer)]

    def channel_credentials(self, authority: Path | None) -> grpc.ChannelCredentials:
        """Return the credentials of a connection.

        Raises
        ------
        InvalidRequest
            If a file cannot be read.
        """
        roots, key, certificate = (_read(file) for file in (authority, self.key, self.certificate))
        return grpc.ssl_channel_credentials(roots, key, certificate)

    def _bearer(self) -> str:
        if self.token_file is None:
            return f"Bearer {self.token}"
        return "Bearer " + (_read(self.token_file) or b"").decode("utf-8", "replace").strip()


class _Token:
    """Adds a token to the metadata of a call."""

    def __init__(self, bearer: Callable[[], str]) -> None:
        self._bearer = bearer

    def _with_token(self, details: Any) -> Any:
        sent = grpc.aio.Metadata(*(details.metadata or ()))
        sent["authorization"] = self._bearer()
        return grpc.aio.ClientCallDetails(
            details.method, details.timeout, sent, details.credentials, details.wait_for_ready
        )


# gRPC takes an interceptor for one kind of call only, so each kind has its class.


class _UnaryToken(_Token, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(self._with_token(client_call_details), request)


class _StreamToken(_Token, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(self._with_token(client_call_details), request)


class _UploadToken(_Token, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return await continuation(self._with_token(client_call_details), request_iterator)


NOTHING = Credentials()


def with_token(credentials: Credentials, token: str) -> Credentials:
    """Return credentials with a token, unless a file names one already."""
    return credentials if credentials.token_file is not None else replace(credentials, token=token)


def _read(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "credentials") from error
