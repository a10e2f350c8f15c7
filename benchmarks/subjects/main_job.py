"""The main job: a scenario becomes a certified plan over the real command line, beside one monolithic HiGHS run.

Both get the same model and the same time limit in the same run. The peer's model is exported before the clock starts.
Our contenders run the command of the product: server, agent runtime and agents included; `concordat-served` asks a
server that already stands. A plan counts only if `concordat verify` accepts it; `gap` is then the one that its
certificate proves without a solver, while the peer's bound is a claim that cannot be checked. `gap_proved` is the
claimed one for both.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.concordat_command import concordat, run_concordat
from benchmarks.subject import Answer, Case, Contender, Phase, Point, Subject, Target, Verdict
from solvers.core.program import Program
from solvers.network.mps_reader import read_mps

_GAP = 1e-4
_TOLERANCE = 1e-6
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A scenario folder, its model in MPS format, and a folder that the contender writes to."""

    scenario: Path
    model: Path
    scratch: Path
    seed: int


def _prepare(case: Case, data: Path | None, seed: int) -> Job:
    scratch = Path(tempfile.mkdtemp(prefix="concordat-job-"))
    if case.parameters["scenario"] == "given":
        if data is None:
            raise ValueError(f"case {case.name!r} needs a scenario folder")
        scenario = data
    else:
        scenario = scratch / "scenario"
        run_concordat("generate", "--preset", str(case.parameters["scenario"]), "--seed", str(seed), scenario)
    model = scratch / "model.mps"
    run_concordat("export", scenario, "--mps", model)
    return Job(scenario=scenario, model=model, scratch=scratch, seed=seed)


def _monolith_command(job: Job, case: Case) -> tuple[str, ...]:
    limits = ("--time-limit", str(case.time_limit), "--gap", str(_GAP))
    return (sys.executable, "-m", "benchmarks.monolith", str(job.model), *limits, "--out", str(_monolith_out(job)))


def _monolith_out(job: Job) -> Path:
    return job.scratch / "monolith.json"


def _plan_command(job: Job, case: Case, runtime: str) -> tuple[str, ...]:
    options: dict[str, str | Path] = {
        "--out": _plan_folder(job),
        "--runtime": runtime,
        "--seed": str(job.seed),
        "--time-limit": str(case.time_limit),
        "--gap": str(_GAP),
    }
    return concordat("plan", job.scenario, *(word for pair in options.items() for word in pair))


def _served_command(job: Job, case: Case) -> tuple[str, ...]:
    """Ask a server that runs already; its time limit counts from its acceptance, as everywhere."""
    limits = ("--time-limit", str(case.time_limit), "--gap", str(_GAP), "--seed", str(job.seed))
    place = ("--out", str(_plan_folder(job)), "--runtime", "ray")
    return (sys.executable, "-m", "benchmarks.served", str(job.scenario), *place, *limits)


def _plan_folder(job: Job) -> Path:
    return job.scratch / "plan"


def monolith_answer(job: Job, _: Case) -> Answer:
    """Read what the monolithic run left behind."""
    file = _monolith_out(job)
    if not file.is_file():
        return Answer(failure="the monolithic run left no result")
    result = json.loads(file.read_text(encoding="utf-8"))
    columns = file.with_suffix(".npy")
    stopped = "time limit" if result["termination"] == "limit" else None
    return Answer(
        solution=np.load(columns) if columns.is_file() else None,
        value=result["value"],
        bound=result["bound_proved"],
        figures={"load_s": result["load_s"]},
        stopped=stopped,
        failure=None if result["value"] is not None else "no plan found within the limit",
    )


def plan_answer(job: Job, _: Case) -> Answer:
    """Read value, bounds and history of a plan folder."""
    summary_file = _plan_folder(job) / "plan.json"
    if not summary_file.is_file():
        return Answer(failure="no plan was written")
    summary: Mapping[str, Any] = json.loads(summary_file.read_text(encoding="utf-8"))
    curve: tuple[Point, ...] = tuple((seconds, value, bound) for seconds, value, bound in summary.get("history", ()))
    first = next((seconds for seconds, value, _ in curve if value is not None), None)
    figures = {"first_plan_s": first, "bound_proved": summary.get("bound_proved"), "gap_proved": summary.get("gap")}
    return Answer(
        solution=_plan_folder(job),
        value=summary.get("value"),
        bound=summary.get("bound_checked"),
        figures={name: figure for name, figure in figures.items() if figure is not None},
        stopped="time limit" if summary.get("stopped_by") == "time" else None,
        curve=curve,
    )


def _check(job: Job, answer: Answer, _: Case) -> Verdict:
    if isinstance(answer.solution, Path):
        return verified(answer, job)
    if answer.solution is None:
        return Verdict(bound=answer.bound)
    return recomputed(answer, read_mps(job.model), np.asarray(answer.solution, dtype=np.float64))


