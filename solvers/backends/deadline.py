"""Time limits and interrupts that hold even where a library does not look at its clock for a while.

Presolve, crossover, sub-problems and the loading of large programs look neither at limits nor at interrupts: HiGHS was
seen to need 49 s for a limit of 5. So a solve with a limit runs on a worker thread, and the caller waits. When time is
out the library is asked to stop; where it does not within the grace, the solve is *abandoned*: the caller goes on with
what the solve has told so far, while the worker ends by itself once the library looks up. Whatever an abandoned solve
holds must not be touched again: a model lets go of it and loads anew.
"""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from solvers.core.termination import Solution, Termination

T = TypeVar("T")


class End(Enum):
    """Who ended a solve: itself, time, or an interrupt."""

    ITSELF = "itself"
    TIME = "time"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """How a solve ended, with its result; ``result`` is None where the solve was abandoned."""

    end: End
    result: T | None


def settle(ended: Ended[Solution], left: Solution | None = None) -> Solution:
    """Return the solution of an ended solve; ``left`` is what one that was abandoned has told until then.

    What was stopped for its time ended by a limit, not by an interrupt.
    """
    found = ended.result or left or Solution(termination=Termination.INTERRUPTED)
    if ended.result is None or found.termination is Termination.INTERRUPTED:
        stopped = Termination.INTERRUPTED if ended.end is End.INTERRUPT else Termination.LIMIT
        return replace(found, termination=stopped)
    return found


def patience(seconds: float) -> tuple[float, float]:
    """Return when to ask a library to stop, and how long to wait then: within an overrun of 5 % + 0.3 s.

    It is asked a little late, since what it ends by its own clock it can go on from.
    """
    return 1.005 * seconds + 0.02, 0.025 * seconds + 0.13


class Watch:
    """Runs one solve at a time, and ends it on time or on request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._wake = threading.Event()
        self._interrupted = False

    def run(self, solve: Callable[[], T], *, stop: Callable[[], None], seconds: float | None) -> Ended[T]:
        """Run ``solve``; ``stop`` asks it, from another thread, to end early with what it has.

        Without ``seconds`` it runs on the calling thread, and can be interrupted but is never abandoned. What it
        raises is raised here, unless it was abandoned before.
        """
        wake = threading.Event()
        job = _Job(solve, wake)
        with self._lock:
            self._stop, self._wake, self._interrupted = stop, wake, False
        late = False
        try:
            if seconds is None:
                job.run()
            else:
                _hire().give(job)
                asked, grace = patience(seconds)
                late = not wake.wait(asked)
                if late:
                    stop()
                job.done.wait(grace)
        finally:
            with self._lock:
                self._stop = None
        if not job.done.is_set():
            _ABANDONED.append(job.done)
        end = End.INTERRUPT if self._interrupted else End.TIME if late else End.ITSELF
        return Ended(end, job.outcome() if job.done.is_set() else None)

    def interrupt(self) -> None:
        """End the running solve, if there is one."""
        with self._lock:
            if self._stop is not None:
                self._interrupted = True
                self._stop()
                self._wake.set()


class _Job(Generic[T]):
    """One call with its outcome; ``wake`` is set when it is done, and by others who want the waiting to end."""

    def __init__(self, call: Callable[[], T], wake: threading.Event) -> None:
        self._call, self._wake = call, wake
        self._result: T | None = None
        self._error: BaseException | None = None
        self.done = threading.Event()

    def run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again on the thread that waits
            self._error = error
        self.done.set()
        self._wake.set()

    def outcome(self) -> T | None:
        if self._error is not None:
            raise self._error
        return self._result


class _Worker:
    """A thread that waits for jobs; it is a daemon, so that it may wait for the next one for ever."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job[Any]] = SimpleQueue()
        threading.Thread(target=self._serve, name="solve", daemon=True).start()

    def give(self, job: _Job[Any]) -> None:
        self._jobs.put(job)

    def _serve(self) -> None:
        while True:
            job = self._jobs.get()
            job.run()
            del job
            _IDLE.append(self)


_ABANDONED: deque[threading.Event] = deque()


@atexit.register
def _wait_for_the_abandoned() -> None:
    """Wait at the end of the process: a library that calls back into a dying interpreter takes it down."""
    for done in _ABANDONED:
        done.wait()


# A new thread costs a small re-solve's time, as HiGHS prepares each for itself: threads are used again.
_IDLE: deque[_Worker] = deque()


def _hire() -> _Worker:
    try:
        return _IDLE.pop()
    except IndexError:
        return _Worker()
