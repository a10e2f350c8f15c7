"""How often, and how often at a time, one client may call: by its name where it has one, else by its address.

Refusing must cost less than serving, or a client that is refused would still slow the others. So a client whose token
was found to hold before is known by it, and refused before the token is checked again. One that goes on calling though
it is told when to come back is answered later: whoever waits for an answer before it calls again calls less often.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc

from planner.domain.errors import TooManyCalls
from planner.ports.clock import Clock
from planner.service.rate_bucket import TokenBuckets

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

MOST_KNOWN = 10_000
"""Credentials that are remembered; the one that was not seen for longest is forgotten first."""
TOLD_AT_ONCE = 10
"""Refusals a second that a client is told at once."""
HELD_SECONDS = 0.25
"""How long further ones are kept back, on average."""
TOLD_LATER = 100
"""Refusals a second that a client is told in the end, however many of its calls are kept back."""
MOST_HELD = 1000
"""Refusals that are kept back altogether, each some kilobytes; further ones are told at once."""


@dataclass(slots=True, kw_only=True)
class Throttle:
    """Refuses clients that call too often, or too often at a time.

    ``buckets`` say how often a client may call (None: as often as it likes), ``most_at_once`` how many calls of one
    client are served at a time (None: no limit of its own), ``most`` how many of all clients. Without the first two
    clients are not told apart, and whatever is beyond ``most`` is refused without delay.
    """

    buckets: TokenBuckets | None
    most_at_once: int | None
    most: int
    clock: Clock
    _open: Counter[str] = field(default_factory=Counter)
    _known: OrderedDict[bytes, str] = field(default_factory=OrderedDict)
    _refused: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)
    _held: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> bool:
        """Whether clients are told apart."""
        return self.buckets is not None or self.most_at_once is not None

    async def take(self, client: str) -> None:
        """Count a call of a client.

        Raises
        ------
        TooManyCalls
            If it called too often.
        """
        wait = 0.0 if self.buckets is None else self.buckets.take(client, self.clock.monotonic())
        if wait > 0.0:
            await self.refuse(client)
            raise TooManyCalls(f"too many calls: the next one is served in {wait:.3f} seconds", wait)

    @asynccontextmanager
    async def serving(self, client: str) -> AsyncIterator[None]:
        """Serve a call of a client in the body.

        Raises
        ------
        TooManyCalls
            If as many of its calls are being served already as may be.
        """
        if self.most_at_once is not None and self._open[client] >= self.most_at_once:
            await self.refuse(client)
            raise TooManyCalls(f"{self.most_at_once} calls of yours are served already: wait until one of them ends")
        if self._open.total() >= self.most:
            await self.refuse(client)
            raise TooManyCalls(f"{self.most} calls are served already, as many as this server takes: ask again later")
        with _counted(self._open, client):
            yield

    def remember(self, credential: str, client: str) -> None:
        """Know a client by a credential that was found to hold."""
        key = _digest(credential)
        self._known[key] = client
        self._known.move_to_end(key)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def excess(self, credential: str) -> tuple[str, float]:
        """Return the client of a known credential and the seconds until it is served again.

        These are 0 where it is served now, or nobody is known by the credential.
        """
        client = self._known.get(_digest(credential), "")
        if not client or self.buckets is None:
            return client, 0.0
        return client, self.buckets.wait(client, self.clock.monotonic())

    async def refuse(self, client: str) -> None:
        """Return when a refusal may be told: at once, or later where the client was told so often enough."""
        if not self.counts:
            return
        now = int(self.clock.monotonic())
        second, count = self._refused.pop(client, (now, 0))
        count = count + 1 if second == now else 1
        self._refused[client] = (now, count)
        if len(self._refused) > MOST_KNOWN:
            self._refused.popitem(last=False)
        if count <= TOLD_AT_ONCE or self._held.total() >= MOST_HELD:
            return
        with _counted(self._held, client):
            seconds = max(HELD_SECONDS, self._held[client] / TOLD_LATER)
            # Not all equally long, or a client's next calls would come all at once.
            await asyncio.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


def peer_address(context: Context) -> str:
    """Return the address a call comes from, without the port, which changes with every connection."""
    peer = str(context.peer())
    return peer.rpartition(":")[0] if peer.startswith("ipv") else peer


def shown_credentials(metadata: Any) -> list[str]:
    """Return what a call shows of itself before anything is checked."""
    return [str(value) for key, value in metadata or () if key == "authorization"]


@contextmanager
def _counted(counter: Counter[str], client: str) -> Iterator[None]:
    counter[client] += 1
    try:
        yield
    finally:
        counter[client] -= 1
        if not counter[client]:
            del counter[client]


def _digest(credential: str) -> bytes:
    return hashlib.blake2b(credential.encode(), digest_size=16).digest()
