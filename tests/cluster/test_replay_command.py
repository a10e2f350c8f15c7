"""Past plans made again: the same, stopped where they stopped, under load, and every reason why not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from cluster.main import launchers
from cluster.replaying import compared, present_conditions
from planner.adapters.plan_folder import read_plan, write_plan
from planner.adapters.scenario_folder import write_scenario
from planner.cli.app import run
from planner.domain.hashing import sealed
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult
from planner.simulation.generate import generate
from planner.verification.replay import changed_conditions, first_difference, parameters_again
from tests.middling import middling_scenario
from tests.planning import plan_in_process

BUSY = 2
WHOLE = PlanningParameters(gap=0.0, work_limit=12)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Return a scenario whose plan takes some steps."""
    return middling_scenario(3)


@pytest.fixture(scope="module")
def folders(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folder of a plan that a clock stopped and its scenario's; it says it was made by this very code."""
    root = tmp_path_factory.mktemp("replayed")
    write_scenario(scenario, root / "scenario")
    limits = PlanningParameters(gap=0.0, work_limit=12, time_limit=50.0)
    plan = plan_in_process(scenario, root / "plan", limits, clock=ticking(25)).plan
    assert plan is not None
    assert plan.summary["stopped_by"] == "time"
    write_plan(told(plan, **made_here(scenario)), root / "plan")
    return root / "plan", root / "scenario"


def made_here(scenario: Scenario) -> dict[str, object]:
    """Return what a plan made here and now tells of its making."""
    present = present_conditions(scenario)
    return {
        "code_hash": present.code_hash,
        "libraries": dict(present.libraries),
        "backends": dict(present.backends),
    }


def told(plan: Plan, **changes: object) -> Plan:
    """Return the plan with other words in its summary, sealed anew."""
    return Plan(plan.tables, sealed({**plan.summary, **changes}))


def concordat(*arguments: object) -> int:
    """Run a command in this process."""
    return run(launchers(), [str(argument) for argument in arguments])


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep some processes busy beside."""
    loop = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(loop) for _ in range(BUSY)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def ticking(limit: int) -> Callable[[], float]:
    """Return a clock that jumps from 0 to 100 seconds after so many looks at it."""
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        return 0.0 if looks <= limit else 100.0

    return clock


def test_a_stopped_plan_comes_out_the_same(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker stops where a clock had stopped another process, says where it ran, and leaves the plan."""
    assert concordat("replay", *folders, "--out", tmp_path / "again") == 0
    out = capsys.readouterr().out
    assert "recomputed in one worker process, stopped by replay" in out
    assert out.rstrip().endswith("the same plan")
    assert "although" not in out
    again, past = read_plan(tmp_path / "again"), read_plan(folders[0])
    assert again.summary["plan_hash"] == past.summary["plan_hash"]
    assert again.summary["libraries"] == past.summary["libraries"]
    assert concordat("replay", *folders, "--out", tmp_path / "again") == 2


def test_a_busy_machine_does_not_change_a_plan(folders: tuple[Path, Path], scenario: Scenario, tmp_path: Path) -> None:
    """Made beside busy processes, with a time limit it does not reach or stopped where it was, a plan is the same."""
    past = read_plan(folders[0])
    quiet = plan_in_process(scenario, tmp_path / "quiet", WHOLE).plan
    with busy_machine():
        busy = plan_in_process(scenario, tmp_path / "busy", replace(WHOLE, time_limit=1e6)).plan
        again = plan_in_process(scenario, tmp_path / "again", parameters_again(past)).plan
    assert quiet is not None
    assert busy is not None
    assert again is not None
    assert busy.summary["plan_hash"] == quiet.summary["plan_hash"]
    assert again.summary["plan_hash"] == past.summary["plan_hash"]


def test_another_scenario_is_named(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan is not made again from another scenario."""
    write_scenario(generate("tiny", seed=4), tmp_path / "other")
    assert concordat("replay", folders[0], tmp_path / "other") == 1
    assert "cannot be made again: the scenario differs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reproducible": False, "stopped_by": "time", "stopped_at": {"steps": 3}}, "does not say where"),
        (
            {
                "reproducible": False,
                "stopped_by": "time",
                "stopped_at": {"steps": 3, "incumbent": "1-ab", "whole": False},
            },
            "out of a solve that was cut short by time",
        ),
    ],
)
def test_a_plan_that_nothing_gives_again_says_why(
    folders: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: Mapping[str, object],
    reason: str,
) -> None:
    """A plan whose run was cut where no run can be cut again is told so, without any computing."""
    write_plan(told(read_plan(folders[0]), **changes), tmp_path / "plan")
    assert concordat("replay", tmp_path / "plan", folders[1]) == 1
    assert reason in capsys.readouterr().out


def test_a_plan_that_was_changed_is_no_plan_to_compare_with(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number changed in the folder is named before anything is computed."""
    past = read_plan(folders[0])
    production = past["production"].with_columns(pl.col("quantity") + 1e-6)
    write_plan(Plan({**past.tables, "production": production}, past.summary), tmp_path / "plan")
    assert concordat("replay", tmp_path / "plan", folders[1]) == 1
    assert "the plan was changed after it was made" in capsys.readouterr().out


def test_parameters_of_another_release_are_wrong_input(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A parameter that this release does not know is not silently left out."""
    past = read_plan(folders[0])
    parameters = past.summary["parameters"]
    assert isinstance(parameters, dict)
    write_plan(told(past, parameters={**parameters, "mood": 7}), tmp_path / "plan")
    assert concordat("replay", tmp_path / "plan", folders[1]) == 2
    assert "does not know" in capsys.readouterr().err


def test_what_changed_is_named_in_order(folders: tuple[Path, Path], scenario: Scenario) -> None:
    """Code comes first, then every library with both versions, then backends."""
    past = read_plan(folders[0])
    libraries, backends = past.summary["libraries"], past.summary["backends"]
    assert isinstance(libraries, dict)
    assert isinstance(backends, dict)
    present = present_conditions(scenario)
    assert changed_conditions(past, present) == ()
    other = told(
        past,
        code_hash="0123456789abcdef",
        libraries={**libraries, "highspy": "0.9"},
        backends={**backends, "plant": "pyomo"},
    )
    code, library, backend = changed_conditions(other, present)
    assert code.startswith("the code differs: 0123456789ab… then")
    assert library == f"library highspy differs: 0.9 then, {libraries['highspy']} now"
    assert backend == "backend of plant differs: pyomo then, highs now"


def test_another_plan_is_told_with_its_first_reason(folders: tuple[Path, Path]) -> None:
    """Where the hashes differ the first change is the reason, and without any the first row that differs is shown."""
    past, result = read_plan(folders[0]), PlanningResult(outcome=Outcome.PLANNED, stopped_by="gap")
    made = past["production"].with_columns(pl.col("quantity") * 2)
    again = Plan({**past.tables, "production": made}, {**past.summary, "plan_hash": "other"})
    why = compared(past, again, result, ("the code differs", "library x differs"), where="here")
    assert not why.same
    assert why.lines[-2:] == ("the plans differ: the code differs", "also: library x differs")
    defect = compared(past, again, result, (), where="here")
    assert "same inputs, different plans: a defect of Concordat; first in production: plant" in defect.lines[-1]
    none = compared(past, None, result, (), where="here")
    assert not none.same
    assert "but no plan" in none.lines[-1]


def test_the_first_row_that_differs_is_told(folders: tuple[Path, Path]) -> None:
    """A changed number, a missing row and an added row are each told with the row."""
    past = read_plan(folders[0])
    shipped = past["shipments"]
    assert shipped.height > 1
    assert first_difference(past, past) == ""
    fewer = Plan({**past.tables, "shipments": shipped.head(shipped.height - 1)}, past.summary)
    assert first_difference(past, fewer).endswith(" then only")
    assert first_difference(fewer, past).endswith(" now only")
    later = Plan({**past.tables, "shipments": shipped.tail(shipped.height - 1)}, past.summary)
    assert "then, next plant" in first_difference(past, later)
