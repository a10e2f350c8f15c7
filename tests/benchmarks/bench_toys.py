"""A toy subject that is written to a file, so that child processes can import it, and records made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.registry import Entry, subject_of
from benchmarks.results import Ending, Measured, Results, Turn
from benchmarks.subject import Case, Phase, Target

MODULE = "bench_toy_subject"

TOY = """
import os, time
from benchmarks.subject import *

def prepare(case, data, seed):
    bytearray(b"x") * 60_000_000
    return {"seed": seed, "optimum": 10.0}

def quick(instance, watch, case):
    with watch.measure("build"):
        time.sleep(0.01)
    with watch.measure("solve"):
        block = bytearray(b"x") * 30_000_000
        watch.point(value=8.0, bound=12.0)
        time.sleep(0.02)
        watch.point(value=10.0, bound=None)
    threads = float(os.environ["OMP_NUM_THREADS"])
    return Answer(value=10.0, bound=10.0, figures={"seed": instance["seed"], "threads": threads})

def stopped(instance, watch, case):
    with watch.measure("solve"):
        time.sleep(0.6)
    return Answer(value=9.0, bound=11.0, stopped="time limit")

def boasting(instance, watch, case):
    return Answer(value=99.0)

def hanging(instance, watch, case):
    time.sleep(60)

def crashing(instance, watch, case):
    raise RuntimeError("the plant burnt down")

def killed(instance, watch, case):
    os.kill(os.getpid(), 9)

def failing(instance, watch, case):
    return Answer(failure="no road to town")

def check(instance, answer, case):
    true = min(answer.value, instance["optimum"])
    problems = () if true == answer.value else (f"claimed {answer.value}, recomputed {true}",)
    gap = abs(answer.bound - true) / true if answer.bound else None
    return Verdict(value=true, bound=answer.bound, bound_checked=True, gap=gap, problems=problems)

def either(name, function):
    return Contender(name=name, run=function, ours=name == "quick")

SUBJECT = Subject(
    name="toy", title="A toy", prepare=prepare, check=check, peer="stopped",
    cases=(
        Case(name="small", phase=Phase.SOLVE, suites=frozenset({"smoke", "full"}), time_limit=0.2,
             contenders=("quick", "stopped")),
        Case(name="public", phase=Phase.SOLVE, suites=frozenset({"full"}), instance="toys/one", time_limit=0.2,
             contenders=("quick", "stopped", "boasting", "crashing", "killed", "failing")),
        Case(name="aside", phase=Phase.SCALE, suites=frozenset(), parameters={"threads": 2}, time_limit=0.2),
    ),
    contenders=tuple(either(f.__name__, f) for f in
                     (quick, stopped, boasting, hanging, crashing, killed, failing)),
    targets=(Target(text="twice as fast", case="small", contender="quick", figure="solve_s", against="stopped",
                    at_most=0.99),),
)
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """Write the toy subject where this process and its children find it."""
    (folder / f"{MODULE}.py").write_text(TOY, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return Entry(subject=subject_of(MODULE), module=MODULE)


def turn(contender: str, *, number: int = 0, ending: Ending = Ending.ANSWERED, **figures: float) -> Turn:
    """Return a turn on the case "c" of the subject "s"."""
    return Turn(subject="s", case="c", contender=contender, round=number, ending=ending, seconds=1.0, figures=figures)


def results(*turns: Turn, targets: tuple[Target, ...] = (), cases: tuple[Case, ...] = (), **machine: Any) -> Results:
    """Return a finished run of the subject "s" with the contenders "ours" and "peer"."""
    known = cases or (Case(name="c", phase=Phase.SOLVE, suites=frozenset(), time_limit=30.0),)
    measured = Measured(
        name="s",
        title="Some job",
        peer="peer",
        ours={"ours": True, "peer": False},
        cases={case.name: case for case in known},
        targets=targets,
    )
    facts: Mapping[str, object] = {"processor": "P", "cores": 2, "memory_gib": 8.0, **machine}
    return Results(
        suite="full",
        seed=1,
        started="2020-01-01T00:00:00+00:00",
        machine=facts,
        subjects={"s": measured},
        turns=list(turns),
        complete=True,
        seconds=60.0,
    )
