"""The subject of agents' memory: the smallest case is measured on real hosts, and false claims are refuted."""

from __future__ import annotations

import pytest

from benchmarks.subject import Answer, Stopwatch
from benchmarks.subjects.agent_hosts import SUBJECT
from planner.events.plan_record import PlanState

PLANNED = PlanState.PLANNED


@pytest.mark.slow
def test_memory_of_shared_hosts_is_measured() -> None:
    """A server on Ray plans for a few agents and for some more; its hosts are found, and both plans are made."""
    case = SUBJECT.case("8-agents")
    run = SUBJECT.contenders[0].run
    assert run is not None
    asked = SUBJECT.prepare(case, None, 7)
    answer = run(asked, Stopwatch(), case)
    assert SUBJECT.check(asked, answer, case).problems == ()
    assert answer.figures["further_agent_mib"] < 20
    assert 50 < answer.figures["largest_host_mib"] < answer.figures["all_mib"]


@pytest.mark.parametrize(
    "claim", [None, (PLANNED, PlanState.INFEASIBLE, {1}), (PLANNED, PLANNED, {0}), (PLANNED, PLANNED, set())]
)
def test_figures_without_plans_or_hosts_are_refuted(claim: object) -> None:
    """Memory is not small because nothing was planned, or because no host was seen."""
    case = SUBJECT.case("8-agents")
    assert SUBJECT.check(SUBJECT.prepare(case, None, 7), Answer(solution=claim), case).problems
