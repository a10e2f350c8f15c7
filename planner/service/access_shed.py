"""Refuses clients that are known to call too often before anything else is done for their calls.

It stands outside of everything: no request is read, no token checked, no error translated and no line logged. What it
refuses is counted all the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
from grpc_status import rpc_status

from planner.domain.errors import TooManyCalls
from planner.ports.telemetry import Metrics
from planner.service.access_throttle import Context, Throttle, shown_credentials
from planner.service.errors import rich_status

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its stubs only

_STEPS_PER_SECOND = 20
"""Advice is rounded up to such steps, so that few different refusals are ever put together."""
_MOST_REFUSALS = 1000
_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.name


class ShedInterceptor(grpc.aio.ServerInterceptor):
    """Sheds the calls of clients whose token was found to hold before and whose bucket is empty."""

    def __init__(self, throttle: Throttle, metrics: Metrics) -> None:
        self._throttle, self._metrics = throttle, metrics
        self._refusals: dict[int, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of a call, or one that refuses without reading anything."""
        method = handler_call_details.method
        if not method.startswith("/concordat."):
            return await continuation(handler_call_details)
        for credential in shown_credentials(handler_call_details.invocation_metadata):
            client, wait = self._throttle.excess(credential)
            if wait > 0.0:
                return self._refusing(client, wait, method.rpartition("/")[2])
        return await continuation(handler_call_details)

    def _refusing(self, client: str, wait: float, method: str) -> Handler:
        async def refuse(_requests: AsyncIterator[bytes], context: Context) -> None:
            self._metrics.request_began(method)
            try:
                await self._throttle.refuse(client)
                status = self._status(wait)
                await context.abort(status.code, status.details, status.trailing_metadata)
            finally:
                self._metrics.request_ended(method, _EXHAUSTED, 0.0)

        # Whatever the method is: nothing of its request is read.
        behaviour: Any = refuse  # grpc's stubs describe the handlers of its threaded server
        return grpc.stream_unary_rpc_method_handler(behaviour)

    def _status(self, wait: float) -> Any:
        steps = int(wait * _STEPS_PER_SECOND) + 1
        if steps not in self._refusals:
            if len(self._refusals) >= _MOST_REFUSALS:
                self._refusals.clear()
            seconds = steps / _STEPS_PER_SECOND
            error = TooManyCalls(f"too many calls: the next one is served in {seconds:.2f} seconds", seconds)
            self._refusals[steps] = rpc_status.to_status(rich_status(error))
        return self._refusals[steps]
