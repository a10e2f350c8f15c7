"""Lets no error leave the server but as a status with details, whichever method raised it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import structlog
from grpc_status import rpc_status

from planner.domain.errors import ConcordatError, TooManyCalls
from planner.service.errors import rich_status

_log = structlog.get_logger("concordat.server")

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs only


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every handler; errors nobody foresaw are logged in full and told as INTERNAL without their inside."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of a call, its errors translated."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        # Unknown methods have no handler, and health and reflection speak for themselves.
        if handler is None or not method.startswith("/concordat."):
            return handler
        serde: dict[str, Any] = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        # grpc's stubs describe the handlers of its threaded server; those of grpc.aio are coroutines.
        single: Any = handler.stream_unary or handler.unary_unary
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(_single(single, method), **serde)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(_single(single, method), **serde)
        stream: Any = handler.unary_stream
        return grpc.unary_stream_rpc_method_handler(_stream(stream, method), **serde)


def _single(behaviour: Callable[..., Awaitable[object]], method: str) -> Callable[..., Awaitable[object]]:
    async def translated(request: object, context: Context) -> object:
        try:
            return await behaviour(request, context)
        except Exception as error:  # noqa: BLE001 - the border of the process: everything is translated here
            await _tell(error, context, method)
            return None

    return translated


def _stream(behaviour: Callable[..., AsyncIterator[object]], method: str) -> Callable[..., AsyncIterator[object]]:
    async def translated(request: object, context: Context) -> AsyncIterator[object]:
        try:
            async for response in behaviour(request, context):
                yield response
        except Exception as error:  # noqa: BLE001 - the border of the process: everything is translated here
            await _tell(error, context, method)

    return translated


async def _tell(error: Exception, context: Context, method: str) -> None:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if isinstance(error, ConcordatError):
        # Those who call too often are counted: a line for each of their calls is what a flood would fill a disk with.
        if not isinstance(error, TooManyCalls):
            # Not its message: that may quote a cell of a customer's row.
            _log.info("refused", method=method, code=error.code)
        told = error
    else:
        _log.error("call failed", method=method, exc_info=error)
        told = ConcordatError("the server met an error of its own; its log has the details")
    status = rpc_status.to_status(rich_status(told))
    await context.abort(status.code, status.details, status.trailing_metadata)
