"""The curve of value and bound over time is part of every plan, however its run ended."""

from __future__ import annotations

from itertools import count, pairwise
from pathlib import Path

import pytest

from actors.run_control import RunControl
from planner.domain.plan import Plan
from planner.ports.planning_runtime import PlanningParameters, Progress
from planner.simulation.generate import generate
from tests.middling import middling_scenario
from tests.planning import Planned, plan_in_process

ENDS = {
    "gap": PlanningParameters(gap=0.02),
    "work": PlanningParameters(gap=0.0, work_limit=8),
    "exhausted": PlanningParameters(gap=0.0, work_limit=30),
    "cancelled": PlanningParameters(gap=0.0, work_limit=30),
    "accepted": PlanningParameters(gap=0.0, work_limit=30),
}


def curve(plan: Plan) -> list[tuple[float, float | None, float | None]]:
    """Return (seconds, value, bound) of every moment that a plan's folder holds."""
    history = plan.summary["history"]
    assert isinstance(history, list)
    return [(float(seconds), value, bound) for seconds, value, bound in history]


def made(folder: Path, end: str) -> Planned:
    """Plan on a clock that ticks at every look, to an end of this kind."""
    ticks = count()

    def meddle(progress: Progress, control: RunControl) -> None:
        if progress.etag and end == "accepted":
            control.accept(progress.etag)
        if progress.value is not None and end == "cancelled":
            control.cancel()

    return plan_in_process(middling_scenario(3), folder, ENDS[end], clock=lambda: float(next(ticks)), watch=meddle)


@pytest.mark.parametrize("end", ENDS)
def test_every_plan_holds_the_curve_that_its_run_told(end: str, tmp_path: Path) -> None:
    """Time goes on, bounds never rise, values never fall, and the last moment is the plan's own value and bound."""
    done = made(tmp_path / "plan", end)
    assert done.plan is not None
    assert done.plan.summary["stopped_by"] == end
    moments = curve(done.plan)
    assert len(moments) >= 2
    assert all(before[0] <= after[0] for before, after in pairwise(moments))
    values = [value for _, value, _ in moments if value is not None]
    bounds = [bound for _, _, bound in moments if bound is not None]
    slack = 1e-6 * abs(values[-1])
    assert all(before <= after + slack for before, after in pairwise(values))
    assert all(before >= after - slack for before, after in pairwise(bounds))
    assert moments[-1][1:] == (done.plan.summary["value"], done.plan.summary["bound_proved"])
    told = {(step.value, step.bound) for step in done.told} - {(None, None)}
    assert told <= {moment[1:] for moment in moments}


def test_a_plan_made_in_one_solve_has_its_curve_too(tmp_path: Path) -> None:
    """Where the whole is solved at once the curve may be short, and still ends in the plan's value and bound."""
    plan = plan_in_process(generate("tiny", seed=3), tmp_path / "plan").plan
    assert plan is not None
    assert curve(plan)[-1][1:] == (plan.summary["value"], plan.summary["bound_proved"])
