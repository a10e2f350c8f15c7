"""The subjects of what-if grids: all answer their smallest case, and false claims are refuted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.instances.what_if_grids import without_setups
from benchmarks.results import Ending
from benchmarks.subject import Answer, Stopwatch, Subject
from benchmarks.subjects import whatif_grids, whatif_hosts, whatif_memory
from benchmarks.turn import Place, take_turn
from planner.ports.what_if import CaseResult
from planner.simulation.generate import generate
from planner.verification.findings import find_problems


def answered(subject: Subject, case: str, contender: str) -> tuple[Any, Answer]:
    """Let a contender answer a case; return the instance too."""
    instance = subject.prepare(subject.case(case), None, 7)
    run = {each.name: each.run for each in subject.contenders}[contender]
    assert run is not None
    return instance, run(instance, Stopwatch(), subject.case(case))


def problems(subject: Subject, case: str, instance: object, answer: Answer) -> tuple[str, ...]:
    """Return what the subject's own check says of an answer."""
    return subject.check(instance, answer, subject.case(case)).problems


@pytest.mark.parametrize(
    "contender",
    [
        whatif_grids.WARM,
        pytest.param(whatif_grids.LOOP, marks=pytest.mark.slow),
        pytest.param(whatif_grids.PROCESSES, marks=pytest.mark.slow),
    ],
)
def test_cases_of_a_grid_are_planned_without_the_pool(contender: str) -> None:
    """A warm process, a loop over the command and a pool of processes plan cases, and tell what each took."""
    instance, answer = answered(whatif_grids.SUBJECT, "tiny", contender)
    assert problems(whatif_grids.SUBJECT, "tiny", instance, answer) == ()
    assert answer.figures["case_cpu_s"] > 0
    assert answer.figures["cases_a_second"] > 0


def test_results_of_the_pool_that_were_tampered_with_are_refuted() -> None:
    """The pool plans every case; a value above its bound, a failure and another worth of the base are problems."""
    subject = whatif_grids.SUBJECT
    instance, answer = answered(subject, "tiny", whatif_grids.POOL)
    assert problems(subject, "tiny", instance, answer) == ()
    assert answer.figures["cases"] == 6
    assert answer.figures["share_within_gap"] == 1
    assert isinstance(answer.solution, tuple)
    results: tuple[CaseResult, ...] = answer.solution

    def refuted(**changes: object) -> str:
        claimed = [replace(r, **changes) if not r.levels else r for r in results]  # type: ignore[arg-type]
        return " ".join(problems(subject, "tiny", instance, replace(answer, solution=tuple(claimed))))

    assert "bounds" in refuted(value=1e9)
    assert "failed" in refuted(outcome="failed", detail="no reason")
    assert "is worth" in refuted(value=0.0)
    assert problems(subject, "tiny", instance, replace(answer, solution=()))


@pytest.mark.slow
def test_plain_ray_tasks_plan_cases_from_nothing() -> None:
    """The peer on Ray answers as the pool of processes does."""
    instance, answer = answered(whatif_grids.SUBJECT, "tiny", whatif_grids.TASKS)
    assert problems(whatif_grids.SUBJECT, "tiny", instance, answer) == ()
    assert answer.figures["cases"] == 2


def test_a_scenario_without_setups_is_valid_and_pays_for_none() -> None:
    """Set-ups cost neither money nor capacity, and any lot may be as small as one likes."""
    scenario = without_setups(generate("tiny", seed=7))
    assert find_problems(scenario) == ()
    assert scenario["recipes"]["setup_cost"].sum() == scenario["recipes"]["min_lot"].sum() == 0
    assert scenario["routings"]["setup_capacity"].sum() == 0


@pytest.mark.parametrize("contender", ["warm pool", "one warm process"])
def test_memory_is_sampled_while_cases_are_planned(contender: str) -> None:
    """The largest sample holds at least an interpreter, and a case that is missing refutes the figures."""
    subject = whatif_memory.SUBJECT
    instance, answer = answered(subject, "8-cases", contender)
    assert problems(subject, "8-cases", instance, answer) == ()
    assert answer.figures["peak_mib"] > 50
    assert isinstance(answer.solution, tuple)
    assert problems(subject, "8-cases", instance, replace(answer, solution=answer.solution[1:]))
    assert problems(subject, "8-cases", instance, replace(answer, solution=("failed", *answer.solution[1:])))


@pytest.mark.slow
def test_a_killed_node_costs_one_case_that_is_begun_again(tmp_path: Path) -> None:
    """On two nodes, one of which is killed, every case has a result and at most one was begun twice."""
    subject = whatif_hosts.SUBJECT
    # In a process of its own: Ray keeps the token of the cluster that a process joined first.
    place = Place(
        subject=subject.name,
        module=whatif_hosts.__name__,
        case=subject.case("few-cases"),
        data=None,
        seed=7,
        scratch=tmp_path,
    )
    turn = take_turn(place, next(each for each in subject.contenders if each.name == "one killed"), 1)
    assert (turn.ending, turn.problems) == (Ending.ANSWERED, ()), turn.words
    assert turn.figures["killed"] == 1
    assert turn.figures["asked_again"] <= 1


def test_a_run_on_nodes_that_lost_a_case_is_refuted() -> None:
    """Each case needs a result, and workers that were lost although nothing was killed are a problem."""
    subject = whatif_hosts.SUBJECT
    case = subject.case("few-cases")
    instance = subject.prepare(case, None, 7)
    assert problems(subject, case.name, instance, Answer(solution=()))
    lost = Answer(solution=(), figures={"asked_again": 1.0, "killed": 0.0})
    assert any("nothing was killed" in words for words in problems(subject, case.name, instance, lost))