def verified(answer: Answer, job: Job) -> Verdict:
    """Take a plan's value and bound from `concordat verify`, which recomputes both from the two folders."""
    command = concordat("verify", _plan_folder(job), job.scenario)
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        words = " ".join((said.stdout + said.stderr).split()).replace(str(job.scratch), "")
        return Verdict(problems=(f"verify refuses the plan: {words[-500:]}",))
    # The command rounds what it prints, and refuses a plan whose own numbers differ from the recomputed ones.
    checked = answer.bound is not None and re.search(r"bound checked, recomputed\s+[-\d]", said.stdout) is not None
    return Verdict(
        value=answer.value, bound=answer.bound, bound_checked=checked, gap=relative_gap(answer.value, answer.bound)
    )


def recomputed(answer: Answer, program: Program, x: np.ndarray[Any, np.dtype[np.float64]]) -> Verdict:
    """Recompute value and violations of a point of the model; its bound is only a claim."""
    value = program.offset + float(program.objective @ x)
    activity = program.rows.times(x)
    scale = 1.0 + np.abs(activity)
    excess = {
        "row": np.maximum(program.row_lower - activity, activity - program.row_upper) / scale,
        "bound of column": np.maximum(program.lower - x, x - program.upper),
        "integrality of column": np.where(program.integer, np.abs(x - np.rint(x)), 0.0),
    }
    broken = [
        (float(amounts[j]), f"{what} {j} by {amounts[j]:.2g}")
        for what, amounts in excess.items()
        for j in np.flatnonzero(amounts > _TOLERANCE)
    ]
    worst = sorted(broken, key=lambda one: -one[0])
    claimed = answer.value if answer.value is not None else value
    problems = () if abs(claimed - value) <= _TOLERANCE * max(1.0, abs(value)) else (f"claimed {claimed}, is {value}",)
    gap = relative_gap(value, answer.bound)
    return Verdict(
        value=value,
        bound=answer.bound,
        gap=gap,
        violation=worst[0][0] if worst else 0.0,
        violated=tuple(words for _, words in worst[:_NAMED]),
        problems=problems,
        figures={} if gap is None else {"gap_proved": gap},
    )


def relative_gap(value: float | None, bound: float | None) -> float | None:
    """Return (bound − value) / |value|, the plain difference for a value of 0, None where either is missing."""
    if value is None or bound is None:
        return None
    return max(0.0, bound - value) / (abs(value) or 1.0)


def _ours(runtime: str) -> Contender:
    return Contender(
        name=f"concordat-{runtime}",
        command=lambda job, case: _plan_command(job, case, runtime),
        collect=plan_answer,
        ours=True,
    )


SUBJECT = Subject(
    name="main_job",
    title="A planning request becomes a certified plan, beside one monolithic HiGHS run with the same time limit",
    cases=(
        Case(
            name="tiny",
            phase=Phase.JOB,
            suites=frozenset({"smoke"}),
            parameters={"scenario": "tiny"},
            time_limit=10.0,
            contenders=("monolith", "concordat-local"),
        ),
        Case(
            name="demo",
            phase=Phase.JOB,
            suites=frozenset({"full"}),
            parameters={"scenario": "demo"},
            time_limit=60.0,
            contenders=("monolith", "concordat-ray", "concordat-local"),
        ),
        Case(
            name="given",
            phase=Phase.JOB,
            suites=frozenset(),
            parameters={"scenario": "given"},
            time_limit=120.0,
            contenders=("monolith", "concordat-ray", "concordat-local"),
        ),
        Case(
            name="given in a minute",
            phase=Phase.JOB,
            suites=frozenset({"coordination"}),
            parameters={"scenario": "given"},
            time_limit=60.0,
            contenders=("concordat-ray", "concordat-served"),
        ),
        Case(
            name="given in five minutes",
            phase=Phase.JOB,
            suites=frozenset({"coordination"}),
            parameters={"scenario": "given"},
            time_limit=300.0,
            contenders=("monolith", "concordat-served"),
        ),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="monolith", command=_monolith_command, collect=monolith_answer),
        _ours("ray"),
        _ours("local"),
        Contender(name="concordat-served", command=_served_command, collect=plan_answer, ours=True),
    ),
    peer="monolith",
    check=_check,
    targets=(
        Target(
            text="demo: a checked gap no wider than the one the monolith claims",
            case="demo",
            contender="concordat-ray",
            figure="gap",
            against="monolith",
            at_most=1.0,
        ),
        Target(
            text="main scenario: proved gap ≤ 1 % within 60 s of the request",
            case="given in a minute",
            contender="concordat-served",
            figure="gap_proved",
            at_most=0.01,
        ),
        Target(
            text="main scenario: proved gap ≤ 0.5 % within 300 s of the request",
            case="given in five minutes",
            contender="concordat-served",
            figure="gap_proved",
            at_most=0.005,
        ),
    ),
)
