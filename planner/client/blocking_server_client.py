"""What every client for code that blocks is: an asynchronous one, run in a thread of its own."""

from __future__ import annotations

import copy
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from planner.client.connection import ServerAddress
from planner.client.loop_thread import LoopThread
from planner.client.retry import Deadlines, RetryPolicy
from planner.client.server_client import ServerClient

C = TypeVar("C", bound=ServerClient)


class BlockingServerClient(Generic[C]):
    """Speaks to one server by a client of ``kind``; a context manager that closes the connection and its thread."""

    kind: ClassVar[type[ServerClient]]

    def __init__(
        self, server: ServerAddress, *, retry: RetryPolicy | None = None, deadlines: Deadlines | None = None
    ) -> None:
        self._loop = LoopThread(f"client of {server.address}")
        self._client: C = self._loop.run(_connected(self.kind, server, retry, deadlines))

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection and end its thread; a second time changes nothing."""
        if not self._loop.closed:
            self._loop.run(self._client.__aexit__(None, None, None))
            self._loop.close()

    def within(self, seconds: float) -> Self:
        """Return this client with another deadline for every call; both share the connection."""
        other = copy.copy(self)
        other._client = self._client.within(seconds)  # noqa: SLF001 - the same class
        return other


async def _connected(
    kind: type[ServerClient], server: ServerAddress, retry: RetryPolicy | None, deadlines: Deadlines | None
) -> Any:
    # A channel belongs to the loop in which it is made.
    return kind(server, retry=retry, deadlines=deadlines)
