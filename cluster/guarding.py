"""What stands before every method of a server's door, put together from its settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from planner.application.partner_view import PartnerViews
from planner.domain.errors import InvalidRequest
from planner.ports.clock import Clock
from planner.service.access_interceptor import AccessInterceptor
from planner.service.access_throttle import Throttle
from planner.service.rate_bucket import TokenBuckets
from planner.service.server import DoorSettings


@asynccontextmanager
async def guarding(
    door: DoorSettings, data: Path, views: PartnerViews, clock: Clock
) -> AsyncIterator[tuple[AccessInterceptor, Throttle]]:
    """Give the interceptor of a door and who counts its callers; a guarded one keeps an audit log in the data folder.

    Raises
    ------
    InvalidRequest
        If keys or callers cannot be read, or the libraries of the guard are not installed.
    PoliciesInvalid
        If the policies of access do not hold.
    StorageFailure
        If the audit log cannot be used, or was tampered with.
    """
    throttle = _throttle(door, clock)
    if not door.guarded:
        yield AccessInterceptor(None, throttle), throttle
        return
    try:
        from cluster.guarded_door import guarded  # noqa: PLC0415 - its libraries are an extra, which open doors spare
    except ImportError as error:
        raise InvalidRequest(
            f"a guarded door needs {error.name}, which is not there: install concordat[guard]", "tls_client_ca"
        ) from error
    async with guarded(door, data, views, clock) as guard:
        yield AccessInterceptor(guard, throttle), throttle


def _throttle(door: DoorSettings, clock: Clock) -> Throttle:
    buckets = None if door.limit is None else TokenBuckets(door.limit)
    return Throttle(buckets=buckets, most_at_once=door.calls_each, most=door.max_calls, clock=clock)
