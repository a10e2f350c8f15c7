"""What every asynchronous client of a server is: its connection, and how long it waits for answers."""

from __future__ import annotations

import copy
from types import TracebackType
from typing import Self

from planner.client.calls import Calls
from planner.client.connection import ServerAddress
from planner.client.retry import Deadlines, RetryPolicy


class ServerClient:
    """Speaks to one server; an asynchronous context manager that closes its channel."""

    def __init__(
        self, server: ServerAddress, *, retry: RetryPolicy | None = None, deadlines: Deadlines | None = None
    ) -> None:
        self._calls = Calls(server, retry or RetryPolicy(), deadlines or Deadlines())

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel."""
        await self._calls.close()

    def within(self, seconds: float) -> Self:
        """Return this client with another deadline for every call; both share the connection."""
        other = copy.copy(self)
        other._calls = copy.copy(self._calls)  # noqa: SLF001 - the same class
        other._calls.deadlines = Deadlines(quick=seconds, checking=seconds, transfer=seconds)  # noqa: SLF001 - as above
        return other
