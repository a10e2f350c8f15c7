"""What others may do to a run while it goes on, from threads of their own: cancel it, or accept a plan it found."""

from __future__ import annotations

import threading
from collections.abc import Callable

from actors.incumbents import Incumbent, Incumbents


class RunControl:
    """The handle of one run; every method may be called from any thread, before, during and after the run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._accepted: Incumbent | None = None
        self._final: Incumbent | None = None
        self._settled = False
        self._incumbents: Incumbents | None = None
        self._interrupt: Callable[[], None] | None = None

    def attach(self, incumbents: Incumbents, interrupt: Callable[[], None]) -> None:
        """Tell what the run finds, and how to stop the solve it is in."""
        with self._lock:
            self._incumbents, self._interrupt = incumbents, interrupt
            stopped = self._cancelled
        if stopped:
            interrupt()

    def cancelled(self) -> bool:
        """Tell whether the run is to end soon with its best plan."""
        return self._cancelled

    def accepted(self) -> bool:
        """Tell whether the run is to end soon with a plan that was accepted."""
        return self._accepted is not None

    def cancel(self) -> None:
        """End the run soon, in the middle of a solve if one is under way."""
        with self._lock:
            self._cancelled = True
            interrupt = self._interrupt
        if interrupt is not None:
            interrupt()

    def accept(self, etag: str) -> bool:
        """End the run soon with exactly this incumbent; false, and nothing done, where the run cannot end with it."""
        with self._lock:
            taken = self._final if self._settled else self._accepted
            if taken is not None:
                return taken.etag == etag
            found = None if self._settled or self._incumbents is None else self._incumbents.find(etag)
            if found is None:
                return False
            self._accepted = found
            interrupt = self._interrupt
        if interrupt is not None:
            interrupt()
        return True

    def settle(self) -> Incumbent | None:
        """Return what the run ends with, the accepted incumbent or the best; from now on only that can be accepted."""
        with self._lock:
            self._settled, self._final = True, self._accepted
            if self._final is None and self._incumbents is not None:
                self._final = self._incumbents.last
            return self._final
