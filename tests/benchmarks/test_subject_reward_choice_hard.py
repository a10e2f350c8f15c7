"""The awkward reward choices: what each is made of, who answers, and what is refuted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.instances.reward_choice_hard import HARD, IMPOSSIBLE, NOT_A_NUMBER, ONE_MEMBER, hard_instance
from benchmarks.subject import Answer, Case, Stopwatch, Verdict
from benchmarks.subjects.reward_choice_hard import SUBJECT

MEMBERS = 240
SOLVED = [kind for kind in HARD if kind not in {IMPOSSIBLE, NOT_A_NUMBER}]
PROBLEM = Answer(solution=None, certificate=np.zeros(2))


def small(kind: str) -> Case:
    """The case of a kind with few members."""
    members = 1 if kind == ONE_MEMBER else MEMBERS
    return dataclasses.replace(SUBJECT.case(kind), parameters={"kind": kind, "members": members}, time_limit=5.0)


def turn(kind: str, contender: str = "concordat") -> tuple[Answer, Verdict]:
    """What a contender hands over and what is recomputed of it."""
    case = small(kind)
    run = next(one.run for one in SUBJECT.contenders if one.name == contender)
    given = SUBJECT.prepare(case, None, 7)
    assert run is not None
    answer = run(given, Stopwatch(), case)
    return answer, SUBJECT.check(given, answer, case)


def checked(kind: str, answer: Answer) -> Verdict:
    """What is recomputed of an answer that nobody gave."""
    return SUBJECT.check(SUBJECT.prepare(small(kind), None, 7), answer, small(kind))


@pytest.mark.parametrize("kind", SOLVED)
def test_ours_answers_what_can_be_met(kind: str) -> None:
    """A choice that meets every row, with a bound from its prices; one member gets the best offer there is."""
    answer, verdict = turn(kind)
    assert answer.failure is answer.stopped is None
    assert verdict.problems == ()
    assert verdict.bound_checked
    assert verdict.violation <= 1e-12
    assert verdict.gap is not None
    assert verdict.gap <= (0.1 if kind == ONE_MEMBER else 1e-2)
    assert verdict.figures == ({"below_best": 0.0} if kind == ONE_MEMBER else {})


def test_the_whole_as_a_program_agrees() -> None:
    """The peer's choice is recomputed too, and its claimed bound lies above ours' value."""
    _, ours = turn("two levels")
    _, whole = turn("two levels", "highs-mip")
    assert ours.value is not None
    assert whole.value is not None
    assert whole.bound is not None
    assert not whole.bound_checked
    assert ours.value <= whole.bound * (1 + 1e-9)
    assert ours.value == pytest.approx(whole.value, rel=1e-2)


def test_an_impossible_promise_is_proved_and_a_claim_without_proof_refuted() -> None:
    """Prices that bound every choice below nothing are the answer; others are not."""
    assert turn(IMPOSSIBLE)[1].figures == {"proved_impossible": 1.0}
    unproved = checked(IMPOSSIBLE, PROBLEM)
    assert unproved.figures == {"proved_impossible": 0.0}
    assert "without prices" in unproved.problems[0]


def test_a_number_that_is_none_is_refused_by_its_place() -> None:
    """The refusal names offer and member; another complaint, or an answer all the same, stands as a problem."""
    assert turn(NOT_A_NUMBER)[1].figures == {"refused": 1.0}
    assert checked(NOT_A_NUMBER, Answer(solution="out of memory")).problems
    assert checked(NOT_A_NUMBER, PROBLEM).problems
    assert checked("one offer", Answer(solution="value of offer 1")).problems


def test_every_kind_is_what_it_is_called() -> None:
    """Equal, negative, spread and bucketed values, one member, one offer and no money are in the data."""
    made = {kind: hard_instance(kind, MEMBERS, 7) for kind in HARD if kind != NOT_A_NUMBER}
    values = {kind: problem.columns.gather(np.arange(problem.columns.members))[0] for kind, problem in made.items()}
    assert len(np.unique(values["all equal"])) == 1
    assert len(np.unique(values["two levels"])) == 2
    assert (values["negative values"] < 0).mean() > 0.5
    assert values["six decades"].max() / values["six decades"].min() > 1e5
    assert values[ONE_MEMBER].shape[0] == 1
    assert values["one offer"].shape[1] == 1
    assert made["zero budget"].rows.upper[0] == 0.0
