"""The subjects over public instances: every contender answers the tiny case, and false answers are refuted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.instances.by_backend import by_backend
from benchmarks.subject import Answer, Phase, Stopwatch, Subject
from benchmarks.subjects.block_mip import SUBJECT as BLOCK_MIP
from benchmarks.subjects.gap import SUBJECT as GAP
from benchmarks.subjects.mmkp import SUBJECT as MMKP
from solvers.core.errors import InstanceUnreadable
from solvers.core.program import Program, SparseRows

SUBJECTS = {subject.name: subject for subject in (GAP, MMKP, BLOCK_MIP)}
EVERY_CONTENDER = [(subject.name, contender.name) for subject in SUBJECTS.values() for contender in subject.contenders]


def _tiny(subject: Subject) -> object:
    return subject.prepare(subject.case("tiny"), None, 7)


@pytest.mark.parametrize(("name", "contender"), EVERY_CONTENDER)
def test_every_contender_answers_the_tiny_case(name: str, contender: str) -> None:
    """None runs into a limit or breaks a constraint; build and solve are measured, and a bound is given."""
    subject = SUBJECTS[name]
    case, instance, watch = subject.case("tiny"), _tiny(subject), Stopwatch()
    run = next(c.run for c in subject.contenders if c.name == contender)
    assert run is not None
    answer = run(instance, watch, case)
    assert (answer.failure, answer.stopped) == (None, "relaxation only" if contender.endswith("LP") else None)
    verdict = subject.check(instance, answer, case)
    assert verdict.problems == verdict.violated == ()
    assert verdict.bound is not None
    if contender.endswith("LP"):
        assert verdict.bound_checked
        assert "relaxation_s" in answer.figures
    else:
        assert {"build_s", "solve_s"} <= watch.figures().keys()
        assert verdict.gap == pytest.approx(0.0, abs=1e-6)
        assert watch.curve[-1][1:] == (pytest.approx(verdict.value), pytest.approx(verdict.bound))


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_solution_that_breaks_constraints_has_no_value(name: str) -> None:
    """Ten of everything is refused by each subject's own checker, whatever value is claimed for it."""
    subject = SUBJECTS[name]
    case, instance = subject.case("tiny"), _tiny(subject)
    run = next(c.run for c in subject.contenders if c.name == "highs")
    assert run is not None
    size = len(np.asarray(run(instance, Stopwatch(), case).solution))
    verdict = subject.check(instance, Answer(solution=np.full(size, 10.0), value=1.0), case)
    assert verdict.value is None
    assert verdict.violated
    assert any("claimed value 1" in problem for problem in verdict.problems)


@pytest.mark.parametrize("name", SUBJECTS)
def test_full_cases_are_public_instances_and_smoke_cases_are_not(name: str) -> None:
    """Whatever runs without a data folder is generated, and an instance asked for without one is refused by name."""
    subject = SUBJECTS[name]
    assert {case.phase for case in subject.cases} == {Phase.SOLVE}
    for case in subject.cases:
        assert (case.instance is None) == ("smoke" in case.suites)
        if case.instance is not None:
            with pytest.raises(InstanceUnreadable, match=case.instance):
                subject.prepare(case, None, 7)


def _nothing_fits() -> Program:
    one = np.ones(1)
    rows = SparseRows.from_triplets([0], [0], [1.0], 1, 1)
    return Program(one, 0 * one, one, np.ones(1, dtype=np.bool_), rows, 2 * one, 3 * one)


@pytest.mark.parametrize(
    ("backend", "program", "words"),
    [
        ("highs", _nothing_fits(), "says infeasible"),
        ("cpsat", dataclasses.replace(_nothing_fits(), integer=np.zeros(1, dtype=np.bool_)), "UNSUPPORTED: "),
        ("nobody", _nothing_fits(), "UNSUPPORTED: no backend is called 'nobody'"),
    ],
)
def test_a_backend_that_has_no_answer_says_why(backend: str, program: Program, words: str) -> None:
    """Infeasible programs, unsupported ones and unknown backends end as failures in words."""
    run = by_backend(backend, lambda _: program, sense="min").run
    assert run is not None
    answer = run(None, Stopwatch(), GAP.case("tiny"))
    assert answer.failure is not None
    assert answer.failure.startswith(words)
