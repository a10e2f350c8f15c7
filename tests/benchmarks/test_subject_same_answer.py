"""The subject of the same answer: hashes become numbers that compare, and a plan that does not hold is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.subject import Answer
from benchmarks.subjects.same_answer import SUBJECT, Job
from planner.adapters.scenario_folder import write_scenario
from planner.simulation.generate import generate
from tests.planning import plan_in_process

TINY = SUBJECT.case("tiny")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Return a job whose plan was made."""
    scenario = generate("tiny", seed=3)
    write_scenario(scenario, tmp_path / "scenario")
    assert plan_in_process(scenario, tmp_path / "plan").plan is not None
    return Job(scenario=tmp_path / "scenario", scratch=tmp_path)


def answered(job: Job) -> Answer:
    """Return what is collected from the job's folder."""
    collect = SUBJECT.contenders[0].collect
    assert collect is not None
    return collect(job, TINY)


def test_the_hash_of_a_verified_plan_is_handed_over_as_a_number(job: Job) -> None:
    """The start of the hash fits a float exactly, and verify stands behind it."""
    answer = answered(job)
    stated = json.loads((job.plan / "plan.json").read_text())["plan_hash"]
    assert f"{int(answer.figures['answer']):012x}" == stated[:12]
    verdict = SUBJECT.check(job, answer, TINY)
    assert verdict.problems == ()
    assert verdict.bound_checked


def test_a_replay_is_compared_with_the_plan_it_repeats(job: Job) -> None:
    """Where a stopped plan lies beside, what counts is whether its hash came out again."""
    job.stopped.mkdir()
    for stated, same in ((json.loads((job.plan / "plan.json").read_text())["plan_hash"], 1.0), ("other", 0.0)):
        (job.stopped / "plan.json").write_text(json.dumps({"plan_hash": stated}))
        assert answered(job).figures == {"replayed": same}


def test_a_changed_plan_and_no_plan_are_no_answers(job: Job) -> None:
    """A plan that verify refuses is a problem, and a command that left nothing a failure."""
    file = job.plan / "production.csv"
    file.write_text(file.read_text().replace(".", "9.", 1))
    assert SUBJECT.check(job, answered(job), TINY).problems
    (job.plan / "plan.json").unlink()
    assert answered(job).failure == "no plan was written"


def test_beside_busy_processes_a_command_keeps_its_exit_code() -> None:
    """The busy processes end with the command, whose exit code is told."""
    command = [sys.executable, "-m", "benchmarks.busy_beside", "1", sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 7
