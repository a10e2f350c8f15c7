"""Solves that end on time or on request, whatever the library does; a library is played by plain functions here."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from solvers.backends.deadline import End, Ended, Watch, settle
from solvers.core.termination import Solution, Termination

FOUND = Solution(termination=Termination.OPTIMAL, objective=1.0, bound=1.0)
STOPPED = Solution(termination=Termination.INTERRUPTED, objective=1.0, bound=2.0)


def test_a_solve_that_ends_by_itself_hands_over_its_result() -> None:
    """With and without a limit, the result comes back and nobody stopped it."""
    for seconds in (None, 30.0):
        ended = Watch().run(lambda: FOUND, stop=pytest.fail, seconds=seconds)
        assert ended == Ended(End.ITSELF, FOUND)
        assert settle(ended) is FOUND


def test_a_library_that_heeds_the_stop_leaves_its_own_answer() -> None:
    """Asked to stop when time is out, the solve ends by TIME, and an interruption counts as a limit."""
    stop = threading.Event()

    def solve() -> Solution:
        stop.wait()
        return STOPPED

    ended = Watch().run(solve, stop=stop.set, seconds=0.05)
    assert ended == Ended(End.TIME, STOPPED)
    settled = settle(ended)
    assert settled.termination is Termination.LIMIT
    assert settled.bound == 2.0


def test_a_library_that_heeds_nothing_is_left_behind() -> None:
    """A solve that goes on is abandoned with what it told; the watch runs the next one at once."""
    release, watch = threading.Event(), Watch()
    ended = watch.run(release.wait, stop=lambda: None, seconds=0.05)
    try:
        assert ended == Ended(End.TIME, None)
        told = settle(Ended(ended.end, None), Solution(termination=Termination.LIMIT, objective=3.0, bound=4.0))
        assert (told.termination, told.objective, told.bound) == (Termination.LIMIT, 3.0, 4.0)
        assert settle(Ended(ended.end, None)).termination is Termination.LIMIT
        assert watch.run(lambda: 7, stop=pytest.fail, seconds=30.0) == Ended(End.ITSELF, 7)
    finally:
        release.set()


@pytest.mark.parametrize("seconds", [None, 30.0])
def test_an_interrupt_ends_a_solve_that_heeds_it(seconds: float | None) -> None:
    """Interrupted from another thread, a solve ends by INTERRUPT, limit or no limit."""
    begun, stop, watch = threading.Event(), threading.Event(), Watch()

    def solve() -> Solution:
        begun.set()
        stop.wait()
        return STOPPED

    other = threading.Thread(target=lambda: (begun.wait(), watch.interrupt()))
    other.start()
    ended = watch.run(solve, stop=stop.set, seconds=seconds)
    other.join()
    assert ended.end is End.INTERRUPT
    assert settle(ended).termination is Termination.INTERRUPTED


def test_what_a_solve_raises_reaches_the_caller() -> None:
    """An error on the worker's thread is raised where the solve was asked for."""

    def fail() -> None:
        raise KeyError("here")

    for seconds in (None, 30.0):
        with pytest.raises(KeyError, match="here"):
            Watch().run(fail, stop=lambda: None, seconds=seconds)


def test_an_interrupt_between_solves_is_forgotten() -> None:
    """Nothing runs, nothing is stopped, and the next solve is not affected."""
    watch = Watch()
    watch.interrupt()
    assert watch.run(lambda: 1, stop=pytest.fail, seconds=None) == Ended(End.ITSELF, 1)


ABANDONING = """
import time
from solvers.backends.deadline import Watch
def solve():
    time.sleep(0.5)
    print("ended")
print(Watch().run(solve, stop=lambda: None, seconds=0.01).result)
"""


def test_a_process_waits_at_its_end_for_what_was_abandoned() -> None:
    """A library that calls back into a dying interpreter would take the process down, so it is waited for."""
    ran = subprocess.run([sys.executable, "-c", ABANDONING], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["None", "ended"]
