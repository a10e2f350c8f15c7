"""Calls to one server: deadlines, sending again where that is safe, errors of the business."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from planner.client.connection import ServerAddress
from planner.client.errors import business_error, retry_delay, translated
from planner.client.retry import Deadlines, RetryPolicy
from planner.wire.v1 import planning_service_pb2_grpc, what_if_pb2_grpc

T = TypeVar("T")


class Calls:
    """A channel to a server and how it is used.

    A call is sent again if the server was not reached (UNAVAILABLE) or told when to come back (``RetryInfo``), if it
    changes nothing when repeated, and if that still fits into its deadline. ABORTED and a bare RESOURCE_EXHAUSTED are
    answers: the first needs another request, the second less load.
    """

    def __init__(self, server: ServerAddress, retry: RetryPolicy, deadlines: Deadlines) -> None:
        self.address, self.retry, self.deadlines = server.address, retry, deadlines
        self._channel = server.channel()
        # The code that protoc writes has no types; conversions give them back.
        self.stub: Any = planning_service_pb2_grpc.PlanningServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self.what_if: Any = what_if_pb2_grpc.WhatIfServiceStub(self._channel)  # type: ignore[no-untyped-call]

    async def ready(self, seconds: float) -> None:
        """Wait until the server says that it serves; give up after some seconds."""
        stub: Any = health_pb2_grpc.HealthStub(self._channel)
        request = health_pb2.HealthCheckRequest()
        with translated(self.address):
            await stub.Check(request, wait_for_ready=True, timeout=seconds)

    async def unary(self, method: Any, request: Any, seconds: float, *, repeatable: bool = True) -> Any:
        """Return the answer to one message."""
        return await self.answered(lambda left: method(request, timeout=left), seconds, repeatable=repeatable)

    async def answered(self, send: Callable[[float], Awaitable[T]], seconds: float, *, repeatable: bool = True) -> T:
        """Return the answer to what ``send`` sends; it is given the seconds that are left."""
        ends = time.monotonic() + seconds
        attempt = 1
        while True:
            try:
                return await send(max(0.0, ends - time.monotonic()))
            except grpc.aio.AioRpcError as error:
                wait = self.retry.pause(attempt, retry_delay(error))
                last = attempt >= self.retry.attempts or time.monotonic() + wait >= ends
                if last or not (repeatable and may_be_repeated(error)):
                    raise business_error(error, self.address) from error
            await asyncio.sleep(wait)
            attempt += 1

    async def streamed(self, method: Any, request: Any, seconds: float) -> AsyncIterator[Any]:
        """Yield the messages of a stream; what was begun is not begun again."""
        message, call = await self.answered(lambda left: _first(method(request, timeout=left)), seconds)
        try:
            with translated(self.address):
                while message is not grpc.aio.EOF:
                    yield message
                    message = await call.read()
        finally:
            call.cancel()

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()


def may_be_repeated(error: grpc.aio.AioRpcError) -> bool:
    """Say whether a status invites sending the same call again."""
    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return retry_delay(error) is not None
    return bool(error.code() == grpc.StatusCode.UNAVAILABLE)


async def _first(call: Any) -> tuple[Any, Any]:
    return await call.read(), call
