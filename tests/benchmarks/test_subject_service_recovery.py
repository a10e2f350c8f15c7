"""The subject of killed hosts: one is killed in the middle of a plan and comes back, and false claims are refuted."""

from __future__ import annotations

import pytest

from benchmarks.subject import Answer, Stopwatch
from benchmarks.subjects.service_recovery import SUBJECT


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("contender", SUBJECT.contenders, ids=lambda contender: contender.name)
def test_a_killed_host_comes_back(contender: object) -> None:
    """One kill is followed to the return of what was killed, and a plan that holds is kept where there is one."""
    run, case = contender.run, SUBJECT.case("one")  # type: ignore[attr-defined]  # a contender of the subject
    asked = SUBJECT.prepare(case, None, 7)
    answer = run(asked, Stopwatch(), case)
    assert SUBJECT.check(asked, answer, case).problems == ()
    assert answer.figures["killed"] >= 1
    assert 0 < answer.figures["back_p50_s"] <= answer.figures["back_max_s"]


@pytest.mark.parametrize("claim", [None, (4, True), (5, None)], ids=["nothing", "one stayed away", "no plan is kept"])
def test_seconds_of_what_did_not_come_back_are_refuted(claim: object) -> None:
    """Figures are refused where a host stayed away, or where the plan it was killed in was lost."""
    case = SUBJECT.case("five")
    asked = SUBJECT.prepare(case, None, 7)
    assert SUBJECT.check(asked, Answer(solution=(5, True)), case).problems == ()
    assert SUBJECT.check(asked, Answer(solution=claim), case).problems
