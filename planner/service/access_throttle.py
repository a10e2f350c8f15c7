"""How often one client may call, by its name where it has one, else by the address it calls from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from planner.domain.errors import TooManyCalls
from planner.ports.clock import Clock
from planner.service.rate_bucket import TokenBuckets

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


@dataclass(frozen=True, slots=True)
class Throttle:
    """Refuses clients that call too often."""

    buckets: TokenBuckets
    clock: Clock

    def take(self, client: str) -> None:
        """Count a call of a client.

        Raises
        ------
        TooManyCalls
            If it called too often.
        """
        wait = self.buckets.take(client, self.clock.monotonic())
        if wait > 0.0:
            raise TooManyCalls(f"too many calls: the next one is served in {wait:.3f} seconds", wait)


def peer_address(context: Context) -> str:
    """Return the address a call comes from, without the port, which changes with every connection."""
    peer = str(context.peer())
    return peer.rpartition(":")[0] if peer.startswith("ipv") else peer
