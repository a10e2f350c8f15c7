"""Reading and validating a scenario folder, beside polars reading the same files and nothing more."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import polars as pl

from benchmarks.concordat_command import run_concordat
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Verdict
from planner.adapters.scenario_folder import read_scenario
from planner.verification.findings import find_problems

_REPEATS = 3


def load_and_validate(folder: Path) -> int:
    """Read a scenario and return the number of findings."""
    return len(find_problems(read_scenario(folder)))


def read_files(folder: Path) -> int:
    """Read every file of a scenario folder with polars, or `json` where it is JSON; return the number of rows."""
    rows = 0
    for file in sorted(folder.iterdir()):
        if file.suffix == ".csv":
            rows += pl.read_csv(file).height
        elif file.suffix == ".parquet":
            rows += pl.read_parquet(file).height
        elif file.suffix == ".json":
            rows += len(json.loads(file.read_text(encoding="utf-8")))
    return rows


def _prepare(case: Case, data: Path | None, seed: int) -> Path:
    if case.parameters["scenario"] == "given":
        if data is None:
            raise ValueError(f"case {case.name!r} needs a scenario folder")
        return data
    scenario = Path(tempfile.mkdtemp(prefix="concordat-scenario-")) / "scenario"
    run_concordat("generate", "--preset", str(case.parameters["scenario"]), "--seed", str(seed), scenario)
    return scenario


def _ours(folder: Path, watch: Stopwatch, _: Case) -> Answer:
    load_and_validate(folder)
    for _turn in range(_REPEATS):
        with watch.measure("load"):
            findings = load_and_validate(folder)
    return Answer(solution=findings)


def _polars(folder: Path, watch: Stopwatch, _: Case) -> Answer:
    read_files(folder)
    for _turn in range(_REPEATS):
        with watch.measure("load"):
            rows = read_files(folder)
    return Answer(figures={"rows": float(rows)})


def _check(_: Path, answer: Answer, case: Case) -> Verdict:
    # A generated scenario is sound, so any finding means that it was misread.
    if isinstance(answer.solution, int) and answer.solution and case.parameters["scenario"] != "given":
        return Verdict(problems=(f"{answer.solution} findings in a sound scenario",))
    return Verdict()


SUBJECT = Subject(
    name="scenario_load",
    title=f"A scenario folder is read and validated {_REPEATS} times, beside polars reading the same files",
    cases=(
        Case(name="tiny", phase=Phase.JOB, suites=frozenset({"smoke"}), parameters={"scenario": "tiny"}),
        Case(name="demo", phase=Phase.JOB, suites=frozenset({"full"}), parameters={"scenario": "demo"}),
        Case(name="given", phase=Phase.JOB, suites=frozenset(), parameters={"scenario": "given"}),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="polars", run=_polars),
        Contender(name="concordat", run=_ours, ours=True),
    ),
    peer="polars",
    check=_check,
)
