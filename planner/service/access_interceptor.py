"""Stands before every method: counts, authenticates, authorises, and only then lets a request be read and validated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from planner.domain.errors import Unauthenticated
from planner.governance.principal import Principal
from planner.service.access_caller import CALLER
from planner.service.access_limits import read_request
from planner.service.access_throttle import Context, Throttle, peer_address, shown_credentials

if TYPE_CHECKING:  # its libraries are an extra, which an open door does without
    from planner.service.access_guard import Guard

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs only
Read = Callable[[bytes], Any] | None

_HEALTH_STREAM = "/grpc.health.v1.Health/Watch"


class AccessInterceptor(grpc.aio.ServerInterceptor):
    """Lets in whom the guard lets in; without one everybody, as on a developer's own machine.

    Requests reach it as bytes, so that nobody is told what is wrong with a request that they may not make.
    """

    def __init__(self, guard: Guard | None, throttle: Throttle | None) -> None:
        self._guard = guard
        self._throttle = throttle

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of a call, guarded."""
        handler = await continuation(handler_call_details)
        if self._guard is not None and handler_call_details.method == _HEALTH_STREAM:
            return grpc.unary_stream_rpc_method_handler(_no_stream)
        # Unknown methods have no handler; health says no more than whether the server serves.
        if handler is None or not handler_call_details.method.startswith("/concordat."):
            return handler
        method, read = handler_call_details.method.rpartition("/")[2], handler.request_deserializer
        serde: dict[str, Any] = {"request_deserializer": None, "response_serializer": handler.response_serializer}
        # grpc's stubs describe the handlers of its threaded server; those of grpc.aio are coroutines.
        inner: Any = handler.stream_unary or handler.unary_unary or handler.unary_stream
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(self._received(inner, method, read), **serde)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._answered(inner, method, read), **serde)
        return grpc.unary_stream_rpc_method_handler(self._streamed(inner, method, read), **serde)

    def _answered(
        self, behaviour: Callable[..., Awaitable[object]], method: str, read: Read
    ) -> Callable[..., Awaitable[object]]:
        async def guarded(data: bytes, context: Context) -> object:
            caller, client = await self._known(method, context)
            async with self._serving(client):
                return await behaviour(await self._let_in(caller, method, read, data, context), context)

        return guarded

    def _streamed(
        self, behaviour: Callable[..., AsyncIterator[object]], method: str, read: Read
    ) -> Callable[..., AsyncIterator[object]]:
        async def guarded(data: bytes, context: Context) -> AsyncIterator[object]:
            caller, client = await self._known(method, context)
            async with self._serving(client):
                async for response in behaviour(await self._let_in(caller, method, read, data, context), context):
                    yield response

        return guarded

    def _received(
        self, behaviour: Callable[..., Awaitable[object]], method: str, read: Read
    ) -> Callable[..., Awaitable[object]]:
        async def guarded(parts: AsyncIterator[bytes], context: Context) -> object:
            caller, client = await self._known(method, context)
            async with self._serving(client):
                if self._guard is not None and caller is not None:
                    reasons = await self._guard.admit(caller, method, context)
                    await self._guard.note_admitted(caller, method, reasons, context)
                return await behaviour((read_request(read, data) async for data in parts), context)

        return guarded

    async def _let_in(self, caller: Principal | None, method: str, read: Read, data: bytes, context: Context) -> Any:
        """Return the request of a caller that may make it."""
        if self._guard is None or caller is None:
            return read_request(read, data)
        reasons = await self._guard.admit(caller, method, context)
        try:
            message = read_request(read, data)
        except Exception:
            await self._guard.note_admitted(caller, method, reasons, context)
            raise
        await self._guard.authorise(caller, method, message, context)
        return message

    async def _known(self, method: str, context: Context) -> tuple[Principal | None, str]:
        """Return who is calling, not too often, and by which name it is counted; nobody at an open door."""
        if self._guard is None:
            client = peer_address(context)
            await self._count(client)
            return None, client
        try:
            caller = self._guard.caller(context)
        except Unauthenticated as error:
            # Counted before it is recorded: a flood of strangers must not fill the audit log.
            await self._count(peer_address(context))
            await self._guard.note_unknown(method, error, context)
            raise
        if self._throttle is not None:
            for credential in shown_credentials(context.invocation_metadata()):
                self._throttle.remember(credential, caller.key)
        await self._count(caller.key)
        CALLER.set(caller)
        return caller, caller.key

    async def _count(self, client: str) -> None:
        if self._throttle is not None:
            await self._throttle.take(client)

    def _serving(self, client: str) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._throttle is None else self._throttle.serving(client)


async def _no_stream(_data: bytes, context: Context) -> AsyncIterator[bytes]:
    """Refuse to stream health: strangers must not hold calls open, of which there is a limited number."""
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "a guarded server answers Health/Check only")
    yield b""
