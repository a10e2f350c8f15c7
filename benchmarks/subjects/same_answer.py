"""The same answer again: one scenario with a work limit, planned in a worker, under load, and on one to four Ray hosts.

Every plan is verified from its folders, which recomputes its plan hash. ``answer`` is the start of that hash as a
number, so that a ratio of exactly 1 to the worker's says that the plans are the same. One contender plans until a short
time limit stops it somewhere, and replays that plan: its ``replayed`` is 1 where the same plan came out.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.concordat_command import concordat, run_concordat
from benchmarks.subject import Answer, Case, Contender, Phase, Subject, Target, Verdict

_PEER = "worker"
_BUSY = 3
_DIGITS = 12
"""Hexadecimal digits of a hash that a 64-bit float holds exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A scenario folder, and a folder that the contender writes to."""

    scenario: Path
    scratch: Path

    @property
    def plan(self) -> Path:
        """Where the plan goes that is compared."""
        return self.scratch / "plan"

    @property
    def stopped(self) -> Path:
        """Where a plan goes that time stops, before it is replayed."""
        return self.scratch / "stopped"


def _prepare(case: Case, _: Path | None, seed: int) -> Job:
    scratch = Path(tempfile.mkdtemp(prefix="concordat-same-"))
    run_concordat("generate", "--preset", str(case.parameters["scenario"]), "--seed", str(seed), scratch / "scenario")
    return Job(scenario=scratch / "scenario", scratch=scratch)


def _plan(job: Job, case: Case, runtime: str, hosts: int) -> tuple[str, ...]:
    limits = ("--gap", "0", "--work-limit", str(case.parameters["steps"]), "--hosts", str(hosts))
    return concordat("plan", job.scenario, "--out", job.plan, "--runtime", runtime, *limits)


def _busy(job: Job, case: Case) -> tuple[str, ...]:
    return (sys.executable, "-m", "benchmarks.busy_beside", str(_BUSY), *_plan(job, case, "local", 1))


def _stop_and_replay(job: Job, case: Case) -> tuple[str, ...]:
    limits = ("--gap", "0", "--time-limit", str(case.parameters["seconds"]))
    first = concordat("plan", job.scenario, "--out", job.stopped, "--runtime", "local", *limits)
    then = concordat("replay", job.stopped, job.scenario, "--out", job.plan)
    return ("sh", "-c", f"{shlex.join(first)} && {shlex.join(then)}")


def _collect(job: Job, _: Case) -> Answer:
    file = job.plan / "plan.json"
    if not file.is_file():
        return Answer(failure="no plan was written")
    summary = json.loads(file.read_text(encoding="utf-8"))
    figures = {"answer": float(int(summary["plan_hash"][:_DIGITS], 16))}
    if job.stopped.is_dir():
        before = json.loads((job.stopped / "plan.json").read_text(encoding="utf-8"))
        figures = {"replayed": float(before["plan_hash"] == summary["plan_hash"])}
    return Answer(solution=job.plan, value=summary["value"], bound=summary["bound_checked"], figures=figures)


def _check(job: Job, answer: Answer, _: Case) -> Verdict:
    if answer.solution is None:
        return Verdict()
    command = concordat("verify", job.plan, job.scenario)
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    problems = () if said.returncode == 0 else (f"verify refuses the plan: {' '.join(said.stderr.split())[-500:]}",)
    return Verdict(value=answer.value, bound=answer.bound, bound_checked=not problems, problems=problems)


def _ours(name: str, runtime: str, hosts: int) -> Contender:
    return Contender(
        name=name, command=lambda job, case: _plan(job, case, runtime, hosts), collect=_collect, ours=name != _PEER
    )


def _same(contender: str, words: str) -> Target:
    return Target(
        text=f"demo: the same plan {words} as in a worker alone",
        case="demo",
        contender=contender,
        figure="answer",
        against=_PEER,
        at_least=1.0,
        at_most=1.0,
    )


SUBJECT = Subject(
    name="same_answer",
    title="The same scenario, seed and work limit give the same plan, wherever and beside whatever it is made",
    cases=(
        Case(
            name="tiny",
            phase=Phase.JOB,
            suites=frozenset(),
            parameters={"scenario": "tiny", "steps": 20, "seconds": 60},
            time_limit=240.0,
        ),
        Case(
            name="demo",
            phase=Phase.JOB,
            suites=frozenset({"coordination"}),
            parameters={"scenario": "demo", "steps": 25, "seconds": 30},
            time_limit=300.0,
        ),
    ),
    prepare=_prepare,
    contenders=(
        _ours(_PEER, "local", 1),
        Contender(name="busy", command=_busy, collect=_collect, ours=True),
        *(_ours(f"ray-{hosts}", "ray", hosts) for hosts in (1, 2, 3, 4)),
        Contender(name="replay", command=_stop_and_replay, collect=_collect, ours=True),
    ),
    peer=_PEER,
    check=_check,
    targets=(
        _same("busy", f"beside {_BUSY} busy processes"),
        *(_same(f"ray-{hosts}", f"on {hosts} Ray hosts") for hosts in (1, 2, 3, 4)),
        Target(
            text="demo: a plan that time stopped comes out of its replay",
            case="demo",
            contender="replay",
            figure="replayed",
            at_least=1.0,
        ),
    ),
)
