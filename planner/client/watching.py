"""Follows what a server tells, across losses of the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import grpc

from planner.client.calls import Calls, may_be_repeated
from planner.client.errors import business_error, retry_delay
from planner.domain.errors import NotFound, ServerUnavailable


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The server does not answer; the watch goes on trying."""

    error: ServerUnavailable
    attempt: int


async def followed(
    calls: Calls,
    begin: Callable[[], Any],
    *,
    over: Callable[[], bool],
    patience_seconds: float,
    again: Callable[[], str],
) -> AsyncGenerator[Any, None]:
    """Yield the messages of a watch to its end; a lost server is told and sought again, so long, with growing waits.

    ``begin`` calls the server for what was not seen yet, ``over`` says whether a stream that ended has told everything,
    and ``again`` says by which command people go on later.

    Raises
    ------
    ServerUnavailable
        If the server stays away.
    """
    attempt, lost_at, told = 0, None, None
    while True:
        call = begin()
        try:
            async for message in call:
                attempt, lost_at = 0, None
                yield message
            if over():
                return
            error, told = ServerUnavailable(f"the server at {calls.address} ended the watch early"), None
        except grpc.aio.AioRpcError as gone:
            error, told = _lost(gone, calls.address), retry_delay(gone)
        finally:
            call.cancel()
        lost_at = time.monotonic() if lost_at is None else lost_at
        if time.monotonic() - lost_at > patience_seconds:
            raise ServerUnavailable(
                f"{error}; what was asked is kept there: once the server runs again, follow it by `{again()}`"
            )
        attempt += 1
        yield ConnectionLost(error, attempt)
        await asyncio.sleep(calls.retry.pause(attempt, told))


def _lost(error: grpc.aio.AioRpcError, address: str) -> ServerUnavailable:
    """Return what to tell of a watch that was cut off; raise what watching again would only meet again."""
    translation = business_error(error, address)
    if isinstance(translation, NotFound):
        raise NotFound(f"{translation}; is {address} the server that was asked?") from error
    # A server that stops breaks watches off; the next one on the same data takes them up.
    cut_off = error.code() == grpc.StatusCode.CANCELLED or may_be_repeated(error)
    if not cut_off:
        raise translation from error
    return translation if isinstance(translation, ServerUnavailable) else ServerUnavailable(str(translation))
