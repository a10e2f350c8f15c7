"""Incumbents of a run: their numbers and names, how many are kept, and where they end a run."""

from __future__ import annotations

import numpy as np

from actors.allowance import Allowance
from actors.candidate import Candidate
from actors.incumbents import KEPT, Incumbents
from actors.run_control import RunControl
from planner.ports.planning_runtime import StopPoint


def plan_worth(value: float) -> Candidate:
    """Return a plan of this value."""
    return Candidate(value, np.array([value, 1.0]), np.array([0.5]))


def incumbents(stop: StopPoint | None = None) -> tuple[Incumbents, Allowance]:
    """Return incumbents of a run without limits."""
    allowance = Allowance(clock=lambda: 0.0, cancelled=lambda: False, stop=stop)
    return Incumbents(allowance), allowance


def etags(values: list[float]) -> list[str]:
    """Return the names that plans of these values get, in order."""
    found, _ = incumbents()
    names = []
    for value in values:
        if found.offer(plan_worth(value)):
            assert found.last is not None
            names.append(found.last.etag)
    return names


def test_only_better_plans_are_numbered_and_the_same_plans_get_the_same_names() -> None:
    """Numbers count what was better, and a name follows from number and solution alone."""
    names = etags([1.0, 3.0, 2.0, 3.0, 4.0])
    assert [name.partition("-")[0] for name in names] == ["1", "2", "3"]
    assert etags([1.0, 3.0, 4.0]) == names
    assert etags([1.0, 3.5])[1] != names[1]


def test_the_last_few_can_be_found_by_name() -> None:
    """As many incumbents as promised are kept, older ones are gone."""
    found, _ = incumbents()
    names = []
    for value in range(1, KEPT + 3):
        found.offer(plan_worth(float(value)))
        assert found.last is not None
        names.append(found.last.etag)
    assert [found.find(name) is not None for name in names] == [False, False, *([True] * KEPT)]


def test_once_time_is_out_only_a_first_plan_is_kept_and_told_apart() -> None:
    """What a solve leaves that was cut short does not replace a plan that can be found again."""
    now = [0.0]
    allowance = Allowance(clock=lambda: now[0], cancelled=lambda: False, time_limit=10.0)
    early, late = Incumbents(allowance), Incumbents(allowance)
    assert early.offer(plan_worth(1.0))
    now[0] = 11.0
    assert not early.offer(plan_worth(2.0))
    assert late.offer(plan_worth(2.0))
    assert early.last is not None
    assert late.last is not None
    assert (early.last.whole, late.last.whole) == (True, False)


def test_a_replay_keeps_no_plan_that_its_run_had_not_found() -> None:
    """A plan beyond the journalled one ends the run, as does a step beyond the journalled ones."""
    stop = StopPoint(incumbent=etags([1.0, 2.0])[1], steps=2)
    found, allowance = incumbents(stop)
    assert allowance.step()
    assert [found.offer(plan_worth(value)) for value in (1.0, 2.0, 3.0)] == [True, True, False]
    assert allowance.stopped_by == "replay"
    assert found.best is not None
    assert found.best.value == 2.0
    _, other = incumbents(stop)
    assert [other.step() for _ in range(3)] == [True, True, False]
    assert other.stopped_by == "replay"


def test_the_accepted_plan_ends_the_run_and_one_like_it_does_not() -> None:
    """A run taken up again ends with the plan of that very name, not with another of the same number."""
    stop = StopPoint(incumbent=etags([1.0, 2.0])[1])
    found, allowance = incumbents(stop)
    assert found.offer(plan_worth(1.0))
    assert allowance.stopped_by is None
    assert found.offer(plan_worth(2.0))
    assert allowance.stopped_by == "accepted"
    other, going_on = incumbents(stop)
    assert other.offer(plan_worth(1.0))
    assert other.offer(plan_worth(2.5))
    assert going_on.stopped_by is None


def test_accepting_interrupts_and_the_first_acceptance_stays() -> None:
    """The solve under way is told to stop, the plan named is what the run settles on, and no other is accepted."""
    told: list[str] = []
    found, _ = incumbents()
    control = RunControl()
    assert not control.accept("1-ab")
    control.attach(found, lambda: told.append("stop"))
    names = []
    for value in (1.0, 2.0, 3.0):
        found.offer(plan_worth(value))
        assert found.last is not None
        names.append(found.last.etag)
    assert control.accept(names[1])
    assert (told, control.accepted()) == (["stop"], True)
    assert not control.accept(names[2])
    settled = control.settle()
    assert settled is not None
    assert settled.etag == names[1]
    assert control.accept(names[1])
    assert not control.accept(names[0])


def test_cancelled_before_it_began_a_run_is_interrupted_at_once() -> None:
    """A run that was cancelled while it was being prepared hears of it as soon as it can."""
    told: list[str] = []
    control = RunControl()
    control.cancel()
    control.attach(incumbents()[0], lambda: told.append("stop"))
    assert (told, control.cancelled(), control.settle()) == (["stop"], True, None)
