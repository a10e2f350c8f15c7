"""How often a client may call: one bucket of tokens each, a bounded number of buckets."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from planner.domain.errors import InvalidRequest

MOST_CLIENTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``per_second`` calls a second in the long run, ``burst`` at once after a while of silence."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if not 0 < self.per_second < math.inf:
            raise InvalidRequest(f"a client makes more than 0 calls a second, got {self.per_second}", "rate")
        if self.burst < 1:
            raise InvalidRequest(f"a client makes at least 1 call at once, got {self.burst}", "rate_burst")


class TokenBuckets:
    """The buckets of the clients seen last; a client that was forgotten begins with a full bucket again.

    The longest silent one is forgotten first, whose bucket is the fullest or about to be.
    """

    def __init__(self, rate: Rate, *, most: int = MOST_CLIENTS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many clients are remembered."""
        return len(self._buckets)

    def wait(self, client: str, now: float) -> float:
        """Return how many seconds it takes until a client has a token; 0 if it has one now. Nothing is taken."""
        tokens, since = self._buckets.get(client, (float(self._rate.burst), now))
        tokens += max(0.0, now - since) * self._rate.per_second
        return max(0.0, (1.0 - tokens) / self._rate.per_second)

    def take(self, client: str, now: float) -> float:
        """Take one token; return 0, or how many seconds it takes until there is one (nothing is taken then).

        ``now`` is in seconds of a clock that never goes back.
        """
        rate = self._rate
        tokens, since = self._buckets.pop(client, (float(rate.burst), now))
        tokens = min(float(rate.burst), tokens + max(0.0, now - since) * rate.per_second)
        allowed = tokens >= 1.0
        self._buckets[client] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / rate.per_second
