"""Answers of actors, awaited with an eye on their cluster: Ray itself waits for one that is gone."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

POLL_SECONDS = 0.2
SILENT_SECONDS = 45.0
"""After so long without a sign of a coordinator that stands, its cluster is taken for lost."""


class ClusterLost(ConnectionError):
    """The cluster ended, or does not answer any more."""


def future(reference: Any) -> asyncio.Future[Any]:
    """Return an actor's answer as a future of this event loop that may be given up."""
    return asyncio.wrap_future(reference.future())


async def answered(reference: Any, gone: threading.Event, *, seconds: float = SILENT_SECONDS) -> Any:
    """Return an actor's answer; ``gone`` is set, by whoever notices first, once its cluster is lost.

    Raises
    ------
    ClusterLost
        If that is so, or nothing comes for so many seconds that it must be.
    """
    answer, until = future(reference), time.monotonic() + seconds
    try:
        while not answer.done():
            if time.monotonic() > until:
                gone.set()
            if gone.is_set():
                raise ClusterLost("the Ray cluster is gone, or does not answer")
            await asyncio.wait({answer}, timeout=POLL_SECONDS)
        return answer.result()
    finally:
        answer.cancel()
