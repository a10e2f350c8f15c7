"""The subjects of the service: all contenders answer the smallest cases, and false claims are refuted."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from benchmarks.subject import Answer, Stopwatch, Subject
from benchmarks.subjects import service_cancel, service_echo
from benchmarks.subjects.service_cancel import Stopped


def answered(subject: Subject, case: str, contender: str) -> Answer:
    """Let a contender answer a case."""
    instance = subject.prepare(subject.case(case), None, 7)
    run = {each.name: each.run for each in subject.contenders}[contender]
    assert run is not None
    answer = run(instance, Stopwatch(), subject.case(case))
    assert subject.check(instance, answer, subject.case(case)).problems == ()
    return answer


@pytest.mark.parametrize("contender", ["empty handler", "bare echo"])
def test_calls_are_counted_and_timed(contender: str) -> None:
    """An empty handler and a bare echo answer hundreds of calls a second, each within milliseconds."""
    answer = answered(service_echo.SUBJECT, "rate-tiny", contender)
    assert answer.figures["calls_per_second"] > 50
    assert 0 < answer.figures["p50_s"] <= answer.figures["p95_s"] < 1


@pytest.mark.parametrize("contender", ["download", "rows", "row stream"])
def test_all_ways_deliver_the_same_plan(contender: str) -> None:
    """Files, rows in one message and a message a row end in the same table; other rows are refuted."""
    subject = service_echo.SUBJECT
    answer = answered(subject, "tiny", contender)
    assert isinstance(answer.solution, pl.DataFrame)
    assert answer.solution.height == 50
    fewer = replace(answer, solution=answer.solution.head(49))
    assert subject.check(50, fewer, subject.case("tiny")).problems


@pytest.mark.parametrize(("contender", "kept"), [("cancel", True), pytest.param("kill", False, marks=pytest.mark.slow)])
def test_a_cancelled_plan_is_kept_and_a_killed_one_is_not(contender: str, *, kept: bool) -> None:
    """Where a plan was stopped in time, cancelling keeps it and killing loses it; both tell how long that took."""
    answer = answered(service_cancel.SUBJECT, "tiny", contender)
    if answer.figures["stopped"]:  # a tiny plan may be over before
        assert answer.figures["kept"] == float(kept)
        assert 0 < answer.figures["idle_p95_s"] <= answer.figures["ended_p95_s"]


def test_a_plan_that_is_worse_than_what_was_told_is_refuted() -> None:
    """A value that fell on the way from cancelling to the end is a problem, and so are too few plans."""
    subject = service_cancel.SUBJECT
    fell = Stopped(idle=0.1, ended=0.2, told=100.0, kept=99.0)
    asked = subject.prepare(subject.case("tiny"), None, 7)
    assert subject.check(asked, Answer(solution=((fell,), None)), subject.case("tiny")).problems
    assert subject.check(asked, Answer(solution=((), None)), subject.case("demo")).problems
    assert (
        subject.check(asked, Answer(solution=((replace(fell, kept=100.0),), None)), subject.case("tiny")).problems == ()
    )
