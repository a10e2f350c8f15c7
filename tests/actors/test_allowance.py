"""What a run may still spend: steps, seconds, and somebody's patience."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from actors.allowance import Allowance


@dataclass
class Day:
    """A clock and a cancel switch set by hand."""

    now: float = 0.0
    off: bool = False

    def allowance(self, **limits: float) -> Allowance:
        """An allowance on this clock."""
        return Allowance(clock=lambda: self.now, cancelled=lambda: self.off, **limits)  # type: ignore[arg-type]  # keywords


def test_steps_are_counted_up_to_the_work_limit() -> None:
    """As many steps as allowed are taken, the next is refused for good, and work is what ended the run."""
    allowance = Day().allowance(work_limit=3)
    assert [allowance.step() for _ in range(5)] == [True, True, True, False, False]
    assert (allowance.steps, allowance.stopped_by) == (3, "work")


def test_without_limits_nothing_ends_a_run() -> None:
    """No limit, no end, and no seconds to hand to a solver."""
    day = Day(now=1e9)
    allowance = day.allowance()
    assert all(allowance.step() for _ in range(100))
    assert allowance.stopped_by is None
    assert allowance.seconds_left() is None


def test_time_ends_a_run_before_the_reserve() -> None:
    """Seconds shrink with the clock, the reserve is kept back, and when they are gone no step is taken."""
    day = Day()
    allowance = day.allowance(time_limit=10.0, reserve=2.0)
    assert allowance.seconds_left() == 8.0
    day.now = 7.5
    assert allowance.step()
    assert allowance.seconds_left() == pytest.approx(0.5)
    day.now = 8.0
    assert not allowance.step()
    assert (allowance.steps, allowance.stopped_by) == (1, "time")


def test_cancelling_ends_a_run_and_is_told_before_work() -> None:
    """A cancelled run stops at its next step and says cancelled, also where its work is used up."""
    allowance = Day(now=9.0, off=True).allowance(time_limit=10.0, work_limit=1)
    assert not allowance.step()
    assert allowance.stopped_by == "cancelled"


def test_a_run_cancelled_for_overrunning_its_time_ran_out_of_time() -> None:
    """Servers cancel what overran its limit; the plan still says that time ended it."""
    allowance = Day(now=99.0, off=True).allowance(time_limit=10.0)
    assert not allowance.step()
    assert allowance.stopped_by == "time"


@pytest.mark.parametrize(("off", "reason"), [(False, "time"), (True, "cancelled")])
def test_a_solver_stopped_in_the_middle_tells_why(off: bool, reason: str) -> None:  # noqa: FBT001 - parameter
    """A solver that ended on a limit ended by time, unless the run was cancelled."""
    allowance = Day(off=off).allowance(time_limit=5.0)
    allowance.interrupted()
    assert allowance.stopped_by == reason
    assert not allowance.step()


def test_the_first_reason_stays() -> None:
    """What ended a run first is what ended it."""
    day = Day()
    allowance = day.allowance(work_limit=1, time_limit=5.0)
    assert allowance.step()
    assert not allowance.step()
    day.off = True
    allowance.interrupted()
    assert allowance.stopped_by == "work"
