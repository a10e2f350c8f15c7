"""The subject of agents' memory: the smallest case is measured on real hosts, and false claims are refuted."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.host import agent_names
from benchmarks.instances.demo_sized import demo_sized_scenario
from benchmarks.subject import Answer, Stopwatch
from benchmarks.subjects.agent_hosts import SUBJECT
from planner.events.plan_record import PlanState
from planner.simulation.parameters import DEMO_NETWORK
from planner.verification.findings import find_problems

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


def test_two_hundred_agents_have_the_sizes_of_the_demo() -> None:
    """Each plant, segment and partner is of the demo's kind of size, there are about 200, and all of it is valid."""
    scenario = demo_sized_scenario(7)
    kinds = Counter(name.partition(":")[0] for name in agent_names(scenario))
    assert 200 <= kinds.total() <= 210
    assert find_problems(scenario) == ()
    assert 8 <= scenario["recipes"].height / kinds["plant"] <= 12
    assert 4_500 <= scenario["customers"].height / kinds["segment"] <= 5_500
    assert scenario.horizon.periods == DEMO_NETWORK.periods


@pytest.mark.parametrize(
    "claim", [None, (PLANNED, PlanState.INFEASIBLE, {1}), (PLANNED, PLANNED, {0}), (PLANNED, PLANNED, set())]
)
def test_figures_without_plans_or_hosts_are_refuted(claim: object) -> None:
    """Memory is not small because nothing was planned, or because no host was seen."""
    case = SUBJECT.case("8-agents")
    assert SUBJECT.check(SUBJECT.prepare(case, None, 7), Answer(solution=claim), case).problems
