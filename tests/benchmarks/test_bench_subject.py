"""Subjects, cases, contenders and the stopwatch, checked at birth."""

from __future__ import annotations

import time
from typing import Any

import pytest

from benchmarks.child import totals
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict


def _contender(name: str) -> Contender:
    return Contender(name=name, run=lambda *_: Answer())


def _subject(**changes: Any) -> Subject:
    fields: dict[str, Any] = {
        "name": "s",
        "title": "S",
        "cases": (Case(name="c", phase=Phase.SOLVE, suites=frozenset({"smoke"})),),
        "prepare": lambda *_: None,
        "contenders": (_contender("ours"), _contender("peer")),
        "peer": "peer",
        "check": lambda *_: Verdict(),
    }
    return Subject(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"peer": "nobody"},
        {"cases": ()},
        {"contenders": (_contender("peer"), _contender("peer"))},
        {"cases": (Case(name="c", phase=Phase.JOB, suites=frozenset(), contenders=("nobody",)),)},
        {"targets": (Target(text="t", case="no case", contender="ours", figure="gap", at_most=1),)},
        {"targets": (Target(text="t", case="c", contender="ours", against="nobody", figure="gap", at_most=1),)},
    ],
)
def test_a_subject_that_names_what_there_is_not_is_refused(changes: dict[str, Any]) -> None:
    """Peers, contenders and cases that are named have to exist, and names have to differ."""
    assert _subject().peer == "peer"
    with pytest.raises(ValueError, match="subject 's'"):
        _subject(**changes)


@pytest.mark.parametrize("wrong", [{"time_limit": 0.0}, {"time_limit": float("inf")}, {"suites": frozenset({"huge"})}])
def test_a_case_without_a_limit_or_in_an_unknown_suite_is_refused(wrong: dict[str, Any]) -> None:
    """A case needs a finite positive limit and suites that exist."""
    with pytest.raises(ValueError, match="case 'c'"):
        Case(**{"name": "c", "phase": Phase.SOLVE, "suites": frozenset(), **wrong})


def test_a_contender_either_runs_or_is_a_command() -> None:
    """A contender with neither or half a command is refused."""
    with pytest.raises(ValueError, match="either"):
        Contender(name="x")
    with pytest.raises(ValueError, match="collect"):
        Contender(name="x", command=lambda *_: ("true",))


def test_a_target_without_a_number_is_refused() -> None:
    """A target that nothing could miss is no target."""
    with pytest.raises(ValueError, match="at_most"):
        Target(text="be good", case="c", contender="ours", figure="gap")


def test_the_stopwatch_adds_up_per_part_and_counts_nothing_else() -> None:
    """Time outside `measure` is not counted, and a part measured twice is summed."""
    watch = Stopwatch()
    time.sleep(0.05)
    for _ in range(2):
        with watch.measure("solve"):
            time.sleep(0.01)
            watch.point(value=1.0, bound=None)
    figures = watch.figures()
    assert figures["solve_s"] >= 0.02
    assert set(figures) == {"solve_s", "solve_cpu_s"}
    first, second = watch.curve
    assert 0.01 <= first[0] < second[0] <= figures["solve_s"]


def test_parts_do_not_overlap() -> None:
    """A part inside a part would count its seconds twice."""
    watch = Stopwatch()
    with watch.measure("solve"), pytest.raises(RuntimeError, match="twice"), watch.measure("build"):
        pass


def test_a_total_is_of_build_and_solves_or_of_all_parts() -> None:
    """Parts of a subject's own stay out of the total unless there are no others."""
    assert totals({"build_s": 1.0, "solve_s": 2.0, "warm_s": 8.0, "solve_cpu_s": 3.0})["total_s"] == 3.0
    assert totals({"build_s": 1.0, "solve_s": 2.0, "solve_cpu_s": 3.0})["total_cpu_s"] == 3.0
    assert totals({"load_s": 4.0})["total_s"] == 4.0
    assert totals({}) == {}
