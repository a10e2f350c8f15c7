"""Reading and validating a scenario folder, beside polars reading the same files and nothing more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.subject import Contender, Phase, Subject, Workload
from planner.adapters.scenario_folder import read_scenario
from planner.verification.findings import find_problems


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


def _prepare(workload: Workload) -> Sequence[Contender]:
    return (
        Contender(name="polars", call=lambda: read_files(workload.scenario)),
        Contender(name="concordat", call=lambda: load_and_validate(workload.scenario)),
    )


SUBJECT = Subject(
    name="scenario_load",
    title="A scenario folder is read and validated, beside polars reading the same files",
    phase=Phase.IN_PROCESS,
    suites=frozenset({"smoke", "main", "large"}),
    peer="polars",
    prepare=_prepare,
    ratios=("wall_s", "cpu_s"),
)
