"""Watches every call from outside: one span, how long it took, and the status it ended with."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import grpc
import structlog

from planner.ports.telemetry import Telemetry

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs only

_OURS = "/concordat."
_HEADER = "traceparent"
_LONGEST_HEADER = 128
_CANCELLED = grpc.StatusCode.CANCELLED.name
"""What a call ends with whose caller went away: it is broken off, not ended."""
_FINE = (grpc.StatusCode.OK.name, _CANCELLED)
_BY_NUMBER = {code.value[0]: code.name for code in grpc.StatusCode}


class TelemetryInterceptor(grpc.aio.ServerInterceptor):
    """Stands outside of the translation of errors, so that it sees the status every call is told."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of a call, watched."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        # What there is no handler for was made up by the caller, and would be a label for each invention.
        if handler is None or not method.startswith(_OURS):
            return handler
        serde: dict[str, Any] = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        # grpc's stubs describe the handlers of its threaded server; those of grpc.aio are coroutines.
        single: Any = handler.stream_unary or handler.unary_unary
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(self._single(single, method), **serde)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._single(single, method), **serde)
        stream: Any = handler.unary_stream
        return grpc.unary_stream_rpc_method_handler(self._stream(stream, method), **serde)

    def _single(self, behaviour: Callable[..., Awaitable[object]], method: str) -> Callable[..., Awaitable[object]]:
        async def watched(request: object, context: Context) -> object:
            with self._watching(method, context):
                return await behaviour(request, context)

        return watched

    def _stream(
        self, behaviour: Callable[..., AsyncIterator[object]], method: str
    ) -> Callable[..., AsyncIterator[object]]:
        async def watched(request: object, context: Context) -> AsyncIterator[object]:
            with self._watching(method, context):
                async for response in behaviour(request, context):
                    yield response

        return watched

    @contextmanager
    def _watching(self, method: str, context: Context) -> Iterator[None]:
        metrics, name, began = self._telemetry.metrics, method.rpartition("/")[2], time.perf_counter()
        code = _CANCELLED
        metrics.request_began(name)
        try:
            with self._telemetry.traces.request(method, _caller(context)) as span:
                # Never unbound: every call has a task, and so a context, of its own.
                structlog.contextvars.bind_contextvars(method=name)
                try:
                    yield
                except grpc.aio.AbortError:
                    code = _code(context)
                    raise
                except Exception:
                    code = grpc.StatusCode.UNKNOWN.name
                    raise
                else:
                    code = _code(context)
                finally:
                    span.note("rpc.grpc.status_code", grpc.StatusCode[code].value[0])
                    if code not in _FINE:
                        span.fail(code)
        finally:
            metrics.request_ended(name, code, time.perf_counter() - began)


def _caller(context: Context) -> str:
    for name, value in context.invocation_metadata() or ():
        if name == _HEADER and isinstance(value, str) and len(value) <= _LONGEST_HEADER:
            return value
    return ""


def _code(context: Context) -> str:
    """Return the name of the status that a call was told, OK where none was set."""
    told: Any = context.code()
    number = told.value[0] if isinstance(told, grpc.StatusCode) else told
    return _BY_NUMBER.get(number or 0, grpc.StatusCode.UNKNOWN.name)
